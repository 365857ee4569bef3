"""When an unknown transaction is looked up: often at first, hourly to the end of the first day, then once a day."""

from datetime import timedelta

import pytest
from pytest_django import Settings

from oropay.engine.ladder import next_look, next_watch

HOURS = 3600
SAID = [2, 5, 15, 30, 60, 120, 300, 900, 3600]
"""Seconds after becoming unknown."""


@pytest.fixture(autouse=True)
def _as_in_production(settings: Settings) -> None:
    settings.OROPAY_LOOKUP_STEPS = [timedelta(seconds=seconds) for seconds in SAID]
    settings.OROPAY_WATCH_STEPS = [timedelta(seconds=seconds) for seconds in (60, 600, 3600)]


def test_looks_come_by_the_ladder_then_hourly_for_a_day_then_daily() -> None:
    at = timedelta(0)
    times: list[int] = []
    for looks in range(len(SAID) + 23 + 3):
        at += next_look(looks=looks, unknown_for=at)
        times.append(int(at.total_seconds()))

    assert times[: len(SAID)] == SAID
    assert times[len(SAID) : len(SAID) + 23] == [hour * HOURS for hour in range(2, 25)]
    assert times[len(SAID) + 23 :] == [day * 24 * HOURS for day in (2, 3, 4)]


@pytest.mark.parametrize(("looks", "waits"), [(0, 60), (1, 540), (2, 3000), (3, 86_400), (90, 86_400)])
def test_what_never_arrived_is_watched_by_its_own_ladder_then_daily(looks: int, waits: int) -> None:
    assert next_watch(looks=looks) == timedelta(seconds=waits)
