"""The change history of a row, read from its pghistory events: who, when, why, and which fields."""

from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.display import moment
from plumbing.audit import is_tracked


class HistoryMixin:
    """Replaces Django's log of admin edits by the audit rows, which no way of writing escapes."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.row_or_404(request, object_id)  # type: ignore[attr-defined]
        if not self.has_view_permission(request, row):  # type: ignore[attr-defined]
            raise PermissionDenied
        model = self.model  # type: ignore[attr-defined]
        request.current_app = self.admin_site.name  # type: ignore[attr-defined]
        return TemplateResponse(
            request,
            "backoffice/history.html",
            {
                **self.admin_site.each_context(request),  # type: ignore[attr-defined]
                "title": _("Change history: {row}").format(row=row),
                "opts": model._meta,
                "object": row,
                "tracked": is_tracked(model),
                "changes": changes_of(row) if is_tracked(model) else [],
                **(extra_context or {}),
            },
        )


def changes_of(row: Any) -> list[dict[str, Any]]:
    """Every event of a tracked row, newest first, with what differs from the one before."""
    events = list(row.history.select_related("pgh_context").order_by("pgh_id"))
    names = [field for field in events[0]._meta.fields if not field.name.startswith("pgh_")] if events else []
    people = _people(events)
    changes, before = [], None
    for event in events:
        facts = event.pgh_context.metadata if event.pgh_context_id else {}
        changes.append(
            {
                "at": moment(event.pgh_created_at),
                "label": LABELS.get(event.pgh_label, event.pgh_label),
                "by": people.get(facts.get("user"), _("the system")),
                "why": facts.get("why", ""),
                "fields": [
                    (
                        field.verbose_name,
                        _shown(getattr(before, field.attname, None)),
                        _shown(getattr(event, field.attname)),
                    )
                    for field in names
                    if before is not None and getattr(before, field.attname) != getattr(event, field.attname)
                ],
            }
        )
        before = event
    return changes[::-1]


def _shown(value: Any) -> Any:
    return moment(value) if isinstance(value, datetime) else value


LABELS = {"insert": gettext_lazy("Created"), "update": gettext_lazy("Changed"), "delete": gettext_lazy("Deleted")}


def _people(events: list[Any]) -> dict[Any, str]:
    keys = {event.pgh_context.metadata.get("user") for event in events if event.pgh_context_id} - {None}
    return {user.pk: str(user) for user in get_user_model().objects.filter(pk__in=keys)} if keys else {}
