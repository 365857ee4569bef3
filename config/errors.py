"""Which face answers when something is not there or not allowed: staff inside the back-office stay in it."""

from django.http import HttpRequest, HttpResponse

from backoffice.errors import error_page, is_office
from storefront.views import errors as shop


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, 403, 403) if is_office(request) else shop.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(request, 404, 404) if is_office(request) else shop.page_not_found(request, exception)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return error_page(request, "csrf", 403) if is_office(request) else shop.csrf_failure(request, reason)
