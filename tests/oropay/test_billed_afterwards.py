"""An order's money came and went before its invoice is posted: the invoice is paid with what is left, and no more."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import timezone

from commerce.models import Order, User
from commerce.services import setting_set
from invoices.models import CustomerCredit, Invoice, InvoiceKind
from invoices.services import invoice_draft_from_order, invoice_post
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay import engine
from oropay.models import Payable, PaymentTransaction, TransactionState
from oropay.scoped import ACH_REFUND_HOLD
from plumbing.models import Mail
from tests.contract.sandbox import Sandbox
from tests.factories import NOON
from tests.invoices.house import allocations, payable_of, posted_lines
from tests.oropay.house import given_back, refund_of, reread, send_back

Books = Callable[[AccountName], Decimal]
Run = Callable[[PaymentTransaction], PaymentTransaction]
Settled = Callable[..., PaymentTransaction]
Later = Callable[..., None]


@pytest.fixture
def refunding(settled: Settled, run: Run, order: Order, clerk: User) -> PaymentTransaction:
    """40.00 of a settled bank debit of 100.00 on their way back: accepted by the bank, and sure in some days."""
    setting_set(key=ACH_REFUND_HOLD.key, value=0, organization=order.organization)
    refund = run(given_back(settled(), "40.00", clerk))
    assert refund.state == TransactionState.PENDING
    return refund


def billed(order: Order, clerk: User) -> Invoice:
    order.refresh_from_db()
    return invoice_post(invoice=invoice_draft_from_order(order=order, by=clerk, now=NOON), by=clerk, now=NOON)


def test_a_debit_that_came_back_before_the_order_is_billed_pays_nothing_of_its_invoice(
    settled: Callable[..., PaymentTransaction],
    sandbox: Sandbox,
    order: Order,
    payable: Payable,
    clerk: User,
    books: Books,
) -> None:
    debit = settled()
    send_back(sandbox, debit)
    reread(debit)
    assert books(AccountName.CUSTOMER_DEPOSIT) == 0

    invoice = billed(order, clerk)

    assert allocations(invoice) == []
    assert posted_lines(f"invoice:{invoice.pk}") == [{"receivable": "100.00", "revenue": "-100.00"}]
    owed = payable_of(invoice)
    assert (owed.paid, owed.payable_now) == (Decimal(0), Decimal(100))
    assert (books(AccountName.CUSTOMER_DEPOSIT), books(AccountName.RECEIVABLE)) == (Decimal(0), Decimal(100))
    assert ledger_check() == []


def test_a_bank_refund_that_is_funded_after_its_order_was_billed_makes_the_invoice_due_again(
    refunding: PaymentTransaction, order: Order, clerk: User, later: Later, books: Books
) -> None:
    invoice = billed(order, clerk)
    assert allocations(invoice) == [("live", "100.00")]
    assert ledger_check() == []
    later(days=7)

    refund = reread(refunding)

    assert refund.state == TransactionState.APPROVED
    assert allocations(invoice) == [("reversed", "100.00"), ("live", "60.00")]
    owed = payable_of(invoice)
    assert (owed.paid, owed.refunded, owed.payable_now) == (Decimal(60), Decimal(40), Decimal(40))
    assert f"Invoice {invoice.number}: $40.00, due again" in Mail.objects.get(subject="Refund of $40.00").text
    assert (books(AccountName.RECEIVABLE), books(AccountName.GATEWAY_CLEARING)) == (Decimal(40), Decimal(60))
    assert (books(AccountName.CUSTOMER_DEPOSIT), books(AccountName.CUSTOMER_CREDIT)) == (Decimal(0), Decimal(0))
    assert not CustomerCredit.objects.exists()
    assert ledger_check() == []


def test_a_bank_refund_that_is_rejected_after_its_order_was_billed_leaves_the_invoice_paid(
    refunding: PaymentTransaction, order: Order, clerk: User, sandbox: Sandbox, books: Books
) -> None:
    invoice = billed(order, clerk)
    sandbox.control(f"/transactions/{refunding.gateway_id}/status", {"status": "REJECTED"})

    refund = reread(refunding)

    assert refund.state == TransactionState.FAILED
    assert allocations(invoice) == [("live", "100.00")]
    assert (payable_of(invoice).payable_now, books(AccountName.GATEWAY_CLEARING)) == (Decimal(0), Decimal(100))
    assert not Mail.objects.filter(subject__startswith="Refund of").exists()
    assert ledger_check() == []


def test_a_debit_that_comes_back_while_its_billed_refund_is_under_way_is_owed_once_by_invoice_and_once_by_memo(
    refunding: PaymentTransaction, order: Order, clerk: User, sandbox: Sandbox, later: Later, books: Books
) -> None:
    invoice = billed(order, clerk)
    debit = refunding.parent
    assert debit is not None
    send_back(sandbox, debit, "R10")
    reread(debit)
    later(days=7)

    reread(refunding)

    memo = Invoice.objects.get(kind=InvoiceKind.DEBIT_MEMO)
    assert (memo.cause, memo.cause_kind, memo.total) == (refunding, "returned", Decimal(40))
    assert (payable_of(invoice).payable_now, books(AccountName.RECEIVABLE)) == (Decimal(100), Decimal(140))
    told = Mail.objects.get(subject="Refund of $40.00").text
    assert f"Debit memo {memo.number}: $40.00 that you had been given back before, so you owe it to us" in told
    assert ledger_check() == []


def test_a_debit_that_comes_back_after_its_billed_refund_was_funded_is_owed_without_what_was_given(
    refunding: PaymentTransaction, order: Order, clerk: User, sandbox: Sandbox, later: Later, books: Books
) -> None:
    invoice = billed(order, clerk)
    later(days=7)
    reread(refunding)
    debit = refunding.parent
    assert debit is not None
    send_back(sandbox, debit, "R10")

    reread(debit)

    memo = Invoice.objects.get(kind=InvoiceKind.DEBIT_MEMO)
    assert (memo.total, payable_of(invoice).payable_now) == (Decimal(40), Decimal(100))
    assert (books(AccountName.RECEIVABLE), books(AccountName.GATEWAY_CLEARING)) == (Decimal(140), Decimal(-40))
    assert ledger_check() == []


def test_a_card_refund_whose_answer_was_lost_does_not_hold_up_billing(
    charge: PaymentTransaction, lose: Callable[..., PaymentTransaction], order: Order, clerk: User, books: Books
) -> None:
    refund = lose(refund_of(charge, "40.00", by=clerk), "/transactions/{id}/refund", when="after")

    invoice = billed(order, clerk)
    engine.look(transaction_id=refund.pk, now=timezone.now())

    assert allocations(invoice) == [("reversed", "100.00"), ("live", "60.00")]
    assert (payable_of(invoice).payable_now, books(AccountName.RECEIVABLE)) == (Decimal(40), Decimal(40))
    assert ledger_check() == []


def test_a_card_refund_ruled_out_that_turns_up_after_billing_makes_the_invoice_due_again(
    charge: PaymentTransaction,
    lose: Callable[..., PaymentTransaction],
    decide: Callable[..., PaymentTransaction],
    order: Order,
    clerk: User,
    books: Books,
) -> None:
    refund = lose(refund_of(charge, "40.00", by=order.placed_by), "/transactions/{id}/refund", when="after")
    decide(refund, taken=False)
    invoice = billed(order, clerk)

    engine.watch(transaction_id=refund.pk, now=timezone.now())

    assert allocations(invoice) == [("reversed", "100.00"), ("live", "60.00")]
    assert f"Invoice {invoice.number}: $40.00, due again" in Mail.objects.get(subject="Refund of $40.00").text
    assert books(AccountName.CUSTOMER_CREDIT) == 0
    assert ledger_check() == []
