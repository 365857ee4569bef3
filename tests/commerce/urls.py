"""One page, so that an absolute link has somewhere to lead while this room is tested alone."""

from django.http import HttpRequest, HttpResponse
from django.urls import path


def somewhere(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [path("somewhere/", somewhere, name="account_login")]
