"""In which month an entry counts."""

from datetime import date
from decimal import Decimal

import pytest

from commerce.models import Organization
from ledger.models import EntryKind, Period, PeriodState
from ledger.services import period_hold
from plumbing.selectors import history_of
from tests.factories import OrganizationFactory
from tests.ledger.conftest import Post

pytestmark = pytest.mark.django_db


def month(seller: Organization, number: int, state: PeriodState, *, year: int = 2026) -> Period:
    return Period.objects.create(organization=seller, starts_on=date(year, number, 1), state=state)


def test_an_open_month_takes_an_entry_on_its_own_day(post: Post, seller: Organization) -> None:
    november = month(seller, 11, PeriodState.OPEN)

    entry = post(occurred_on=date(2026, 11, 30))

    assert (entry.period, entry.posted_on) == (november, date(2026, 11, 30))


def test_a_month_nobody_posted_to_is_made_open(post: Post, seller: Organization) -> None:
    entry = post(occurred_on=date(2024, 2, 29))

    period = Period.objects.get()
    assert (period.starts_on, period.state, period.organization) == (date(2024, 2, 1), PeriodState.OPEN, seller)
    assert (entry.period, entry.posted_on) == (period, date(2024, 2, 29))


def test_what_belongs_to_a_closed_month_counts_on_the_first_open_day(post: Post, seller: Organization) -> None:
    month(seller, 10, PeriodState.CLOSED)
    month(seller, 11, PeriodState.CLOSED)
    december = month(seller, 12, PeriodState.OPEN)

    entry = post(occurred_on=date(2026, 10, 31))

    assert (entry.occurred_on, entry.posted_on, entry.period) == (date(2026, 10, 31), date(2026, 12, 1), december)


def test_after_a_closed_december_comes_january(post: Post, seller: Organization) -> None:
    month(seller, 12, PeriodState.CLOSED)

    entry = post(occurred_on=date(2026, 12, 24))

    assert entry.posted_on == date(2027, 1, 1)
    assert entry.period.starts_on == date(2027, 1, 1)


def test_a_month_never_used_before_a_closed_one_is_not_open(post: Post, seller: Organization) -> None:
    month(seller, 10, PeriodState.CLOSED)

    entry = post(occurred_on=date(2026, 8, 15))

    assert entry.posted_on == date(2026, 11, 1)
    assert not Period.objects.filter(starts_on=date(2026, 8, 1)).exists()


def test_a_month_re_opened_before_a_closed_one_takes_its_entries(post: Post, seller: Organization) -> None:
    month(seller, 9, PeriodState.OPEN)
    month(seller, 10, PeriodState.CLOSED)

    entry = post(occurred_on=date(2026, 8, 15))

    assert entry.posted_on == date(2026, 9, 1)


def test_a_closing_month_takes_adjustments_only(post: Post, seller: Organization) -> None:
    october = month(seller, 10, PeriodState.CLOSING)

    adjustment = post(occurred_on=date(2026, 10, 30), kind=EntryKind.ADJUSTED)
    capture = post(occurred_on=date(2026, 10, 30), kind=EntryKind.CAPTURED)

    assert (adjustment.period, adjustment.posted_on) == (october, date(2026, 10, 30))
    assert capture.posted_on == date(2026, 11, 1)


def test_another_sellers_closed_month_is_not_ours(post: Post, seller: Organization) -> None:
    month(OrganizationFactory.create(), 11, PeriodState.CLOSED)

    entry = post(occurred_on=date(2026, 11, 16))

    assert entry.posted_on == date(2026, 11, 16)
    assert entry.period.organization == seller


def test_holding_a_month_makes_it_once(seller: Organization) -> None:
    first = period_hold(organization_id=seller.pk, day=date(2026, 11, 16))

    second = period_hold(organization_id=seller.pk, day=date(2026, 11, 30))

    assert first == second == Period.objects.get()


def test_every_change_of_a_period_is_kept(post: Post, seller: Organization) -> None:
    period = post().period

    Period.objects.filter(pk=period.pk).update(state=PeriodState.CLOSED)

    events = history_of(period).values_list("pgh_label", "state")
    assert list(events) == [("insert", "open"), ("update", "closed")]
    assert sum((line.amount for line in period.entries.get().postings.all()), Decimal(0)) == 0
