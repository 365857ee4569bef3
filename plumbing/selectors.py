"""What the pipes can tell."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, QuerySet

from plumbing.models import Heartbeat, Note

HEARTBEAT_LIFE = timedelta(seconds=15)
"""A part beats every 5 s; after three missed beats it counts as stopped."""


def notes_on(obj: Model) -> QuerySet[Note]:
    """Everything remarked on `obj`, oldest first. Who may see `obj` may see its notes; the caller has made sure."""
    kind = ContentType.objects.get_for_model(obj)
    return Note.objects.filter(content_type=kind, object_id=obj.pk).select_related("by").order_by("created_at", "pk")


def history_of(obj: Model) -> QuerySet[Any]:
    """Every change of a tracked row, oldest first: `pgh_label`, `pgh_created_at`, the columns as they were then, and
    who and why in `pgh_context.metadata`. Who may see `obj` may see its history; the caller has made sure.
    """
    events: QuerySet[Any] = obj.history.all()  # type: ignore[attr-defined]
    return events.select_related("pgh_context").order_by("pgh_id")


def heartbeats_alive(names: Iterable[str], now: datetime) -> frozenset[str]:
    """Which of the named parts have beaten within 15 s; `set(names) - heartbeats_alive(names, now)` are missing."""
    fresh = Heartbeat.objects.filter(name__in=list(names), beat_at__gt=now - HEARTBEAT_LIFE)
    return frozenset(fresh.values_list("name", flat=True))
