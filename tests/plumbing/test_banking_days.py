"""The Federal Reserve's calendar: known years to the day, and what must hold in all of them."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbing.banking_days import banking_days_after, closed_days, is_banking_day, late_from

DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))


def test_2026_has_the_holidays_the_federal_reserve_announced() -> None:
    assert sorted(closed_days(2026)) == [
        date(2026, 1, 1),
        date(2026, 1, 19),
        date(2026, 2, 16),
        date(2026, 5, 25),
        date(2026, 6, 19),
        # 4 July is a Saturday: no day is closed for it
        date(2026, 9, 7),
        date(2026, 10, 12),
        date(2026, 11, 11),
        date(2026, 11, 26),
        date(2026, 12, 25),
    ]


def test_a_holiday_on_sunday_closes_monday() -> None:
    assert date(2027, 7, 4).strftime("%A") == "Sunday"
    assert not is_banking_day(date(2027, 7, 5))
    assert date(2023, 1, 1).strftime("%A") == "Sunday"
    assert not is_banking_day(date(2023, 1, 2))


def test_a_holiday_on_saturday_closes_no_friday() -> None:
    assert date(2027, 12, 25).strftime("%A") == "Saturday"
    assert is_banking_day(date(2027, 12, 24))
    assert date(2022, 1, 1).strftime("%A") == "Saturday"
    assert is_banking_day(date(2021, 12, 31))


def test_juneteenth_closes_banks_since_2022() -> None:
    assert is_banking_day(date(2020, 6, 19))
    assert not is_banking_day(date(2023, 6, 19))


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        (date(2026, 11, 16), 2, date(2026, 11, 18)),  # Monday
        (date(2026, 11, 13), 2, date(2026, 11, 17)),  # Friday, over the weekend
        (date(2026, 11, 14), 2, date(2026, 11, 17)),  # Saturday counts from Monday
        (date(2026, 11, 25), 2, date(2026, 11, 30)),  # over Thanksgiving and the weekend
        (date(2026, 12, 31), 3, date(2027, 1, 6)),  # over New Year's Day and a weekend
    ],
)
def test_banking_days_skip_weekends_and_holidays(day: date, count: int, expected: date) -> None:
    assert banking_days_after(day, count) == expected


def test_money_due_before_thanksgiving_is_late_on_friday() -> None:
    assert late_from(date(2026, 11, 25)) == date(2026, 11, 27)


@pytest.mark.parametrize("count", [0, -1])
def test_a_count_below_one_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        banking_days_after(date(2026, 11, 16), count)


@given(day=DAYS, count=st.integers(1, 10))
def test_exactly_so_many_banking_days_lie_between(day: date, count: int) -> None:
    after = banking_days_after(day, count)

    between = [day + timedelta(days=step) for step in range(1, (after - day).days + 1)]
    assert is_banking_day(after)
    assert sum(is_banking_day(one) for one in between) == count


@given(day=DAYS, first=st.integers(1, 6), second=st.integers(1, 6))
def test_steps_add_up(day: date, first: int, second: int) -> None:
    assert banking_days_after(banking_days_after(day, first), second) == banking_days_after(day, first + second)


@given(year=st.integers(2022, 2199))
def test_a_year_has_nine_to_eleven_closed_weekdays_and_never_two_in_a_row(year: int) -> None:
    closed = sorted(closed_days(year))

    assert 9 <= len(closed) <= 11
    assert all(day.weekday() < 5 for day in closed)
    assert all(later - earlier > timedelta(days=1) for earlier, later in pairwise(closed))
