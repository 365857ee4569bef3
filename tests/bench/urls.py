"""Every address of the product, and a view with one query: what this server can do at best with one row."""

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path

from commerce.models import Website
from config.urls import handler400, handler403, handler404, handler500
from config.urls import urlpatterns as product

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

ONE_QUERY = "livez/one-query/"
"""Below /livez no website is looked up, so that the view's own query is the only one."""


def one_query(request: HttpRequest) -> HttpResponse:
    return HttpResponse(Website.objects.values_list("name", flat=True).get(is_default=True), content_type="text/plain")


urlpatterns: list[URLPattern | URLResolver] = [path(ONE_QUERY, one_query), *product]
