"""A person says another payment status than the rules: seen and filtered by, for a reason, until it ends."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from commerce.models import User
from oropay.exceptions import ExpiryPassed, NoteRequired, StatusNotForced
from oropay.models import ForcedStatus, Payable, Payment, PaymentStatus, PaymentTransaction
from oropay.periodic import FORCED_STATUSES
from oropay.services import status_force, status_unforce
from plumbing.models import Job
from plumbing.ports import periodic_tasks
from plumbing.selectors import history_of, notes_on
from tests.oropay.conftest import NOON
from tests.oropay.house import reload

Start = Callable[..., Payment]
Run = Callable[[Payment], PaymentTransaction]


@pytest.fixture
def forced(payable: Payable, buyer: User) -> ForcedStatus:
    """A pending order shown as paid, for a day."""
    return status_force(
        payable=payable,
        status=PaymentStatus.FULL,
        reason="paid by barter",
        by=buyer,
        now=NOON,
        expires_at=NOON + timedelta(days=1),
    )


def test_a_forced_status_is_shown_and_moves_no_money(forced: ForcedStatus, payable: Payable) -> None:
    shown = reload(payable)

    assert (shown.status, shown.derived_status, shown.is_forced) == (PaymentStatus.FULL, PaymentStatus.PENDING, True)
    assert (shown.payable_now, shown.due, shown.paid) == (Decimal(100), Decimal(100), Decimal(0))
    assert list(Payable.objects.filter(status=PaymentStatus.FULL)) == [shown]


def test_buyers_pay_as_before_and_the_rules_go_on_beneath(
    forced: ForcedStatus, payable: Payable, start: Start, run: Run
) -> None:
    run(start(amount="60.00"))

    shown = reload(payable)
    assert (shown.status, shown.derived_status) == (PaymentStatus.FULL, PaymentStatus.PARTIALLY)
    assert (shown.paid, shown.payable_now) == (Decimal(60), Decimal(40))


def test_ending_it_shows_what_the_money_says_by_now(
    forced: ForcedStatus, payable: Payable, buyer: User, start: Start, run: Run
) -> None:
    run(start(amount="60.00"))

    status_unforce(payable=payable, by=buyer, now=NOON + timedelta(hours=1))

    forced.refresh_from_db()
    shown = reload(payable)
    assert (shown.status, shown.is_forced) == (PaymentStatus.PARTIALLY, False)
    assert (forced.ended_at, forced.ended_by) == (NOON + timedelta(hours=1), buyer)


def test_it_ends_by_itself_when_its_time_is_over(forced: ForcedStatus, payable: Payable) -> None:
    task = periodic_tasks.get(FORCED_STATUSES.name)

    task.run(job=Job(), now=NOON + timedelta(hours=23))
    early = reload(payable).status
    task.run(job=Job(), now=NOON + timedelta(days=1))

    forced.refresh_from_db()
    shown = reload(payable)
    assert early == PaymentStatus.FULL
    assert (shown.status, shown.is_forced) == (PaymentStatus.PENDING, False)
    assert (forced.ended_at, forced.ended_by) == (NOON + timedelta(days=1), None)


def test_without_an_end_it_stays_until_somebody_ends_it(payable: Payable, buyer: User) -> None:
    status_force(payable=payable, status=PaymentStatus.FULL, reason="barter", by=buyer, now=NOON)

    periodic_tasks.get(FORCED_STATUSES.name).run(job=Job(), now=NOON + timedelta(days=900))

    assert reload(payable).status == PaymentStatus.FULL


def test_a_second_one_ends_the_first(forced: ForcedStatus, payable: Payable, buyer: User) -> None:
    later = NOON + timedelta(hours=2)

    status_force(payable=payable, status=PaymentStatus.INVOICED, reason="billed elsewhere", by=buyer, now=later)

    forced.refresh_from_db()
    assert (forced.ended_at, reload(payable).status) == (later, PaymentStatus.INVOICED)
    assert ForcedStatus.objects.filter(payable=payable, ended_at=None).count() == 1


def test_who_and_why_is_kept(forced: ForcedStatus, payable: Payable, buyer: User) -> None:
    status_unforce(payable=payable, by=buyer, now=NOON + timedelta(hours=1))

    events = list(history_of(forced))
    assert [event.pgh_label for event in events] == ["insert", "update"]
    assert (events[0].pgh_context.metadata["user"], events[0].pgh_context.metadata["why"]) == (
        buyer.pk,
        "paid by barter",
    )
    assert [note.text for note in notes_on(payable)] == [
        "Payment status forced to “Paid in full”: paid by barter",
        "Forced payment status ended; by the money it is “Pending payment”.",
    ]


@pytest.mark.parametrize(
    ("reason", "until", "refusal"),
    [("  ", NOON + timedelta(days=1), NoteRequired), ("barter", NOON, ExpiryPassed)],
)
def test_without_reason_or_with_an_end_that_is_over_nothing_is_forced(
    payable: Payable, buyer: User, reason: str, until: object, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal, match="Nothing was"):
        status_force(
            payable=payable,
            status=PaymentStatus.FULL,
            reason=reason,
            by=buyer,
            now=NOON,
            expires_at=until,  # type: ignore[arg-type]
        )

    assert (ForcedStatus.objects.count(), reload(payable).status) == (0, PaymentStatus.PENDING)


def test_what_is_not_forced_cannot_be_ended(payable: Payable, buyer: User) -> None:
    with pytest.raises(StatusNotForced, match="Nothing was changed"):
        status_unforce(payable=payable, by=buyer, now=timezone.now())
