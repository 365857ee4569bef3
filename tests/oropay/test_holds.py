"""Holds: nothing is taken until a person captures, and every way a hold ends."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from commerce.models import Order
from ledger.models import AccountName
from oropay import engine
from oropay.models import (
    Action,
    FailureReason,
    MoneyState,
    Payable,
    Payment,
    PaymentStatus,
    PaymentTransaction,
    RefundReason,
    TransactionState,
)
from oropay.services import cancel_start, capture_start
from tests.contract.samples import follow_up
from tests.contract.sandbox import Sandbox
from tests.oropay.house import charges_at_gateway, reload

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]


def test_a_hold_takes_nothing_until_part_of_it_is_captured_and_the_rest_released(
    held: PaymentTransaction, run: Run, payable: Payable, books: Books, order: Order
) -> None:
    assert (held.action, held.state) == (Action.AUTHORIZE, TransactionState.APPROVED)
    payable = reload(payable)
    assert (payable.held, payable.payable_now, payable.status) == (Decimal(100), Decimal(0), PaymentStatus.AUTHORIZED)
    assert books(AccountName.GATEWAY_CLEARING) == 0

    capture = run(capture_start(hold=held, amount=Decimal("60.00"), by=order.placed_by, now=timezone.now()))

    assert capture.state == TransactionState.APPROVED
    assert PaymentTransaction.objects.get(action=Action.RELEASE).amount == 40
    payable = reload(payable)
    assert (payable.held, payable.paid, payable.payable_now) == (Decimal(0), Decimal(60), Decimal(40))
    assert books(AccountName.CUSTOMER_DEPOSIT) == -60


def test_a_canceled_hold_is_released_at_the_gateway(
    held: PaymentTransaction, run: Run, payable: Payable, order: Order, sandbox: Sandbox
) -> None:
    cancel = run(
        cancel_start(
            transaction=held, reason=RefundReason.OTHER, note="ordered twice", by=order.placed_by, now=timezone.now()
        )
    )

    assert cancel.state == TransactionState.APPROVED
    assert charges_at_gateway(sandbox, held) == ["REVERSED"]
    held.payment.refresh_from_db()
    assert held.payment.money_state == MoneyState.CANCELED
    assert reload(payable).payable_now == 100


def test_a_capture_whose_answer_was_lost_is_judged_by_its_hold(
    held: PaymentTransaction, run: Run, payable: Payable, order: Order, sandbox: Sandbox, books: Books
) -> None:
    capture = capture_start(hold=held, amount=Decimal("100.00"), by=order.placed_by, now=timezone.now())
    sandbox.control(
        "/rules",
        {
            "match": {"endpoint": "/transactions/{id}/capture", "reference": held.reference},
            "action": {"drop": {"when": "after"}},
        },
    )
    assert run(capture).state == TransactionState.UNKNOWN

    engine.look(transaction_id=capture.pk, now=timezone.now())

    capture.refresh_from_db()
    assert capture.state == TransactionState.APPROVED
    assert reload(payable).paid == 100
    assert books(AccountName.CUSTOMER_DEPOSIT) == -100


@pytest.mark.parametrize(
    ("since_the_last_moment", "state"), [(-1, TransactionState.UNKNOWN), (11, TransactionState.FAILED)]
)
def test_a_lost_capture_that_did_not_arrive_fails_only_once_it_can_no_longer_arrive(
    held: PaymentTransaction,
    run: Run,
    payable: Payable,
    order: Order,
    sandbox: Sandbox,
    since_the_last_moment: int,
    state: TransactionState,
) -> None:
    capture = capture_start(hold=held, amount=Decimal("100.00"), by=order.placed_by, now=timezone.now())
    match = {"endpoint": "/transactions/{id}/capture", "reference": held.reference}
    sandbox.control("/rules", {"match": match, "action": {"drop": {"when": "before"}}})
    assert run(capture).state == TransactionState.UNKNOWN
    answer_by = timezone.now() - timedelta(seconds=since_the_last_moment)
    PaymentTransaction.objects.filter(pk=capture.pk).update(answer_by=answer_by)

    engine.look(transaction_id=capture.pk, now=timezone.now())

    capture.refresh_from_db()
    assert capture.state == state
    assert (reload(payable).held, reload(payable).paid) == (Decimal(100), Decimal(0))


def test_a_capture_of_a_hold_that_is_gone_at_the_gateway_takes_nothing(
    held: PaymentTransaction, run: Run, payable: Payable, order: Order, sandbox: Sandbox, books: Books
) -> None:
    capture = capture_start(hold=held, amount=Decimal("100.00"), by=order.placed_by, now=timezone.now())
    sandbox.gateway().cancel(follow_up(held.gateway_id))

    capture = run(capture)

    assert (capture.state, capture.failure_reason) == (TransactionState.FAILED, FailureReason.REFUSED)
    assert (reload(payable).paid, books(AccountName.GATEWAY_CLEARING)) == (Decimal(0), Decimal(0))
    assert charges_at_gateway(sandbox, held) == ["REVERSED"]
