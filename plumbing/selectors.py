"""What the pipes can tell."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Max, Min, Model, QuerySet

from plumbing.models import Heartbeat, Job, Note, PeriodicRun
from plumbing.ports import Backlog, Measured, due_rows, periodic_tasks
from plumbing.services.sweeping import HEARTBEAT as SWEEP

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


def swept_at() -> datetime | None:
    """When the sweep last ran, on whichever host; None if it never did."""
    last: datetime | None = Heartbeat.objects.filter(name=SWEEP).aggregate(last=Max("beat_at"))["last"]
    return last


@dataclass(frozen=True)
class Lag:
    """How far a periodic task is behind."""

    name: str
    every: timedelta
    ended_at: datetime | None
    """When its last good run ended; None if it never did."""
    behind: timedelta
    """How long ago its next good run should have begun; zero while it is on time or has never run."""

    @property
    def is_late(self) -> bool:
        """Behind by more than a task's turn in the queue explains: a minute, or a quarter of its period."""
        return self.behind > max(timedelta(minutes=1), self.every / 4)


def late_tasks(now: datetime) -> list[Lag]:
    """Periodic tasks that are late, the worst first."""
    return sorted((lag for lag in periodic_lags(now) if lag.is_late), key=lambda lag: lag.behind, reverse=True)


def periodic_errors() -> dict[str, str]:
    """By task, what its newest job says that has not ended well: it is being tried again, or was given up."""
    found: dict[str, str] = {}
    newest = Job.objects.filter(kind="periodic").order_by("payload__task", "-pk").distinct("payload__task")
    for job in newest:
        if job.error:
            found[job.payload["task"]] = job.error
    return found


def backlog_of(rows: QuerySet[Any], *, due: str = "next_at") -> Backlog:
    """Count due rows and find the oldest, for a port's `backlog`."""
    found = rows.aggregate(waiting=Count("pk"), oldest=Min(due))
    return Backlog(waiting=found["waiting"], oldest_due_at=found["oldest"])


def backlogs(now: datetime) -> dict[str, Backlog | None]:
    """Due rows of every port, by its name; None where a port cannot say."""
    return {port.name: port.backlog(now=now) if isinstance(port, Measured) else None for port in due_rows.all()}


def periodic_lags(now: datetime) -> list[Lag]:
    """Every periodic task with its lag, in one query."""
    tasks = periodic_tasks.all()
    good = PeriodicRun.objects.filter(task__in=[task.name for task in tasks], ended_at__isnull=False, error="")
    last = {run.task: run for run in good.order_by("task", "-started_at").distinct("task")}
    return [
        Lag(
            name=task.name,
            every=task.every,
            ended_at=last[task.name].ended_at if task.name in last else None,
            behind=(
                max(timedelta(0), now - last[task.name].started_at - task.every) if task.name in last else timedelta(0)
            ),
        )
        for task in tasks
    ]
