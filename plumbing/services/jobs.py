"""Jobs: work for a worker that somebody waits for."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db.transaction import atomic

from plumbing import locks
from plumbing.exceptions import LeaseLost
from plumbing.models import JOB_LIVE, Job, JobState
from plumbing.ports import job_runners
from plumbing.services.hints import hint

logger = logging.getLogger(__name__)

TASK = "plumbing.tasks.job_run"
LEASE = timedelta(minutes=10)
"""A runner that needs longer calls `job_progress`, which renews it."""

BACK_OFF = [timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30)]
"""Waits after the first, second, … failed try. After one more the job is failed: five tries in all."""

TRIES = len(BACK_OFF) + 1


def job_add(*, kind: str, key: str, payload: dict[str, Any], now: datetime, queue: str = "default") -> Job:
    """Ask for work in the caller's transaction; asking again while it has not ended returns the job already there.

    `queue` says which workers run it: "gateway-batch" for work that speaks to a gateway.

    Raises:
        NotRegistered: no room runs jobs of this kind.
    """
    job_runners.get(kind)
    while True:
        # ON CONFLICT DO NOTHING waits for a competitor's commit; a job that ends in between is simply asked for again.
        Job.objects.bulk_create(
            [Job(kind=kind, key=key, payload=payload, queue=queue, next_at=now, hinted_at=now, created_at=now)],
            ignore_conflicts=True,
        )
        job = Job.objects.filter(kind=kind, key=key, state__in=JOB_LIVE).first()
        if job is not None:
            break
    hint(TASK, job.pk, queue=job.queue)
    return job


def job_run(*, job_id: int, now: datetime) -> None:
    """Run a due job; a job that is not due, not free or over is left alone. The claim is committed before the runner.

    What the runner raises is kept on the row and tried again, five times in all.
    """
    job = _claim(job_id=job_id, now=now)
    if job is None:
        return
    try:
        job_runners.get(job.kind).run(job=job, now=now)
    except Exception as error:
        # Any fault of a runner: kept on the row, tried again, failed in the end.
        logger.exception("Job %s (%s) did not end, try %s of %s.", job.pk, job, job.tries, TRIES)
        _not_done(job=job, error=f"{type(error).__name__}: {error}", now=now)
    else:
        _mine(job).update(state=JobState.DONE, lease_until=None, progress=100, error="", ended_at=now)


def job_progress(*, job: Job, percent: int, now: datetime) -> None:
    """Show how far a running job is, and keep it from being taken for dead; called by runners between steps.

    Raises:
        LeaseLost: another worker has the job now; stop.
    """
    lease = now + LEASE
    if not _mine(job).update(progress=min(max(percent, 0), 100), lease_until=lease, next_at=lease):
        raise LeaseLost(job_id=job.pk)


def job_tries_left(job: Job) -> bool:
    """Whether an exception would bring this job back, rather than end it: a runner may put things off until then."""
    return job.tries < TRIES


@atomic(durable=True)
def _claim(*, job_id: int, now: datetime) -> Job | None:
    job = locks.due_job(pk=job_id, now=now)
    if job is None:
        return None
    if job.tries >= TRIES:
        # The last try's worker died while running it.
        job.state, job.lease_until, job.ended_at = JobState.FAILED, None, now
        job.error = job.error or "The worker stopped while running it."
        job.save(update_fields=["state", "lease_until", "ended_at", "error"])
        return None
    job.state = JobState.RUNNING
    job.tries += 1
    job.lease_until = job.next_at = now + LEASE
    job.save(update_fields=["state", "tries", "lease_until", "next_at"])
    return job


def _not_done(*, job: Job, error: str, now: datetime) -> None:
    if job.tries >= TRIES:
        _mine(job).update(state=JobState.FAILED, lease_until=None, error=error, ended_at=now)
    else:
        _mine(job).update(
            state=JobState.QUEUED,
            lease_until=None,
            next_at=now + BACK_OFF[job.tries - 1],
            hinted_at=None,
            error=error,
        )


def _mine(job: Job) -> Any:
    """The row, if no other worker has taken it over since this one claimed it."""
    return Job.objects.filter(pk=job.pk, state=JobState.RUNNING, tries=job.tries)
