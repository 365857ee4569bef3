"""Holds: nothing is taken until a person captures, and every way a hold ends."""

from collections.abc import Callable
from decimal import Decimal

from django.utils import timezone

from commerce.models import Order
from ledger.models import AccountName
from oropay import engine
from oropay.models import (
    Action,
    MoneyState,
    Payable,
    Payment,
    PaymentStatus,
    PaymentTransaction,
    TransactionState,
)
from oropay.services import cancel_start, capture_start
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
    cancel = run(cancel_start(transaction=held, note="ordered twice", by=order.placed_by, now=timezone.now()))

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
