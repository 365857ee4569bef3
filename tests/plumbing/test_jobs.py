"""Jobs: work for a worker that somebody waits for."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from django.db import connection

from plumbing.exceptions import LeaseLost, NotRegistered
from plumbing.models import Job, JobState
from plumbing.ports import job_runners
from plumbing.services import job_add, job_progress, job_run
from tests.factories import NOON


class Runner:
    """Writes down what it ran, and does what the payload says."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    def run(self, *, job: Job, now: datetime) -> None:
        self.ran.append(job.key)
        match job.payload.get("do"):
            case "raise":
                raise RuntimeError("no ink")
            case "die":
                raise SystemExit(9)
            case "half":
                job_progress(job=job, percent=50, now=now)


RUNNER = Runner()
job_runners.register("tests.print", RUNNER)


@pytest.fixture(autouse=True)
def ran() -> list[str]:
    RUNNER.ran.clear()
    return RUNNER.ran


def added(*, key: str = "INV-1", do: str = "") -> Job:
    return job_add(kind="tests.print", key=key, payload={"do": do}, now=NOON)


@pytest.mark.django_db
def test_a_job_runs_once(ran: list[str]) -> None:
    job = added()

    job_run(job_id=job.pk, now=NOON)
    job_run(job_id=job.pk, now=NOON + timedelta(hours=1))

    job.refresh_from_db()
    assert ran == ["INV-1"]
    assert (job.state, job.progress, job.ended_at, job.lease_until) == (JobState.DONE, 100, NOON, None)


@pytest.mark.django_db
def test_asking_again_for_a_job_that_has_not_ended_returns_it() -> None:
    first = added()

    second = added()
    other = added(key="INV-2")

    assert second.pk == first.pk
    assert other.pk != first.pk
    assert Job.objects.count() == 2


@pytest.mark.django_db
def test_asking_again_for_a_job_that_has_ended_makes_a_new_one() -> None:
    first = added()
    job_run(job_id=first.pk, now=NOON)

    second = added()

    assert second.pk != first.pk
    assert second.state == JobState.QUEUED


@pytest.mark.django_db(transaction=True)
def test_four_who_ask_at_the_same_moment_get_one_job() -> None:
    together = Barrier(4)

    def ask(_: int) -> int:
        together.wait(timeout=10)
        try:
            return added().pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as people:
        jobs = list(people.map(ask, range(4)))

    assert len(set(jobs)) == 1
    assert Job.objects.count() == 1


@pytest.mark.django_db
def test_a_kind_nobody_runs_is_refused_when_asked_for() -> None:
    with pytest.raises(NotRegistered, match=r"no handler for tests\.unknown"):
        job_add(kind="tests.unknown", key="1", payload={}, now=NOON)

    assert Job.objects.count() == 0


@pytest.mark.django_db
def test_a_job_that_raises_waits_and_is_failed_after_five_tries(ran: list[str]) -> None:
    job = added(do="raise")
    tried = []

    for _ in range(6):
        job.refresh_from_db()
        tried.append((job.next_at - NOON).total_seconds())
        job_run(job_id=job.pk, now=job.next_at)

    job.refresh_from_db()
    assert tried[:5] == [0, 10, 70, 370, 2170]
    assert ran == ["INV-1"] * 5
    assert (job.state, job.error) == (JobState.FAILED, "RuntimeError: no ink")
    assert job.ended_at == NOON + timedelta(seconds=2170)


@pytest.mark.django_db
def test_a_job_whose_worker_died_runs_again_when_the_lease_is_over(ran: list[str]) -> None:
    job = added(do="die")
    with pytest.raises(SystemExit):
        job_run(job_id=job.pk, now=NOON)
    Job.objects.filter(pk=job.pk).update(payload={})

    job_run(job_id=job.pk, now=NOON + timedelta(minutes=9))
    during = list(ran)
    job_run(job_id=job.pk, now=NOON + timedelta(minutes=10))

    job.refresh_from_db()
    assert (during, ran) == (["INV-1"], ["INV-1", "INV-1"])
    assert (job.state, job.tries) == (JobState.DONE, 2)


@pytest.mark.django_db
def test_a_job_that_kills_its_worker_five_times_is_failed(ran: list[str]) -> None:
    job = added(do="die")
    for _ in range(5):
        job.refresh_from_db()
        with pytest.raises(SystemExit):
            job_run(job_id=job.pk, now=job.next_at)

    job.refresh_from_db()
    job_run(job_id=job.pk, now=job.next_at)

    job.refresh_from_db()
    assert len(ran) == 5
    assert (job.state, job.error) == (JobState.FAILED, "The worker stopped while running it.")


@pytest.mark.django_db
def test_progress_renews_the_lease() -> None:
    job = added(do="die")
    with pytest.raises(SystemExit):
        job_run(job_id=job.pk, now=NOON)
    job.refresh_from_db()

    job_progress(job=job, percent=140, now=NOON + timedelta(minutes=5))

    job.refresh_from_db()
    assert (job.progress, job.lease_until) == (100, NOON + timedelta(minutes=15))
    assert job.next_at == job.lease_until


@pytest.mark.django_db
def test_a_worker_that_outlived_its_lease_is_told_to_stop() -> None:
    job = added(do="die")
    with pytest.raises(SystemExit):
        job_run(job_id=job.pk, now=NOON)
    slow = Job.objects.get(pk=job.pk)
    Job.objects.filter(pk=job.pk).update(payload={"do": "half"})
    job_run(job_id=job.pk, now=NOON + timedelta(minutes=10))

    with pytest.raises(LeaseLost, match="another worker has it"):
        job_progress(job=slow, percent=50, now=NOON + timedelta(minutes=11))

    job.refresh_from_db()
    assert (job.state, job.progress) == (JobState.DONE, 100)
