"""Colours in line with the storefront's theme, and the label that says whose money this is."""

from django.conf import settings
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.translation import gettext as _

GREYS = {
    "50": "oklch(98.4% .003 220)",
    "100": "oklch(96.4% .004 220)",
    "200": "oklch(92.4% .006 220)",
    "300": "oklch(86.6% .010 220)",
    "400": "oklch(70.4% .018 222)",
    "500": "oklch(54.6% .022 224)",
    "600": "oklch(44.4% .022 226)",
    "700": "oklch(37.2% .023 228)",
    "800": "oklch(27.8% .022 230)",
    "900": "oklch(21% .021 232)",
    "950": "oklch(13% .017 234)",
}


def colors(request: HttpRequest) -> dict[str, dict[str, str]]:
    """The storefront's teal (#1d4f5c) in eleven steps; text keeps 4.5 : 1 on its ground."""
    return {
        "base": dict(GREYS),
        "primary": {
            "50": "oklch(97.2% .010 208)",
            "100": "oklch(93.8% .020 208)",
            "200": "oklch(88.5% .035 208)",
            "300": "oklch(80% .055 208)",
            "400": "oklch(70% .070 208)",
            "500": "oklch(57% .075 210)",
            "600": "oklch(46% .067 212)",
            "700": "oklch(40% .058 213)",
            "800": "oklch(35% .049 214)",
            "900": "oklch(30% .041 215)",
            "950": "oklch(22% .030 215)",
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


def script(request: HttpRequest) -> str:
    return static("backoffice/lists.js")


def icon(request: HttpRequest) -> str:
    return static("storefront/mark.svg")
