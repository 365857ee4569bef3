"""Periodic work is done once per period, however many beats announce it."""

from datetime import datetime

from plumbing.models import PeriodicRun


def period_claim(*, task: str, period: str, now: datetime) -> bool:
    """Ask whether this process is the one that does `task` for `period`; True at most once, again only after an error.

    A run that ended with an error (`period_end`) may be claimed again, by one process. A run that never ended stays
    claimed: it may have done its work, and a person should look.
    """
    run, created = PeriodicRun.objects.get_or_create(task=task, period=period, defaults={"started_at": now})
    if created:
        return True
    failed = PeriodicRun.objects.filter(pk=run.pk, ended_at__isnull=False).exclude(error="")
    return failed.update(started_at=now, ended_at=None, error="") == 1


def period_end(*, task: str, period: str, now: datetime, error: str = "") -> None:
    """Say that the claimed work is over; with `error`, that it did not succeed and may be claimed again."""
    PeriodicRun.objects.filter(task=task, period=period).update(ended_at=now, error=error)
