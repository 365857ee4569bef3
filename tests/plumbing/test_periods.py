"""Periodic work is done once per period."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from plumbing.models import PeriodicRun
from plumbing.services import period_claim, period_end
from tests.factories import NOON

LATER = NOON + timedelta(hours=3)


@pytest.mark.django_db
def test_a_period_is_claimed_once() -> None:
    first = period_claim(task="pull", period="2026-11-16", now=NOON)

    second = period_claim(task="pull", period="2026-11-16", now=LATER)

    assert (first, second) == (True, False)
    assert PeriodicRun.objects.get().started_at == NOON


@pytest.mark.django_db
def test_another_period_or_another_task_is_another_claim() -> None:
    period_claim(task="pull", period="2026-11-16", now=NOON)

    assert period_claim(task="pull", period="2026-11-17", now=NOON)
    assert period_claim(task="dun", period="2026-11-16", now=NOON)


@pytest.mark.django_db
def test_a_period_that_ended_well_stays_claimed() -> None:
    period_claim(task="pull", period="2026-11-16", now=NOON)
    period_end(task="pull", period="2026-11-16", now=LATER)

    assert not period_claim(task="pull", period="2026-11-16", now=LATER)
    assert PeriodicRun.objects.get().ended_at == LATER


@pytest.mark.django_db
def test_a_period_that_ended_with_an_error_is_claimed_again_by_one() -> None:
    period_claim(task="pull", period="2026-11-16", now=NOON)
    period_end(task="pull", period="2026-11-16", now=LATER, error="TimeoutError: gateway")

    claims = [period_claim(task="pull", period="2026-11-16", now=LATER) for _ in range(2)]

    run = PeriodicRun.objects.get()
    assert claims == [True, False]
    assert (run.started_at, run.ended_at, run.error) == (LATER, None, "")


@pytest.mark.django_db(transaction=True)
def test_of_four_beats_at_the_same_moment_one_gets_the_period() -> None:
    together = Barrier(4)

    def claim(_: int) -> bool:
        together.wait(timeout=10)
        try:
            return period_claim(task="pull", period="2026-11-16", now=NOON)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as beats:
        claims = list(beats.map(claim, range(4)))

    assert sorted(claims) == [False, False, False, True]
