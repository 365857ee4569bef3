"""OroCommerce's traps that show in what is stored of an order; those of the pure rules are in test_status.py."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.utils import timezone

from commerce.models import Order, OrderState, User
from oropay.declines import canceled_of
from oropay.models import (
    CardCheck,
    FailureReason,
    Payable,
    Payment,
    PaymentStatus,
    PaymentTransaction,
    RefundReason,
    Ruling,
    TransactionState,
)
from oropay.services import (
    PartAsked,
    cancel_start,
    offline_receipt_record,
    refund_lines_suggested,
    refund_start,
    status_force,
)
from plumbing.models import Mail
from plumbing.selectors import history_of, notes_on
from tests.contract.sandbox import DECLINED_VISA, Sandbox
from tests.oropay.conftest import NOON
from tests.oropay.house import reload, reread, returned_of, send_back

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]


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


def test_trap_10_a_forced_status_leaves_a_note_and_its_history(payable: Payable, buyer: User) -> None:
    forced = status_force(payable=payable, status=PaymentStatus.FULL, reason="paid by barter", by=buyer, now=NOON)

    [note], [event] = notes_on(payable), history_of(forced)
    assert (note.text, note.by) == ("Payment status forced to “Paid in full”: paid by barter", buyer)
    assert (event.pgh_label, event.pgh_context.metadata["user"], event.pgh_context.metadata["why"]) == (
        "insert",
        buyer.pk,
        "paid by barter",
    )


def test_trap_10_a_bank_return_is_a_transaction_and_who_paid_is_told(
    settled: Callable[..., PaymentTransaction], sandbox: Sandbox, payable: Payable, buyer: User
) -> None:
    charge = settled()
    send_back(sandbox, charge, "R01")

    reread(charge)

    back = returned_of(charge)
    assert (back.amount, back.state, back.result_code) == (Decimal(100), TransactionState.APPROVED, "R01")
    mail = Mail.objects.get(subject__startswith="Your bank returned")
    assert (mail.to, mail.subject) == (buyer.email, "Your bank returned the debit of $100.00")
    assert payable.number in mail.text
    assert reload(payable).due == 100


def test_trap_11_staff_read_what_the_gateway_said_and_not_one_sentence_for_all(start: Start, run: Run) -> None:
    row = run(start(card=DECLINED_VISA))

    assert (row.result_code, row.state) == ("101", TransactionState.DECLINED)
    assert row.message


@pytest.mark.parametrize("reason", list(RefundReason))
def test_trap_7_the_reason_of_a_refund_stays_what_was_said_and_becomes_no_other_at_the_gateway(
    start: Start, run: Run, sandbox: Sandbox, buyer: User, reason: RefundReason
) -> None:
    charge = run(start())
    row = refund_start(
        charge=charge,
        lines=refund_lines_suggested(charge=charge, amount=Decimal(10)),
        reason=reason,
        note="as said",
        by=buyer,
        now=timezone.now(),
    )

    sent = run(row)

    [asked] = sandbox.asked("/transactions/{id}/refund", reference=row.reference)
    assert (sent.state, sent.reason) == (TransactionState.APPROVED, reason)
    assert sent.get_reason_display() == str(reason.label)
    assert "reason" not in str(asked["sent"]).lower()  # GP-API knows no reasons of refunds: none is made up


@pytest.mark.parametrize("reason", list(RefundReason))
def test_trap_7_the_reason_of_a_cancel_stays_what_was_said_and_becomes_no_other_at_the_gateway(
    held: PaymentTransaction, run: Run, sandbox: Sandbox, buyer: User, reason: RefundReason
) -> None:
    row = cancel_start(transaction=held, reason=reason, note="as said", by=buyer, now=timezone.now())

    sent = run(row)

    [asked] = sandbox.asked("/transactions/{id}/reversal", reference=held.reference)
    assert (sent.state, sent.reason) == (TransactionState.APPROVED, reason)
    assert "reason" not in str(asked["sent"]).lower()


@pytest.mark.parametrize(
    ("ended", "risk", "ruling", "code"),
    [
        (TransactionState.CANCELED, "", None, None),
        (TransactionState.CANCELED, "", Ruling.REFUSED, "checks"),
        (TransactionState.CANCELED, "", Ruling.REVIEW, None),
        (TransactionState.CANCELED, "PENDING_REVIEW", None, "review_canceled"),
        (TransactionState.EXPIRED, "", None, None),
        (TransactionState.DECLINED, "PENDING_REVIEW", None, None),
    ],
)
def test_trap_7_each_cause_of_a_cancellation_has_its_own_words(
    start: Start, ended: TransactionState, risk: str, ruling: Ruling | None, code: str | None
) -> None:
    row = start().transactions.get()
    row.state, row.risk = ended, risk
    if ruling is not None:
        CardCheck.objects.create(transaction=row, ruling=ruling, raised_at=NOON)

    found = canceled_of(row)

    assert (found.code if found else None) == code


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
