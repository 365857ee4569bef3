"""Days on which US banks settle money: the Federal Reserve's calendar by rule, no list of years.

Source: Federal Reserve Bank Services, "Holiday Schedules". A holiday on Saturday closes no day; one on Sunday closes
the Monday after it.
"""

from datetime import date, timedelta
from functools import lru_cache

MONDAY, THURSDAY, SATURDAY, SUNDAY = 0, 3, 5, 6
ONE_DAY = timedelta(days=1)
JUNETEENTH_SINCE = 2022
"""The first year in which the Federal Reserve Banks closed on 19 June."""


def is_banking_day(day: date) -> bool:
    """Whether the Federal Reserve Banks are open, so that ACH settles."""
    return day.weekday() < SATURDAY and day not in closed_days(day.year)


@lru_cache(maxsize=64)
def closed_days(year: int) -> frozenset[date]:
    """Weekdays of one year on which the Federal Reserve Banks are closed."""
    fixed = [date(year, 1, 1), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)]
    if year >= JUNETEENTH_SINCE:
        fixed.append(date(year, 6, 19))
    observed = [day + ONE_DAY if day.weekday() == SUNDAY else day for day in fixed]
    return frozenset(
        [
            *(day for day in observed if day.weekday() < SATURDAY),
            _nth(year, 1, MONDAY, 3),  # Martin Luther King
            _nth(year, 2, MONDAY, 3),  # Washington's birthday
            _last(year, 5, MONDAY),  # Memorial Day
            _nth(year, 9, MONDAY, 1),  # Labor Day
            _nth(year, 10, MONDAY, 2),  # Columbus Day
            _nth(year, 11, THURSDAY, 4),  # Thanksgiving
        ]
    )


def banking_days_after(day: date, count: int) -> date:
    """The `count`-th banking day after `day`, which itself never counts. `count` is at least 1."""
    if count < 1:
        raise ValueError(f"count must be at least 1, not {count}")
    while count:
        day += ONE_DAY
        count -= is_banking_day(day)
    return day


def late_from(due: date) -> date:
    """The first day on which money due on `due` is late: the next banking day."""
    return banking_days_after(due, 1)


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _last(year: int, month: int, weekday: int) -> date:
    fifth = _nth(year, month, weekday, 5)
    return fifth if fifth.month == month else fifth - timedelta(days=7)
