"""From which day one person alone may give a settled bank debit back: until then the bank may return it as well."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from commerce.models import Order, Organization, User
from commerce.services import setting_set
from oropay.models import Action, Approval, Payment, PaymentTransaction, TransactionState
from oropay.scoped import ACH_REFUND_HOLD
from oropay.services.ach.hold import refund_held, refundable_from
from tests.factories import OrganizationFactory
from tests.oropay.house import refund_of

FRIDAY = date(2026, 11, 20)
"""Six days before Thanksgiving."""


@pytest.fixture
def seller(db: None) -> Organization:
    organization: Organization = OrganizationFactory.create(time_zone="America/New_York")
    return organization


def debit(seller: Organization, *, settled: datetime | None) -> PaymentTransaction:
    return PaymentTransaction(payment=Payment(organization=seller), action=Action.CHARGE, settled_at=settled)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "settled", "free"),
    [
        (None, FRIDAY, date(2026, 11, 30)),  # 5 by default: over two weekends and Thanksgiving
        (None, date(2026, 11, 16), date(2026, 11, 23)),
        (None, date(2026, 12, 24), date(2027, 1, 4)),  # over Christmas, New Year and two weekends
        (2, FRIDAY, date(2026, 11, 24)),
        (1, date(2026, 11, 25), date(2026, 11, 27)),
        (0, FRIDAY, FRIDAY),
    ],
)
def test_the_day_follows_from_the_setting_and_the_banking_calendar(
    seller: Organization, days: int | None, settled: date, free: date
) -> None:
    if days is not None:
        setting_set(key=ACH_REFUND_HOLD.key, value=days, organization=seller)
    charge = debit(seller, settled=noon(settled))

    assert refundable_from(payment=charge.payment, charge=charge) == free


def test_what_settled_in_the_evening_counts_from_the_sellers_day(seller: Organization) -> None:
    charge = debit(seller, settled=datetime(2026, 11, 21, 3, tzinfo=UTC))

    assert refundable_from(payment=charge.payment, charge=charge) == date(2026, 11, 30)


@pytest.mark.parametrize(
    ("on", "held"),
    [
        (FRIDAY, True),
        (date(2026, 11, 26), True),
        (date(2026, 11, 27), True),
        (date(2026, 11, 29), True),
        (date(2026, 11, 30), False),
        (date(2026, 12, 1), False),
    ],
)
def test_until_that_day_two_persons_decide(seller: Organization, on: date, held: bool) -> None:
    charge = debit(seller, settled=noon(FRIDAY))

    why = refund_held(payment=charge.payment, charge=charge, now=noon(on))

    told = "The bank may still return this debit: until 30 Nov 2026 two persons decide about a refund."
    assert why == (told if held else "")


def test_what_has_not_settled_has_no_such_day(seller: Organization) -> None:
    charge = debit(seller, settled=None)

    assert refundable_from(payment=charge.payment, charge=charge) is None
    assert refund_held(payment=charge.payment, charge=charge, now=noon(FRIDAY)) == ""


def test_a_refund_in_these_days_waits_for_a_second_person_and_one_after_them_does_not(
    settled: Callable[..., PaymentTransaction], order: Order, maker: User
) -> None:
    charge = settled()

    early = refund_of(charge, "40.00", by=maker)
    setting_set(key=ACH_REFUND_HOLD.key, value=0, organization=order.organization)
    later = refund_of(charge, "10.00", by=maker)

    assert [(row.amount, row.state) for row in (early, later)] == [
        (Decimal(40), TransactionState.AWAITING_APPROVAL),
        (Decimal(10), TransactionState.QUEUED),
    ]
    assert "The bank may still return this debit" in Approval.objects.get().why
