"""What two persons ruled out and the gateway did all the same: it counts when money is given back, and it is found."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import timezone

from commerce.models import Order
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay import engine
from oropay.exceptions import CancelRefused
from oropay.models import (
    Action,
    Alert,
    AlertKind,
    Approval,
    FailureReason,
    Payable,
    PaymentTransaction,
    RefundReason,
    TransactionState,
    Watch,
)
from oropay.ports import approval_handlers
from oropay.services import cancel_start, capture_start
from tests.contract.sandbox import Sandbox
from tests.oropay.house import refund_of, reload

S = TransactionState
Run = Callable[[PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]
Lose = Callable[..., PaymentTransaction]
Decide = Callable[..., PaymentTransaction]


def late_refund(
    charge: PaymentTransaction, amount: str, order: Order, lose: Lose, decide: Decide
) -> Callable[[], None]:
    """A refund that the gateway made and two persons ruled out; call it to let it turn up."""
    row = lose(refund_of(charge, amount, by=order.placed_by), "/transactions/{id}/refund", when="after")
    decide(row, taken=False)
    return lambda: engine.watch(transaction_id=row.pk, now=timezone.now())


def test_a_charge_of_which_a_late_refund_gave_part_back_is_not_voided(
    charge: PaymentTransaction, lose: Lose, decide: Decide, order: Order
) -> None:
    turn_up = late_refund(charge, "40.00", order, lose, decide)
    turn_up()

    with pytest.raises(CancelRefused, match="refund the rest instead"):
        cancel_start(
            transaction=charge, reason=RefundReason.OTHER, note="wrong", by=order.placed_by, now=timezone.now()
        )

    assert not PaymentTransaction.objects.filter(action=Action.CANCEL).exists()


@pytest.mark.parametrize(("late", "left"), [("40.00", [Decimal(60)]), ("100.00", [])])
def test_a_refund_instead_of_a_void_gives_back_only_what_a_late_refund_left(
    charge: PaymentTransaction,
    lose: Lose,
    decide: Decide,
    run: Run,
    order: Order,
    sandbox: Sandbox,
    books: Books,
    late: str,
    left: list[Decimal],
) -> None:
    turn_up = late_refund(charge, late, order, lose, decide)
    void = cancel_start(
        transaction=charge, reason=RefundReason.OTHER, note="wrong", by=order.placed_by, now=timezone.now()
    )
    turn_up()
    sandbox.control("/settlement/run", {})

    void = run(void)
    refunds = [run(row) for row in charge.children.filter(action=Action.REFUND, state=S.QUEUED)]

    assert (void.state, void.failure_reason) == (S.FAILED, FailureReason.BATCH_CLOSED)
    assert [(row.amount, row.state) for row in refunds] == [(amount, S.APPROVED) for amount in left]
    assert Alert.objects.filter(transaction=void, kind=AlertKind.NOT_DONE).exists() is (not left)
    assert books(AccountName.GATEWAY_CLEARING) == 0
    assert ledger_check() == []


@pytest.mark.parametrize("endpoint", ["capture", "reversal"])
def test_a_capture_or_release_ruled_out_is_watched_and_written_down_when_the_gateway_shows_it(
    held: PaymentTransaction, lose: Lose, decide: Decide, order: Order, payable: Payable, endpoint: str
) -> None:
    by, now = order.placed_by, timezone.now()
    row = (
        capture_start(hold=held, amount=Decimal(100), by=by, now=now)
        if endpoint == "capture"
        else cancel_start(transaction=held, reason=RefundReason.OTHER, note="wrong", by=by, now=now)
    )
    decide(lose(row, f"/transactions/{{id}}/{endpoint}", when="after"), taken=False)

    engine.watch(transaction_id=row.pk, now=timezone.now())

    done = PaymentTransaction.objects.get(outside=True)
    assert (done.action, done.parent_id, done.amount) == (row.action, held.pk, Decimal(100))
    assert (reload(payable).held, reload(payable).paid) == (0, 100 if endpoint == "capture" else 0)
    assert Alert.objects.filter(transaction=done, kind=AlertKind.DONE_OUTSIDE).exists()
    assert Watch.objects.get(transaction=row).next_at is None
    assert ledger_check() == []


def test_a_capture_ruled_out_is_watched_on_while_the_gateway_does_not_show_it(
    held: PaymentTransaction, lose: Lose, decide: Decide, order: Order, payable: Payable
) -> None:
    capture = capture_start(hold=held, amount=Decimal(100), by=order.placed_by, now=timezone.now())
    decide(lose(capture, "/transactions/{id}/capture"), taken=False)
    said = Approval.objects.get()

    engine.watch(transaction_id=capture.pk, now=timezone.now())

    assert "It is watched for 90 days." in approval_handlers.get(said.kind).sentence(approval=said)
    watched = Watch.objects.get(transaction=capture)
    assert (watched.looks, watched.next_at is not None) == (1, True)
    assert reload(payable).held == 100
    assert not PaymentTransaction.objects.filter(outside=True).exists()
