"""What staff read when something is not there or not theirs: a page of this room, which leads back to it."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

TITLES = {
    403: gettext_noop("You may not do that"),
    404: gettext_noop("There is nothing here"),
    "csrf": gettext_noop("Please try again"),
}


def is_office(request: HttpRequest) -> bool:
    """Whether this is somebody inside the back-office; everybody else reads the shop's page, which tells less."""
    inside = request.path.startswith(reverse("admin:index"))
    return inside and getattr(request, "user", None) is not None and admin.site.has_permission(request)


def error_page(request: HttpRequest, code: int | str, status: int) -> HttpResponse:
    request.current_app = admin.site.name
    return render(
        request,
        "backoffice/error.html",
        {**admin.site.each_context(request), "title": _(TITLES[code]), "own_heading": True, "code": code},
        status=status,
    )
