"""Whose clock the pages show: that of the reader's organization, named once on every page."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from commerce.models import Organization, User, Website


def organization_at(request: HttpRequest) -> Organization | None:
    """The reader's organization; for a superuser without one, the seller of the website they came through."""
    user = request.user
    website: Website | None = getattr(request, "website", None)
    if isinstance(user, User) and user.organization is not None:
        return user.organization
    return website.organization if website is not None else None


class ZoneMiddleware:
    """Every time on a page of the back-office is told in one time zone. A middleware, because pages render late."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(reverse("admin:index")):
            return self.get_response(request)
        organization = organization_at(request)
        with timezone.override(ZoneInfo(organization.time_zone) if organization else None):
            return self.get_response(request)


def zone_shown() -> str:
    """As people say it: "America/New York (EST)"."""
    name = timezone.get_current_timezone_name().replace("_", " ")
    short = timezone.localtime().tzname() or ""
    return name if short in {"", name} else f"{name} ({short})"
