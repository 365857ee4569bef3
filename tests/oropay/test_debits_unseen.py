"""What happened to bank debits while nobody looked: both facts are recorded, asked once, and no money moves twice."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import timezone

from commerce.models import Order, User
from commerce.services import setting_set
from invoices.models import Invoice, InvoiceKind
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay import engine
from oropay.models import (
    AchReturn,
    Action,
    Approval,
    ApprovalState,
    FailureReason,
    MoneyState,
    Payable,
    Payment,
    PaymentTransaction,
    TransactionState,
)
from oropay.scoped import ACH_REFUND_HOLD, RETURN_FEE
from oropay.services import ach_return_code_enter
from plumbing.models import Mail
from tests.contract.sandbox import Sandbox
from tests.oropay.house import bank, given_back, reload, reread, returned_of, send_back

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]
Later = Callable[..., None]
Settled = Callable[..., PaymentTransaction]
S = TransactionState


@pytest.mark.parametrize("status", ["REJECTED", "REVERSED"])
def test_a_debit_that_was_funded_and_returned_between_two_looks_is_recorded_as_both(
    debit: PaymentTransaction, later: Later, sandbox: Sandbox, books: Books, payable: Payable, status: str
) -> None:
    later(days=7)
    send_back(sandbox, debit, "R01", status)

    charge = reread(debit)

    back = returned_of(charge)
    assert (charge.state, charge.failure_reason, back.state, back.result_code) == (S.APPROVED, "", S.APPROVED, "R01")
    assert AchReturn.objects.get().after_funding
    assert Payment.objects.get(pk=charge.payment_id).money_state == MoneyState.RETURNED
    steps = charge.steps.order_by("pgh_id")  # type: ignore[attr-defined]
    assert [step.state for step in steps][-2:] == [S.PENDING, S.APPROVED]
    assert (books(AccountName.GATEWAY_CLEARING), books(AccountName.CUSTOMER_DEPOSIT)) == (Decimal(0), Decimal(0))
    assert (reload(payable).paid, reload(payable).payable_now) == (Decimal(0), Decimal(100))
    assert ledger_check() == []


def test_what_the_settlement_report_cannot_tell_now_is_looked_at_again(
    debit: PaymentTransaction, later: Later, sandbox: Sandbox
) -> None:
    later(days=7)
    send_back(sandbox, debit, "R01")
    sandbox.control("/rules", {"match": {"endpoint": "/settlement/transactions"}, "action": {"http": {"status": 503}}})

    row = reread(debit)

    assert (row.state, row.children.exists(), AchReturn.objects.exists()) == (S.PENDING, False, False)
    assert returned_of(reread(row)).state == S.APPROVED


def test_a_debit_that_was_rejected_before_it_was_funded_still_brings_nothing(
    debit: PaymentTransaction, sandbox: Sandbox, books: Books
) -> None:
    send_back(sandbox, debit, "R03")

    row = reread(debit)

    assert (row.state, row.failure_reason) == (S.FAILED, FailureReason.REJECTED)
    assert (books(AccountName.GATEWAY_CLEARING), row.children.exists()) == (Decimal(0), False)


@pytest.mark.parametrize("code", ["R03", ""])
def test_a_debit_whose_answer_was_lost_and_that_was_rejected_says_so(
    start: Start, run: Run, sandbox: Sandbox, payable: Payable, order: Order, code: str
) -> None:
    payment = start(source=bank())
    row = payment.transactions.get()
    match = {"reference": row.reference, "method": "POST"}
    sandbox.control("/rules", {"match": match, "action": {"drop": {"when": "after"}}})
    assert run(payment).state == S.UNKNOWN
    [there] = sandbox.gateway().find_by_reference(reference=row.reference).found
    sandbox.control(f"/transactions/{there.gateway_id}/ach-return", {"code": code, "status": "REJECTED"})

    engine.look(transaction_id=row.pk, now=timezone.now())

    row.refresh_from_db()
    told = AchReturn.objects.get(transaction=row)
    assert (row.state, row.failure_reason) == (S.FAILED, FailureReason.REJECTED)
    assert (told.code, told.after_funding) == (code, False)
    assert Mail.objects.filter(to=order.placed_by.email).exists()
    assert reload(payable).payable_now == 100
    assert ledger_check() == []


def test_want_of_money_that_is_entered_later_costs_the_fee_once(
    settled: Settled, sandbox: Sandbox, order: Order, clerk: User, books: Books
) -> None:
    setting_set(key=RETURN_FEE.key, value=Decimal("25.00"), organization=order.organization)
    charge = settled()
    send_back(sandbox, charge, "")
    reread(charge)
    assert not Invoice.objects.filter(kind=InvoiceKind.DEBIT_MEMO).exists()

    ach_return_code_enter(told=AchReturn.objects.get(), code="R01", note="by phone", by=clerk, now=timezone.now())
    reread(charge)

    memo = Invoice.objects.get(kind=InvoiceKind.DEBIT_MEMO)
    assert (memo.total, memo.cause) == (Decimal("25.00"), returned_of(charge))
    assert books(AccountName.FEE_INCOME) == Decimal("-25.00")
    assert ledger_check() == []


def test_a_code_that_the_gateway_names_later_is_learnt_with_its_fee(
    settled: Settled, sandbox: Sandbox, order: Order
) -> None:
    setting_set(key=RETURN_FEE.key, value=Decimal("25.00"), organization=order.organization)
    charge = settled()
    send_back(sandbox, charge, "")
    reread(charge)
    sandbox.control(f"/transactions/{charge.gateway_id}/status", {"status": "REJECTED", "result": "R01"})

    reread(charge)
    reread(charge)

    told = AchReturn.objects.get()
    assert (told.code, told.entered_by) == ("R01", None)
    assert Invoice.objects.get(kind=InvoiceKind.DEBIT_MEMO).total == Decimal("25.00")
    assert Mail.objects.filter(subject__startswith="Your bank returned").count() == 1


def test_any_other_code_entered_later_costs_nothing(
    settled: Settled, sandbox: Sandbox, order: Order, clerk: User
) -> None:
    setting_set(key=RETURN_FEE.key, value=Decimal("25.00"), organization=order.organization)
    charge = settled()
    send_back(sandbox, charge, "")
    reread(charge)

    ach_return_code_enter(told=AchReturn.objects.get(), code="R02", note="", by=clerk, now=timezone.now())

    assert not Invoice.objects.exists()


def test_nobody_is_asked_any_more_about_a_refund_that_a_return_withdrew(
    settled: Settled, sandbox: Sandbox, clerk: User
) -> None:
    charge = settled()
    refund = given_back(charge, "40.00", clerk)
    assert refund.state == S.AWAITING_APPROVAL
    send_back(sandbox, charge, "R10")

    reread(charge)

    refund.refresh_from_db()
    asked = Approval.objects.get(transaction=refund)
    assert (refund.state, asked.state, asked.decided_by) == (S.CANCELED, ApprovalState.VOID, None)
    assert asked.remark == "The bank took the debit back: there is nothing left to give back. Do not do it by hand."
    told = Mail.objects.get(to=clerk.email, subject__startswith="Refund above a limit: ").text
    assert asked.remark in told
    assert "ask again" not in told


def test_a_refund_of_a_debit_whose_answer_was_lost_is_found_and_given_once(
    settled: Settled, sandbox: Sandbox, clerk: User, order: Order, run: Run, later: Later, books: Books
) -> None:
    setting_set(key=ACH_REFUND_HOLD.key, value=0, organization=order.organization)
    charge = settled()
    refund = given_back(charge, "40.00", clerk)
    sandbox.control("/rules", {"match": {"reference": refund.reference}, "action": {"drop": {"when": "after"}}})

    lost = run(refund)
    assert (lost.state, books(AccountName.CUSTOMER_DEPOSIT)) == (S.UNKNOWN, Decimal(-100))
    engine.look(transaction_id=lost.pk, now=timezone.now())

    found = PaymentTransaction.objects.get(pk=lost.pk)
    assert found.state == S.PENDING
    later(days=7)
    assert reread(found).state == S.APPROVED
    at_gateway = sandbox.gateway().find_by_reference(reference=refund.reference).found
    assert [(one.type, one.amount.amount) for one in at_gateway if one.amount] == [("REFUND", Decimal("40.00"))]
    assert books(AccountName.CUSTOMER_DEPOSIT) == Decimal(-60)
    assert PaymentTransaction.objects.filter(action=Action.REFUND).count() == 1
    assert ledger_check() == []
