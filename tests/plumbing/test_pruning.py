"""What ended long ago is forgotten; what measures or explains something stays."""

from datetime import timedelta

import pytest

from plumbing.models import Heartbeat, Job, JobState, PeriodicRun
from plumbing.periodic import Prune
from plumbing.ports import periodic_tasks
from plumbing.services import runs_prune
from tests.factories import NOON

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def run(task: str, *, days: int, ended: bool = True, error: str = "") -> PeriodicRun:
    began = NOON - days * DAY
    return PeriodicRun.objects.create(
        task=task, period=f"{began:%Y-%m-%d}", started_at=began, ended_at=began if ended else None, error=error
    )


def job(state: JobState, *, days: int) -> Job:
    ended = None if state == JobState.QUEUED else NOON - days * DAY
    return Job.objects.create(
        kind="periodic", key=f"{state} {days}", state=state, next_at=NOON, created_at=NOON - days * DAY, ended_at=ended
    )


def test_old_runs_go_but_the_newest_good_one_of_each_task_stays() -> None:
    run("weekly", days=30)
    newest, broken = run("weekly", days=9), run("weekly", days=8, error="x")
    young = run("daily", days=1)
    run("daily", days=8)

    removed = runs_prune(now=NOON)

    assert removed == 3
    assert set(PeriodicRun.objects.all()) == {newest, young}
    assert not PeriodicRun.objects.filter(pk=broken.pk).exists()


def test_done_jobs_go_after_a_week_failed_ones_after_four_and_live_ones_never() -> None:
    job(JobState.DONE, days=8)
    job(JobState.FAILED, days=29)
    kept = {
        job(JobState.DONE, days=6).pk,
        job(JobState.FAILED, days=27).pk,
        job(JobState.QUEUED, days=400).pk,
    }

    removed = runs_prune(now=NOON)

    assert removed == 2
    assert set(Job.objects.values_list("pk", flat=True)) == kept


def test_the_hourly_task_forgets_hosts_too() -> None:
    Heartbeat.objects.create(name="beat", host="gone", pid=1, beat_at=NOON - 2 * DAY)
    run("daily", days=8)
    run("daily", days=0)

    periodic_tasks.get(Prune.name).run(job=Job(), now=NOON)

    assert (Heartbeat.objects.count(), PeriodicRun.objects.count()) == (0, 1)
