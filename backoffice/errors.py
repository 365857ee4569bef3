"""What staff read when something is not there or not theirs: a page of this room, which leads back to it."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse


def is_office(request: HttpRequest) -> bool:
    """Whether this is somebody inside the back-office; everybody else reads the shop's page, which tells less."""
    inside = request.path.startswith(reverse("admin:index"))
    return inside and getattr(request, "user", None) is not None and admin.site.has_permission(request)


def error_page(request: HttpRequest, code: int | str, status: int) -> HttpResponse:
    request.current_app = admin.site.name
    return render(
        request,
        "backoffice/error.html",
        {**admin.site.each_context(request), "code": code, "own_heading": True},
        status=status,
    )
