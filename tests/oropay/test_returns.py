"""Bank debits that come back, against gpsandbox with its clock moved: recorded once, undone in the books, told."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import timezone

from commerce.models import Order, User
from commerce.services import setting_set
from invoices.models import Invoice, InvoiceKind
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay.exceptions import (
    AlreadyLifted,
    InstrumentUnusable,
    NoteRequired,
    RefundTooLarge,
    ReturnCodeKnown,
    ReturnCodeUnknown,
)
from oropay.models import (
    AchReturn,
    Action,
    Alert,
    AlertKind,
    Approval,
    FailureReason,
    Freeze,
    Instrument,
    InstrumentState,
    MoneyState,
    Payable,
    Payment,
    PaymentStatus,
    PaymentTransaction,
    RefundReason,
    TransactionState,
)
from oropay.scoped import ACH_REFUND_HOLD, RETURN_FEE
from oropay.services import (
    MandateGiven,
    SavedInstrument,
    ach_return_code_enter,
    cancel_start,
    freeze_lift,
)
from plumbing.models import Mail
from tests.contract.sandbox import Sandbox
from tests.oropay.house import bank, given_back, reload, reread, returned_of, send_back

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]
Later = Callable[..., None]
S = TransactionState


def test_r01_two_banking_days_after_funding_leaves_the_charge_and_makes_the_order_due_again(
    start: Start, run: Run, later: Later, payable: Payable, books: Books, buyer: User
) -> None:
    charge = run(start(source=bank("1234560001")))
    for _day in range(14):  # weekends and holidays fund nobody
        if charge.state == S.PENDING:
            later(days=1)
            charge = reread(charge)
    assert (charge.state, reload(payable).status) == (S.APPROVED, PaymentStatus.FULL)
    later(days=7)

    charge = reread(charge)

    back = returned_of(charge)
    assert charge.state == S.APPROVED
    assert (back.state, back.amount, back.result_code) == (S.APPROVED, Decimal(100), "R01")
    due = reload(payable)
    assert (due.paid, due.payable_now, due.status) == (Decimal(0), Decimal(100), PaymentStatus.PENDING)
    assert Payment.objects.get(pk=charge.payment_id).money_state == MoneyState.RETURNED
    assert (books(AccountName.GATEWAY_CLEARING), books(AccountName.CUSTOMER_DEPOSIT)) == (Decimal(0), Decimal(0))
    mail = Mail.objects.get(subject__startswith="Your bank returned")
    assert mail.to == buyer.email
    assert "did not have enough money" in mail.text
    assert ledger_check() == []


def test_r10_thirty_days_after_funding_is_found_on_a_settled_debit_and_freezes_the_account(
    start: Start, run: Run, later: Later
) -> None:
    charge = run(start(source=bank("1234560010", keep=True)))
    later(days=7)
    charge = reread(charge)
    later(days=40)

    reread(charge)

    told = AchReturn.objects.get()
    assert (told.code, told.after_funding, told.charge) == ("R10", True, charge)
    assert Instrument.objects.get(payments=charge.payment).state == InstrumentState.FROZEN
    assert Freeze.objects.get().code == "R10"


def test_a_return_almost_sixty_days_after_funding_is_still_recorded(
    settled: Callable[..., PaymentTransaction], later: Later, sandbox: Sandbox
) -> None:
    charge = settled()
    later(days=55)
    send_back(sandbox, charge, "R10")

    reread(charge)

    assert AchReturn.objects.get().code == "R10"


@pytest.mark.parametrize("status", ["REJECTED", "REVERSED"])
def test_a_return_is_recorded_once_however_often_it_is_seen(
    settled: Callable[..., PaymentTransaction], sandbox: Sandbox, status: str, books: Books
) -> None:
    charge = settled()
    send_back(sandbox, charge, "R01", status)

    reread(charge)
    reread(charge)

    assert PaymentTransaction.objects.filter(action=Action.RETURN).count() == 1
    assert Mail.objects.filter(subject__startswith="Your bank returned").count() == 1
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_a_return_without_a_code_freezes_the_account_until_finance_enters_it(
    settled: Callable[..., PaymentTransaction], sandbox: Sandbox, clerk: User
) -> None:
    charge = settled(keep=True)
    send_back(sandbox, charge, "")
    reread(charge)
    told = AchReturn.objects.get()
    assert (told.code, told.reason.may_retry) == ("", False)
    assert Instrument.objects.get(payments=charge.payment).state == InstrumentState.FROZEN
    assert Alert.objects.exclude(kind=AlertKind.RETURN_RATE).get().kind == AlertKind.RETURN_WITHOUT_CODE

    ach_return_code_enter(told=told, code="r01", note="the bank told us", by=clerk, now=timezone.now())

    told.refresh_from_db()
    assert (told.code, told.entered_by, told.reason.may_retry) == ("R01", clerk, True)
    assert Instrument.objects.get(payments=charge.payment).state == InstrumentState.ACTIVE
    assert Freeze.objects.get().lifted_by == clerk


def test_a_code_entered_later_that_freezes_keeps_the_account_frozen(
    settled: Callable[..., PaymentTransaction], sandbox: Sandbox, clerk: User
) -> None:
    charge = settled(keep=True)
    send_back(sandbox, charge, "")
    reread(charge)

    ach_return_code_enter(told=AchReturn.objects.get(), code="R02", note="", by=clerk, now=timezone.now())

    freeze = Freeze.objects.get()
    assert (freeze.code, freeze.lifted_at) == ("R02", None)
    assert Instrument.objects.get(payments=charge.payment).state == InstrumentState.FROZEN


def test_a_worse_return_of_the_same_account_keeps_it_frozen_when_the_first_turns_out_harmless(
    start: Start, run: Run, later: Later, sandbox: Sandbox, clerk: User
) -> None:
    first, second = (run(start(source=bank(), amount="40.00")) for _ in range(2))
    later(days=7)
    for charge, code in ((first, ""), (second, "R02")):
        reread(charge)
        send_back(sandbox, charge, code)
        reread(charge)
    unnamed, closed = (returned_of(charge).ach_return for charge in (first, second))

    ach_return_code_enter(told=unnamed, code="R01", note="", by=clerk, now=timezone.now())

    freeze = Freeze.objects.get()
    assert (freeze.cause, freeze.code, freeze.lifted_at) == (closed, "R02", None)


@pytest.mark.parametrize(("code", "refusal"), [("R99", ReturnCodeUnknown), ("R02", ReturnCodeKnown)])
def test_a_code_is_entered_once_and_must_exist(
    settled: Callable[..., PaymentTransaction], sandbox: Sandbox, clerk: User, code: str, refusal: type[Exception]
) -> None:
    charge = settled()
    send_back(sandbox, charge, "R01" if refusal is ReturnCodeKnown else "")
    reread(charge)
    before = AchReturn.objects.get().code

    with pytest.raises(refusal, match="Nothing was changed"):
        ach_return_code_enter(told=AchReturn.objects.get(), code=code, note="", by=clerk, now=timezone.now())

    assert AchReturn.objects.get().code == before


def test_a_debit_rejected_before_funding_fails_with_its_code_and_brings_nothing(
    start: Start, run: Run, sandbox: Sandbox, payable: Payable, books: Books
) -> None:
    row = run(start(source=bank(keep=True)))
    send_back(sandbox, row, "R03")

    row = reread(row)

    assert (row.state, row.failure_reason, row.result_code) == (S.FAILED, FailureReason.REJECTED, "R03")
    told = AchReturn.objects.get()
    assert (told.code, told.after_funding, told.charge) == ("R03", False, row)
    assert reload(payable).payable_now == Decimal(100)
    assert books(AccountName.GATEWAY_CLEARING) == 0
    assert Instrument.objects.get(payments=row.payment).state == InstrumentState.FROZEN
    assert "Nothing was taken" in Mail.objects.get(subject__startswith="Your bank refused").text


def test_a_frozen_account_is_refused_when_it_is_saved_and_when_it_is_typed_again(
    settled: Callable[..., PaymentTransaction], sandbox: Sandbox, start: Start, run: Run, payable: Payable
) -> None:
    charge = settled(keep=True)
    send_back(sandbox, charge, "R02")
    reread(charge)
    saved = Instrument.objects.get(payments=charge.payment)
    word = MandateGiven(text="I authorise it.", text_version="1", amount_rule="once")

    with pytest.raises(InstrumentUnusable, match="cannot be debited"):
        start(source=SavedInstrument(instrument_id=saved.pk, mandate=word))
    typed = run(start(source=bank()))

    assert (typed.state, typed.failure_reason) == (S.FAILED, FailureReason.FROZEN)
    assert sandbox.gateway().find_by_reference(reference=typed.reference).found == ()
    assert reload(payable).payable_now == Decimal(100)


def test_lifting_a_freeze_needs_a_note_and_happens_once(
    settled: Callable[..., PaymentTransaction], sandbox: Sandbox, clerk: User, start: Start, run: Run
) -> None:
    charge = settled(keep=True)
    send_back(sandbox, charge, "R10")
    reread(charge)
    freeze = Freeze.objects.get()
    with pytest.raises(NoteRequired):
        freeze_lift(freeze=freeze, note=" ", by=clerk, now=timezone.now())

    freeze_lift(freeze=freeze, note="a new authorisation on paper", by=clerk, now=timezone.now())

    with pytest.raises(AlreadyLifted):
        freeze_lift(freeze=freeze, note="again", by=clerk, now=timezone.now())
    saved = Instrument.objects.get(payments=charge.payment)
    assert saved.state == InstrumentState.ACTIVE
    assert saved.autopay_stopped_at is not None
    assert run(start(source=bank())).state == S.PENDING


def test_r08_stops_autopay_and_freezes_nothing(settled: Callable[..., PaymentTransaction], sandbox: Sandbox) -> None:
    charge = settled(keep=True)
    send_back(sandbox, charge, "R08")

    reread(charge)

    saved = Instrument.objects.get(payments=charge.payment)
    assert (saved.state, saved.autopay_stopped_at is not None) == (InstrumentState.ACTIVE, True)
    assert not Freeze.objects.exists()


def test_a_return_for_want_of_money_costs_the_customer_the_sellers_fee(
    settled: Callable[..., PaymentTransaction], sandbox: Sandbox, order: Order, books: Books, clerk: User
) -> None:
    setting_set(key=RETURN_FEE.key, value=Decimal("25.00"), organization=order.organization)
    charge = settled()
    send_back(sandbox, charge, "R01")

    reread(charge)

    memo = Invoice.objects.get(kind=InvoiceKind.DEBIT_MEMO)
    assert (memo.total, memo.number.split("-")[0], memo.cause) == (Decimal("25.00"), "DM", returned_of(charge))
    assert books(AccountName.FEE_INCOME) == Decimal("-25.00")
    assert books(AccountName.RECEIVABLE) == Decimal("25.00")
    assert ledger_check() == []


def test_a_refund_waits_for_a_second_person_while_the_bank_may_still_return_the_debit(
    settled: Callable[..., PaymentTransaction], clerk: User
) -> None:
    charge = settled()

    refund = given_back(charge, "40.00", clerk)

    assert refund.state == S.AWAITING_APPROVAL
    assert "two persons decide" in Approval.objects.get(transaction=refund).why


def test_a_debit_that_has_not_settled_is_not_refunded(start: Start, run: Run, clerk: User) -> None:
    row = run(start(source=bank()))

    with pytest.raises(RefundTooLarge, match="Nothing was refunded"):
        given_back(row, "40.00", clerk)

    assert not row.children.exists()


def test_a_debit_under_way_is_voided_while_its_batch_is_open(
    start: Start, run: Run, clerk: User, payable: Payable
) -> None:
    row = run(start(source=bank()))

    cancel = run(
        cancel_start(transaction=row, reason=RefundReason.OTHER, note="ordered twice", by=clerk, now=timezone.now())
    )

    row.refresh_from_db()
    assert (cancel.state, row.state) == (S.APPROVED, S.CANCELED)
    assert (reload(payable).settling, reload(payable).payable_now) == (Decimal(0), Decimal(100))


def test_a_debit_whose_batch_has_closed_is_not_voided_and_a_person_is_told(
    start: Start, run: Run, clerk: User, sandbox: Sandbox
) -> None:
    row = run(start(source=bank()))
    sandbox.control("/batches/close", {})

    cancel = run(
        cancel_start(transaction=row, reason=RefundReason.OTHER, note="ordered twice", by=clerk, now=timezone.now())
    )

    row.refresh_from_db()
    assert (cancel.failure_reason, row.state) == (FailureReason.BATCH_CLOSED, S.PENDING)
    assert Alert.objects.exclude(kind=AlertKind.RETURN_RATE).get().kind == AlertKind.NOT_DONE


def test_a_refunded_debit_that_is_returned_leaves_a_debit_memo_for_what_went_back_twice(
    settled: Callable[..., PaymentTransaction],
    sandbox: Sandbox,
    clerk: User,
    run: Run,
    later: Later,
    books: Books,
    order: Order,
    payable: Payable,
) -> None:
    setting_set(key=ACH_REFUND_HOLD.key, value=0, organization=order.organization)
    charge = settled()
    refund = run(given_back(charge, "40.00", clerk))
    assert refund.state == S.PENDING
    later(days=7)
    refund = reread(refund)
    assert (refund.state, books(AccountName.CUSTOMER_DEPOSIT)) == (S.APPROVED, Decimal(-60))
    send_back(sandbox, charge, "R10")

    reread(charge)

    memo = Invoice.objects.get(kind=InvoiceKind.DEBIT_MEMO)
    assert (memo.total, Payable.objects.get(invoice=memo).payable_now) == (Decimal(40), Decimal(40))
    assert Alert.objects.exclude(kind=AlertKind.RETURN_RATE).get().kind == AlertKind.RETURNED_AFTER_REFUND
    due = reload(payable)
    assert (due.paid, due.payable_now) == (Decimal(0), Decimal(100))
    assert books(AccountName.GATEWAY_CLEARING) == Decimal(-40)
    assert books(AccountName.RECEIVABLE) == Decimal(40)
    assert ledger_check() == []


def test_a_refund_that_had_not_left_when_the_debit_came_back_is_withdrawn(
    settled: Callable[..., PaymentTransaction], sandbox: Sandbox, clerk: User, order: Order
) -> None:
    setting_set(key=ACH_REFUND_HOLD.key, value=0, organization=order.organization)
    charge = settled()
    refund = given_back(charge, "100.00", clerk)
    send_back(sandbox, charge, "R01")

    reread(charge)

    refund.refresh_from_db()
    assert refund.state == S.CANCELED
    assert not Invoice.objects.exists()


def test_a_refund_that_the_bank_return_overtook_is_owed_by_debit_memo(
    settled: Callable[..., PaymentTransaction],
    sandbox: Sandbox,
    clerk: User,
    order: Order,
    run: Run,
    later: Later,
    books: Books,
) -> None:
    setting_set(key=ACH_REFUND_HOLD.key, value=0, organization=order.organization)
    charge = settled()
    refund = run(given_back(charge, "40.00", clerk))
    send_back(sandbox, charge, "R10")
    reread(charge)
    assert refund.state == S.PENDING
    later(days=7)

    refund = reread(refund)

    assert refund.state == S.APPROVED
    assert Invoice.objects.get(kind=InvoiceKind.DEBIT_MEMO).total == Decimal(40)
    assert (books(AccountName.CUSTOMER_DEPOSIT), books(AccountName.RECEIVABLE)) == (Decimal(0), Decimal(40))
    assert ledger_check() == []
