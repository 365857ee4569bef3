"""A list as a file: all rows that it shows, on all its pages, as CSV that no spreadsheet takes for a formula."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from defusedcsv import csv
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils import timezone

from backoffice.scoping import ScopedAdmin

AT_ONCE = 2000
"""Rows read from the database together."""

Columns = Mapping[str, Callable[[Any], object]]
"""Heading → what a row has there: plain values, times in UTC, amounts with a point and no currency."""


class DownloadMixin(ScopedAdmin):
    """Offers the list, narrowed as it is shown, as a file."""

    list_after_template = "backoffice/_download.html"

    def columns(self) -> Columns:
        raise NotImplementedError

    def with_columns(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """With all that the columns want to know, read together."""
        return rows

    def get_urls(self) -> list[Any]:
        return [
            path("download/", self.admin_site.admin_view(self.download), name=self._download_name),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        address = reverse(f"admin:{self._download_name}")
        asked = f"?{request.GET.urlencode()}" if request.GET else ""
        return super().changelist_view(request, {**(extra_context or {}), "download": f"{address}{asked}"})

    def download(self, request: HttpRequest) -> HttpResponseBase:
        """Whoever may see the list may keep it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        name = f"{self.opts.verbose_name_plural}-{timezone.localdate():%Y-%m-%d}.csv".replace(" ", "-")
        return StreamingHttpResponse(
            _lines(self.columns(), self.with_columns(rows)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    @property
    def _download_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_download"


def stamp(at: datetime | None) -> str:
    """A moment, to the second, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if at is not None else ""


class _Echo:
    """Where CSV is written: each line is handed on as it is."""

    def write(self, line: str) -> str:
        return line


def _lines(columns: Columns, rows: QuerySet[Any]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(columns)
    for row in rows.iterator(chunk_size=AT_ONCE):
        yield writer.writerow([value(row) for value in columns.values()])
