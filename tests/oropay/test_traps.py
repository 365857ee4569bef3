"""OroCommerce's traps that show in what is stored of an order; those of the pure rules are in test_status.py."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from commerce.models import Order, OrderState, User
from oropay.models import FailureReason, Payable, Payment, PaymentStatus, PaymentTransaction, TransactionState
from oropay.services import PartAsked, offline_receipt_record
from tests.contract.sandbox import DECLINED_VISA
from tests.oropay.conftest import NOON
from tests.oropay.house import reload

Start = Callable[..., Payment]
Run = Callable[[Payment], PaymentTransaction]


def test_trap_2_what_is_paid_beyond_the_total_is_paid_and_nothing_more_is_due(payable: Payable, buyer: User) -> None:
    receipt(payable, "120.00", buyer)

    shown = reload(payable)
    assert (shown.status, shown.paid, shown.due, shown.payable_now) == (
        PaymentStatus.FULL,
        Decimal(120),
        Decimal(0),
        Decimal(0),
    )


def test_trap_6_a_failed_retry_shows_in_lists_beside_the_older_success(
    payable: Payable, start: Start, run: Run
) -> None:
    run(start(amount="60.00"))
    failed = run(start(amount="40.00", card=DECLINED_VISA))

    shown = reload(payable)

    assert (shown.status, shown.failed_as, shown.failed_at) == (
        PaymentStatus.PARTIALLY,
        TransactionState.DECLINED,
        failed.ended_at,
    )
    assert list(Payable.objects.exclude(failed_as="")) == [shown]


def test_a_payment_that_succeeds_ends_the_failure(payable: Payable, start: Start, run: Run) -> None:
    run(start(card=DECLINED_VISA))
    declined = reload(payable)
    run(start())

    shown = reload(payable)
    assert (declined.status, declined.failed_as) == (PaymentStatus.DECLINED, "declined")
    assert (shown.status, shown.failed_as, shown.failed_at, shown.method) == (PaymentStatus.FULL, "", None, "card")


def test_trap_8_a_check_counts_as_much_as_it_says_with_number_and_day(payable: Payable, buyer: User) -> None:
    payment = receipt(payable, "30.00", buyer)

    row, shown = payment.transactions.get(), reload(payable)
    assert (row.amount, row.gateway_reference) == (Decimal(30), "CHK 7")
    assert (shown.status, shown.paid, shown.due, shown.method) == (
        PaymentStatus.PARTIALLY,
        Decimal(30),
        Decimal(70),
        "offline",
    )


def test_trap_9_an_order_that_waits_for_money_is_released_by_it(
    order: Order, payable: Payable, start: Start, run: Run
) -> None:
    before = order.state
    run(start())

    order.refresh_from_db()
    assert (before, order.state) == (OrderState.AWAITING_PAYMENT, OrderState.OPEN)


def test_trap_11_staff_read_what_the_gateway_said_and_not_one_sentence_for_all(start: Start, run: Run) -> None:
    row = run(start(card=DECLINED_VISA))

    assert (row.result_code, row.state) == ("101", TransactionState.DECLINED)
    assert row.message


@pytest.mark.parametrize("reason", list(FailureReason))
def test_every_way_to_fail_has_words_of_its_own(reason: FailureReason) -> None:
    assert len({str(one.label) for one in FailureReason}) == len(FailureReason)
    assert reason.label


def receipt(payable: Payable, amount: str, by: User) -> Payment:
    return offline_receipt_record(
        parts=[PartAsked(payable_id=payable.pk, amount=Decimal(amount))],
        received_on=date(2026, 11, 23),
        document="CHK 7",
        by=by,
        now=NOON,
    )
