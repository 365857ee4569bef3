"""Forgetting what ended long ago and proves nothing: claims of periods, jobs that were done."""

from datetime import datetime

from django.conf import settings

from plumbing.models import Job, JobState, PeriodicRun

AT_ONCE = 5_000
"""Rows removed in one statement, so that no lock is held for long."""


def runs_prune(*, now: datetime) -> int:
    """Remove jobs that were done and runs of periods that began longer ago than PERIODIC_KEPT_FOR; returns how many.

    A failed job stays four times as long: people look for it. The newest good run of each task always stays, because
    its lag is measured from it.
    """
    kept = settings.PERIODIC_KEPT_FOR
    newest = (
        PeriodicRun.objects.filter(ended_at__isnull=False, error="").order_by("task", "-started_at").distinct("task")
    )
    stay = list(newest.values_list("pk", flat=True))
    removed = 0
    for rows in (
        PeriodicRun.objects.filter(started_at__lt=now - kept).exclude(pk__in=stay),
        Job.objects.filter(state=JobState.DONE, ended_at__lt=now - kept),
        Job.objects.filter(state=JobState.FAILED, ended_at__lt=now - 4 * kept),
    ):
        while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
            removed += rows.model.objects.filter(pk__in=ids).delete()[0]
    return removed
