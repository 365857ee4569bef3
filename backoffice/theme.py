"""Colours in line with the storefront's Tabler theme, and the label that says whose money this is."""

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.translation import gettext as _


def colors(request: HttpRequest) -> dict[str, dict[str, str]]:
    """Tabler's blue (hue 254) in eleven steps, and greys leaning to it; text keeps 4.5 : 1 on its ground."""
    return {
        "primary": {
            "50": "oklch(97.2% .014 254.2)",
            "100": "oklch(93.6% .032 254.2)",
            "200": "oklch(88.4% .058 254.2)",
            "300": "oklch(81% .098 254.2)",
            "400": "oklch(71% .143 254.2)",
            "500": "oklch(62% .172 254.2)",
            "600": "oklch(54.6% .1724 254.2)",
            "700": "oklch(47.5% .155 254.2)",
            "800": "oklch(41% .13 254.2)",
            "900": "oklch(35.5% .105 254.2)",
            "950": "oklch(26% .075 254.2)",
        },
        "font": {
            "subtle-light": "var(--color-base-500)",
            "subtle-dark": "var(--color-base-400)",
            "default-light": "var(--color-base-700)",
            "default-dark": "var(--color-base-300)",
            "important-light": "var(--color-base-900)",
            "important-dark": "var(--color-base-100)",
        },
    }


def environment(request: HttpRequest) -> list[str]:
    """What the label in the header says, and its colour."""
    if settings.PRODUCTION:
        return [_("Production"), "danger"]
    return [_("Test money"), "warning"]


def stylesheet(request: HttpRequest) -> str:
    return static("backoffice/office.css")
