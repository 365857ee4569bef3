"""A refund of an order's deposit is under way, or was ruled out, while the order is billed: the invoice gives it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from moneyed import Money

from commerce.models import Order
from invoices.models import CreditSource, CustomerCredit, Invoice, InvoiceKind
from invoices.services import invoice_draft_from_order, invoice_draft_update, invoice_post
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay.engine.late import turned_up
from oropay.gateway.port import Answer, Verdict
from oropay.models import (
    Action,
    Alert,
    AlertKind,
    Payable,
    Payment,
    PaymentTransaction,
    ProviderAccount,
    RefundReason,
    RefundSource,
    TransactionState,
)
from oropay.ports import approval_handlers
from oropay.services import (
    PartAsked,
    approval_agree,
    approval_refuse,
    cancel_start,
    offline_receipt_record,
    verdict_propose,
)
from plumbing.models import Mail
from plumbing.selectors import notes_on
from tests.factories import NOON, StaffFactory
from tests.invoices.house import House, allocations, payable_of, posted_lines

A = AccountName
S = TransactionState


def paid(house: House, *, total: str = "100.00") -> tuple[Order, Payment]:
    """An order paid by card, not billed."""
    order = house.order(total)
    return order, house.paid(order.payable, amounts=[total])


def asked(house: House, payment: Payment, amount: str, *, order: Order) -> PaymentTransaction:
    """A refund of the order's deposit, in a worker's hands."""
    refund = house.refund(payment, amount, payable=order.payable, source=RefundSource.DEPOSIT)
    PaymentTransaction.objects.filter(pk=refund.pk).update(state=S.SENDING)
    return refund


def ruled_out(house: House, refund: PaymentTransaction) -> PaymentTransaction:
    """Its answer was lost, and two persons decided that it was not made."""
    house.says(refund.payment, Verdict.UNKNOWN)
    PaymentTransaction.objects.filter(pk=refund.pk).update(unknown_since=NOON - timedelta(days=2))
    refund.refresh_from_db()
    maker, second = (StaffFactory.create(organization=house.seller, is_superuser=True) for _one in range(2))
    question = verdict_propose(
        row=refund, taken=False, gateway_id="", evidence="their support says so", by=maker, now=NOON
    )
    approval_agree(approval=question, by=second, now=NOON)
    refund.refresh_from_db()
    assert refund.state == S.FAILED
    return refund


def comes_after_all(lost: PaymentTransaction) -> PaymentTransaction:
    """The gateway made it all the same, and we see it."""
    answer = Answer(
        verdict=Verdict.APPROVED,
        http_status=200,
        gateway_id=f"TRN_late_{lost.pk}",
        status="CAPTURED",
        amount=Money(lost.amount, lost.currency),
    )
    late = turned_up(lost=lost, answer=answer, now=NOON)
    assert late is not None
    return late


def last_mail() -> str:
    """Of a refund."""
    return str(Mail.objects.filter(subject__startswith="Refund of").latest("pk").text)


# -- under way while the order is billed -------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [S.QUEUED, S.SENDING, S.PENDING])
def test_a_refund_under_way_does_not_hold_up_billing_and_is_taken_from_the_invoice(
    house: House, state: TransactionState
) -> None:
    order, payment = paid(house)
    refund = asked(house, payment, "40.00", order=order)
    PaymentTransaction.objects.filter(pk=refund.pk).update(state=state)

    invoice = house.billed(order)

    assert allocations(invoice) == [("live", "100.00")]
    assert "A refund of $40.00 of its order is under way." in notes_on(invoice)[0].text
    assert ledger_check() == []
    if state == S.QUEUED:
        PaymentTransaction.objects.filter(pk=refund.pk).update(state=S.SENDING)

    house.says(payment, Verdict.APPROVED)

    assert allocations(invoice) == [("reversed", "100.00"), ("live", "60.00")]
    assert posted_lines(f"transaction:{refund.pk}") == [{"gateway_clearing": "-40.00", "receivable": "40.00"}]
    owed = payable_of(invoice)
    assert (owed.paid, owed.refunded, owed.payable_now) == (Decimal(60), Decimal(40), Decimal(40))
    assert f"Invoice {invoice.number}: $40.00, due again" in last_mail()
    assert not CustomerCredit.objects.exists()
    assert ledger_check() == []


@pytest.mark.parametrize("verdict", [Verdict.DECLINED, Verdict.FAILED])
def test_a_refund_that_fails_after_billing_leaves_the_invoice_paid(house: House, verdict: Verdict) -> None:
    order, payment = paid(house)
    asked(house, payment, "40.00", order=order)
    invoice = house.billed(order)

    house.says(payment, verdict)

    assert allocations(invoice) == [("live", "100.00")]
    assert (payable_of(invoice).payable_now, house.book(A.CUSTOMER_DEPOSIT)) == (Decimal(0), Decimal(0))
    assert not Mail.objects.filter(subject__startswith="Refund of").exists()
    assert ledger_check() == []


@pytest.mark.parametrize("agrees", [True, False])
def test_a_refund_that_waits_for_a_second_person_says_that_the_order_was_billed_since(
    house: House, agrees: bool
) -> None:
    order = house.order("100.00")
    payment = house.pay(order.payable, amounts=["100.00"], bank=True)
    house.says(payment, Verdict.PENDING)
    house.says(payment, Verdict.APPROVED)
    refund = house.refund(payment, "40.00", payable=order.payable, source=RefundSource.DEPOSIT)
    approval = refund.approvals.get()
    handler = approval_handlers.get(approval.kind)
    assert (f"Deposit of an order · {order.number}", "$40.00") in handler.details(approval=approval)

    invoice = house.billed(order)

    words = f"Deposit of an order · {order.number} · billed since: {invoice.number} is due again"
    assert (words, "$40.00") in handler.details(approval=approval)
    second = StaffFactory.create(organization=house.seller, is_superuser=True)
    if agrees:
        approval_agree(approval=approval, by=second, now=NOON)
        PaymentTransaction.objects.filter(pk=refund.pk).update(state=S.SENDING)
        house.says(payment, Verdict.APPROVED)
    else:
        approval_refuse(approval=approval, remark="keep it", by=second, now=NOON)
    assert payable_of(invoice).payable_now == (40 if agrees else 0)
    assert ledger_check() == []


def test_a_refund_takes_the_rest_of_the_deposit_before_the_invoice(house: House) -> None:
    order = house.order("100.00", shipping=Decimal(10))
    payment = house.paid(order.payable, amounts=["110.00"])
    refund = asked(house, payment, "10.00", order=order)
    order.refresh_from_db()
    draft = invoice_draft_from_order(order=order, by=house.clerk, now=NOON)
    draft = invoice_draft_update(invoice=draft, shipping=Decimal(0))
    invoice = invoice_post(invoice=draft, by=house.clerk, now=NOON)
    credit = CustomerCredit.objects.get()
    assert (credit.source, credit.remaining) == (CreditSource.DEPOSIT, Decimal(10))

    house.says(payment, Verdict.APPROVED)

    credit.refresh_from_db()
    assert (payable_of(invoice).payable_now, credit.remaining) == (Decimal(0), Decimal(0))
    assert posted_lines(f"transaction:{refund.pk}") == [{"gateway_clearing": "-10.00", "customer_credit": "10.00"}]
    assert "Your credit: $10.00" in last_mail()
    assert ledger_check() == []


@pytest.mark.parametrize("billed_first", [True, False])
def test_of_two_orders_paid_together_a_refund_lowers_only_the_one_it_names(house: House, billed_first: bool) -> None:
    first, second = house.order("50.00"), house.order("50.00")
    payment = house.paid(first.payable, second.payable, amounts=["50.00", "50.00"])
    asked(house, payment, "40.00", order=first)
    if not billed_first:
        house.says(payment, Verdict.APPROVED)

    invoice = house.billed(first)
    if billed_first:
        house.says(payment, Verdict.APPROVED)

    owed, deposit = payable_of(invoice), Payable.objects.get(order=second)
    assert (owed.paid, owed.refunded) == (Decimal(10), Decimal(40))
    assert (deposit.paid, deposit.refunded, house.book(A.CUSTOMER_DEPOSIT)) == (Decimal(50), Decimal(0), Decimal(-50))
    assert ledger_check() == []

    other = house.billed(second)

    assert (payable_of(other).paid, payable_of(other).payable_now) == (Decimal(50), Decimal(0))
    assert house.book(A.CUSTOMER_DEPOSIT) == 0
    assert ledger_check() == []


# -- ruled out, billed, and made all the same --------------------------------------------------------------------------


def test_a_refund_ruled_out_that_turns_up_after_billing_is_taken_from_the_invoice(house: House) -> None:
    order, payment = paid(house)
    lost = ruled_out(house, asked(house, payment, "40.00", order=order))
    invoice = house.billed(order)
    assert allocations(invoice) == [("live", "100.00")]

    late = comes_after_all(lost)

    assert posted_lines(f"transaction:{late.pk}") == [{"gateway_clearing": "-40.00", "receivable": "40.00"}]
    assert (payable_of(invoice).paid, payable_of(invoice).payable_now) == (Decimal(60), Decimal(40))
    assert f"Invoice {invoice.number}: $40.00, due again" in last_mail()
    assert not CustomerCredit.objects.exists()
    assert ledger_check() == []


# -- given back twice --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["order", "billed", "invoice"])
def test_what_is_given_back_twice_is_owed_by_a_memo_that_says_so(house: House, what: str) -> None:
    if what == "invoice":
        payable, source = payable_of(house.posted("100.00")), RefundSource.INVOICE
        payment = house.paid(payable, amounts=["100.00"])
    else:
        order, payment = paid(house)
        payable, source = order.payable, RefundSource.DEPOSIT
    lost = house.refund(payment, "100.00", payable=payable, source=source)
    PaymentTransaction.objects.filter(pk=lost.pk).update(state=S.SENDING)
    ruled_out(house, lost)
    if what == "billed":
        payable, source = payable_of(house.billed(order)), RefundSource.INVOICE
    house.refunded(payment, "100.00", payable=payable, source=source)

    late = comes_after_all(lost)

    memo = Invoice.objects.get(kind=InvoiceKind.DEBIT_MEMO)
    assert (memo.cause, memo.cause_kind, memo.total) == (late, "overrefunded", Decimal(100))
    assert memo.lines.get().name == "Payment of 2026-11-16: more was given back than was left of it"
    assert posted_lines(f"invoice:{memo.pk}") == [{"receivable": "100.00", "gateway_clearing": "-100.00"}]
    assert posted_lines(f"transaction:{late.pk}") == []
    told = Alert.objects.get(transaction=late, kind=AlertKind.RETURNED_AFTER_REFUND)
    assert told.text == (
        "More was given back than was left of the payment; "
        f"the customer owes $100.00 of it by debit memo {memo.number}."
    )
    assert f"Debit memo {memo.number}: $100.00 that you had been given back before" in last_mail()
    assert not CustomerCredit.objects.exists()
    assert (house.book(A.CUSTOMER_DEPOSIT), house.book(A.GATEWAY_CLEARING)) == (Decimal(0), Decimal(-100))
    payable.refresh_from_db()
    assert (payable.paid, payable.refunded) == (Decimal(0), Decimal(100))
    assert ledger_check() == []


def test_what_is_given_back_twice_of_a_deposit_takes_first_what_is_left_of_it(house: House) -> None:
    order, payment = paid(house)
    lost = ruled_out(house, asked(house, payment, "70.00", order=order))
    house.refunded(payment, "60.00", payable=order.payable, source=RefundSource.DEPOSIT)

    late = comes_after_all(lost)

    memo = Invoice.objects.get(kind=InvoiceKind.DEBIT_MEMO)
    assert (memo.total, house.book(A.CUSTOMER_DEPOSIT)) == (Decimal(30), Decimal(0))
    assert posted_lines(f"transaction:{late.pk}") == [{"gateway_clearing": "-40.00", "customer_deposit": "40.00"}]
    assert f"Order {order.number}: $40.00\nDebit memo {memo.number}: $30.00" in last_mail()
    assert ledger_check() == []
    assert allocations(house.billed(order)) == []
    assert ledger_check() == []


def test_a_charge_that_is_voided_and_whose_refund_turns_up_is_given_back_twice(house: House) -> None:
    order, payment = paid(house)
    lost = ruled_out(house, asked(house, payment, "100.00", order=order))
    charge = payment.transactions.get(action=Action.CHARGE)
    void = cancel_start(
        transaction=charge, reason=RefundReason.DUPLICATE, note="ordered twice", by=house.clerk, now=NOON
    )
    PaymentTransaction.objects.filter(pk=void.pk).update(state=S.SENDING)
    house.says(payment, Verdict.APPROVED)
    assert house.book(A.CUSTOMER_DEPOSIT) == 0

    comes_after_all(lost)

    assert Invoice.objects.get(kind=InvoiceKind.DEBIT_MEMO).cause_kind == "overrefunded"
    assert (house.book(A.CUSTOMER_DEPOSIT), house.book(A.RECEIVABLE)) == (Decimal(0), Decimal(100))
    assert ledger_check() == []


def test_credit_that_is_given_back_twice_is_owed_by_debit_memo(house: House) -> None:
    invoice = house.posted("100.00")
    payment = house.pay(payable_of(invoice), amounts=["100.00"])
    offline_receipt_record(
        parts=[PartAsked(payable_id=payable_of(invoice).pk, amount=Decimal("80.00"))],
        received_on=NOON.date(),
        document="check 118",
        by=house.clerk,
        now=NOON,
    )
    house.says(payment, Verdict.APPROVED)
    lost = house.refund(payment, "80.00", payable=None, source=RefundSource.CREDIT)
    PaymentTransaction.objects.filter(pk=lost.pk).update(state=S.SENDING)
    ruled_out(house, lost)
    house.refunded(payment, "80.00", payable=None, source=RefundSource.CREDIT)

    comes_after_all(lost)

    memo = Invoice.objects.get(kind=InvoiceKind.DEBIT_MEMO)
    assert (memo.cause_kind, memo.total) == ("overrefunded", Decimal(80))
    assert CustomerCredit.objects.get().remaining == 0
    assert house.book(A.CUSTOMER_CREDIT) == 0
    assert ledger_check() == []


def test_what_one_capture_gave_beyond_its_worth_is_missing_from_the_others_when_the_order_is_billed(
    house: House,
) -> None:
    house.hold_at_checkout()
    house.integration.several_captures = True
    house.integration.save()
    ProviderAccount.objects.update(multi_capture=True)
    order, payment = paid(house)
    first = house.captured(payment, "60.00")
    lost = ruled_out(house, asked(house, payment, "60.00", order=order))
    house.refunded(payment, "60.00", payable=order.payable, source=RefundSource.DEPOSIT)
    house.captured(payment, "40.00")
    comes_after_all(lost)
    assert lost.parent == first
    assert house.book(A.CUSTOMER_DEPOSIT) == 0

    invoice = house.billed(order)

    assert allocations(invoice) == []
    assert house.book(A.CUSTOMER_DEPOSIT) == 0
    assert ledger_check() == []
