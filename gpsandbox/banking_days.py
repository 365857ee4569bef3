"""Days on which US banks move money: weekdays without the Federal Reserve's holidays.

Source: Federal Reserve Bank Services, "Holiday Schedules". A holiday that falls on Sunday is kept on Monday; one that
falls on Saturday is not kept at all.
"""

import calendar
from datetime import date, timedelta
from functools import cache

DATED = ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))
"""New Year, Juneteenth, Independence Day, Veterans Day, Christmas: month and day."""

COUNTED = (
    (1, calendar.MONDAY, 3),
    (2, calendar.MONDAY, 3),
    (5, calendar.MONDAY, -1),
    (9, calendar.MONDAY, 1),
    (10, calendar.MONDAY, 2),
    (11, calendar.THURSDAY, 4),
)
"""Martin Luther King, Washington, Memorial, Labor, Columbus, Thanksgiving: month, weekday, which one (−1: the last)."""


def holds(day: date) -> bool:
    """Whether banks move money on `day`."""
    return day.weekday() < calendar.SATURDAY and day not in holidays(day.year)


def after(day: date, count: int) -> date:
    """The `count`-th banking day after `day`, which itself never counts."""
    for _ in range(count):
        day += timedelta(days=1)
        while not holds(day):
            day += timedelta(days=1)
    return day


def on_or_after(day: date) -> date:
    """`day`, or the first banking day after it."""
    return day if holds(day) else after(day, 1)


@cache
def holidays(year: int) -> frozenset[date]:
    """As kept: a Sunday's holiday is its Monday. A Saturday's stays and closes nothing that was open."""
    dated = [date(year, month, day) for month, day in DATED]
    kept = [day + timedelta(days=1) if day.weekday() == calendar.SUNDAY else day for day in dated]
    return frozenset([*kept, *(_counted(year, month, weekday, which) for month, weekday, which in COUNTED)])


def _counted(year: int, month: int, weekday: int, which: int) -> date:
    days = [week[weekday] for week in calendar.monthcalendar(year, month) if week[weekday]]
    return date(year, month, days[which if which < 0 else which - 1])
