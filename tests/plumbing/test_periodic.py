"""Periodic work: once in every period, whoever announces it, and late where people can see it."""

from datetime import datetime, timedelta

import pytest

from plumbing.models import Job, JobState, PeriodicRun
from plumbing.ports import periodic_tasks
from plumbing.selectors import periodic_lags
from plumbing.services import job_run, periodic_queue
from tests.factories import NOON

HOUR = timedelta(hours=1)


class Task:
    name = "tests.count"
    every = HOUR
    queue = "gateway-batch"

    def __init__(self) -> None:
        self.ran: list[datetime] = []
        self.broken = False

    def run(self, *, job: Job, now: datetime) -> None:
        self.ran.append(now)
        if self.broken:
            raise RuntimeError("no gateway")


TASK = Task()
periodic_tasks.register(TASK.name, TASK)


@pytest.fixture(autouse=True)
def task(db: None) -> Task:
    TASK.ran.clear()
    TASK.broken = False
    return TASK


def queued() -> list[Job]:
    return list(Job.objects.filter(payload__task=TASK.name).order_by("pk"))


def lag(now: datetime) -> tuple[datetime | None, timedelta]:
    return next((found.ended_at, found.behind) for found in periodic_lags(now) if found.name == TASK.name)


def test_two_beats_add_one_job_a_period(task: Task) -> None:
    periodic_queue(now=NOON)
    periodic_queue(now=NOON + timedelta(minutes=59))
    periodic_queue(now=NOON + HOUR)

    jobs = queued()
    assert [job.key for job in jobs] == ["tests.count 2026-11-16T17:00:00", "tests.count 2026-11-16T18:00:00"]
    assert {job.queue for job in jobs} == {"gateway-batch"}


def test_a_run_that_ended_well_is_no_longer_due_and_not_behind(task: Task) -> None:
    periodic_queue(now=NOON)
    job_run(job_id=queued()[0].pk, now=NOON)

    assert task.ran == [NOON]
    assert lag(NOON + HOUR)[1] == timedelta(0)
    assert lag(NOON + 3 * HOUR)[1] == 2 * HOUR


def test_a_run_that_fails_is_tried_again_and_counts_as_behind(task: Task) -> None:
    periodic_queue(now=NOON)
    job_run(job_id=queued()[0].pk, now=NOON)
    periodic_queue(now=NOON + HOUR)
    task.broken = True
    job_run(job_id=queued()[1].pk, now=NOON + HOUR)

    assert queued()[1].state == JobState.QUEUED
    assert PeriodicRun.objects.get(period="2026-11-16T18:00:00", task=TASK.name).ended_at is None
    assert lag(NOON + 2 * HOUR)[1] == HOUR


def test_a_task_that_never_ran_says_so(task: Task) -> None:
    assert lag(NOON) == (None, timedelta(0))
