"""Every address of the product, and two views with one statement each: what this server can do at best."""

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.csrf import csrf_exempt

from commerce.models import Website
from config.urls import handler400, handler403, handler404, handler500
from config.urls import urlpatterns as product

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

ONE_QUERY = "livez/one-query/"
"""Below /livez no website is looked up, so that the view's own query is the only one."""


def one_query(request: HttpRequest) -> HttpResponse:
    return HttpResponse(Website.objects.values_list("name", flat=True).get(is_default=True), content_type="text/plain")


INSERT_ONE = "livez/insert-one/"
INSERT_TABLE = "bench_inserted"


@csrf_exempt
def insert_one(request: HttpRequest) -> HttpResponse:
    """The least that storing a message can be: its bytes in one row of a table without a second index."""
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {INSERT_TABLE} (body) VALUES (%s)", [request.body])  # noqa: S608
    return HttpResponse("OK\n", content_type="text/plain")


urlpatterns: list[URLPattern | URLResolver] = [
    path(ONE_QUERY, one_query),
    path(INSERT_ONE, insert_one),
    *product,
]
