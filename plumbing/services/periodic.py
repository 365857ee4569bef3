"""Periodic work: one job in every period of every registered task. What it did, and how far it is behind, are rows."""

from datetime import UTC, datetime, timedelta

from django.db.transaction import atomic
from django.utils import timezone

from plumbing.models import Job, PeriodicRun
from plumbing.ports import periodic_tasks
from plumbing.services.jobs import job_add
from plumbing.services.periods import period_claim, period_end

KIND = "periodic"
"""The kind of job that runs a periodic task."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def periodic_queue(*, now: datetime) -> int:
    """Add a job for every task whose current period nobody has claimed; returns how many. Two beats are harmless."""
    due = {(task.name, period_of(now, every=task.every)): task for task in periodic_tasks.all()}
    known = set(PeriodicRun.objects.filter(period__in={period for _, period in due}).values_list("task", "period"))
    queued = 0
    for (name, period), task in due.items():
        if (name, period) not in known:
            queued += _queue(name=name, period=period, queue=task.queue, now=now)
    return queued


def period_of(now: datetime, *, every: timedelta) -> str:
    """The name of the period that holds `now`: when it began (UTC). Daily periods begin at midnight."""
    return f"{EPOCH + (now - EPOCH) // every * every:%Y-%m-%dT%H:%M:%S}"


class PeriodicRunner:
    """Registered on `plumbing.ports.job_runners`."""

    def run(self, *, job: Job, now: datetime) -> None:
        name, period = job.payload["task"], job.payload["period"]
        periodic_tasks.get(name).run(job=job, now=now)
        period_end(task=name, period=period, now=timezone.now())


@atomic(durable=True)
def _queue(*, name: str, period: str, queue: str, now: datetime) -> int:
    if not period_claim(task=name, period=period, now=now):
        return 0
    job_add(kind=KIND, key=f"{name} {period}", payload={"task": name, "period": period}, queue=queue, now=now)
    return 1
