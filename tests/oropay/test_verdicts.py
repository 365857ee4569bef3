"""What no evidence decides is decided by two persons after a day, booked like any other news, and watched."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from commerce.models import Order, User
from commerce.services import setting_set
from invoices.models import Invoice, InvoiceKind
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay import engine
from oropay.exceptions import ApprovalChanged, NoteRequired, VerdictRefused
from oropay.models import (
    Action,
    Alert,
    AlertKind,
    Approval,
    DriftFinding,
    FailureReason,
    Integration,
    NotificationState,
    Payable,
    Payment,
    PaymentTransaction,
    RefundReason,
    TransactionState,
    Watch,
)
from oropay.scoped import ACH_REFUND_HOLD
from oropay.services import (
    EvidenceFile,
    approval_agree,
    cancel_start,
    capture_start,
    refundable,
    verdict_propose,
)
from plumbing.models import DocumentKind
from tests.contract.sandbox import Sandbox
from tests.invoices.house import posted_lines
from tests.oropay.books import portal
from tests.oropay.house import given_back, refund_of, reload, reread, send_back
from tests.oropay.notices import drain, tell

S = TransactionState
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Start = Callable[..., Payment]
Books = Callable[[AccountName], Decimal]


Lose = Callable[..., PaymentTransaction]
Decide = Callable[..., PaymentTransaction]


@pytest.fixture
def lost(start: Start, lose: Lose) -> PaymentTransaction:
    """A charge of 100.00 whose answer was lost two days ago."""
    return lose(start().transactions.get(), "/transactions")


def test_a_charge_decided_as_taken_is_booked_and_shown_to_finance(
    lost: PaymentTransaction, decide: Decide, payable: Payable, books: Books
) -> None:
    row = decide(lost, taken=True, gateway_id="TRN_from_support")

    assert (row.state, row.gateway_id) == (S.APPROVED, "TRN_from_support")
    assert books(AccountName.GATEWAY_CLEARING) == 100
    assert reload(payable).paid == 100
    assert Alert.objects.get(transaction=row).kind == AlertKind.DECIDED
    assert ledger_check() == []


def test_a_charge_decided_as_not_taken_frees_its_order_and_is_watched(
    lost: PaymentTransaction, decide: Decide, payable: Payable, books: Books
) -> None:
    row = decide(lost, taken=False)

    assert (row.state, row.failure_reason) == (S.FAILED, FailureReason.NOT_TAKEN)
    assert books(AccountName.GATEWAY_CLEARING) == 0
    assert reload(payable).payable_now == 100
    assert Watch.objects.get(transaction=row).until > timezone.now() + timedelta(days=89)


def test_a_verdict_must_wait_a_day(start: Start, run: Run, sandbox: Sandbox, maker: User) -> None:
    row = start().transactions.get()
    sandbox.control("/rules", {"match": {"endpoint": "/transactions"}, "action": {"drop": {"when": "before"}}})
    run(row)

    with pytest.raises(VerdictRefused, match="24 hours"):
        verdict_propose(row=row, taken=False, evidence="impatient", by=maker, now=timezone.now())

    assert not Approval.objects.exists()


def test_a_verdict_needs_evidence_and_what_was_taken_needs_its_id(lost: PaymentTransaction, maker: User) -> None:
    with pytest.raises(NoteRequired):
        verdict_propose(row=lost, taken=False, evidence=" ", by=maker, now=timezone.now())
    with pytest.raises(VerdictRefused, match="id at the gateway"):
        verdict_propose(row=lost, taken=True, evidence="support", by=maker, now=timezone.now())

    assert not Approval.objects.exists()


def test_what_waits_for_a_second_person_is_not_said_twice(lost: PaymentTransaction, maker: User) -> None:
    first = verdict_propose(row=lost, taken=False, evidence="their support", by=maker, now=timezone.now())

    with pytest.raises(VerdictRefused, match="What somebody said of it waits for a second person"):
        verdict_propose(row=lost, taken=False, evidence="again", by=maker, now=timezone.now())

    assert list(Approval.objects.all()) == [first]


def test_the_id_of_another_transaction_is_refused(
    start: Start, run: Run, lose: Lose, maker: User, payable: Payable
) -> None:
    other = run(start(amount="40.00"))
    row = lose(start(amount="60.00").transactions.get(), "/transactions")

    with pytest.raises(VerdictRefused, match="another transaction"):
        verdict_propose(
            row=row, taken=True, gateway_id=other.gateway_id, evidence="support", by=maker, now=timezone.now()
        )

    assert not Approval.objects.exists()


def test_evidence_may_be_a_file_and_is_kept_with_the_question(lost: PaymentTransaction, maker: User) -> None:
    asked = verdict_propose(
        row=lost,
        taken=False,
        evidence="see letter",
        document=EvidenceFile(name="letter.pdf", content_type="application/pdf", content=b"%PDF-1"),
        by=maker,
        now=timezone.now(),
    )

    assert asked.document is not None
    assert (asked.document.kind, bytes(asked.document.content)) == (DocumentKind.EVIDENCE, b"%PDF-1")


def test_evidence_that_comes_before_the_second_person_voids_the_question(
    start: Start, lose: Lose, maker: User, second: User, books: Books
) -> None:
    row = lose(start().transactions.get(), "/transactions", when="after")
    asked = verdict_propose(row=row, taken=False, evidence="a guess", by=maker, now=timezone.now())
    engine.look(transaction_id=row.pk, now=timezone.now())

    with pytest.raises(ApprovalChanged):
        approval_agree(approval=asked, by=second, now=timezone.now())

    row.refresh_from_db()
    assert row.state == S.APPROVED
    assert books(AccountName.GATEWAY_CLEARING) == 100


@pytest.mark.parametrize(("taken", "given"), [(True, 40), (False, 0)])
def test_a_lost_refund_ends_by_a_verdict_only(
    start: Start, run: Run, lose: Lose, decide: Decide, order: Order, books: Books, taken: bool, given: int
) -> None:
    charge = run(start())
    row = lose(refund_of(charge, "40.00", by=order.placed_by), "/transactions/{id}/refund")

    after = decide(row, taken=taken, gateway_id="TRN_refund" if taken else "")

    assert after.state == (S.APPROVED if taken else S.FAILED)
    assert books(AccountName.GATEWAY_CLEARING) == 100 - given
    assert ledger_check() == []


@pytest.mark.parametrize(("taken", "paid"), [(True, 100), (False, 0)])
def test_a_lost_capture_may_be_decided(
    held: PaymentTransaction, lose: Lose, decide: Decide, order: Order, payable: Payable, taken: bool, paid: int
) -> None:
    capture = capture_start(hold=held, amount=Decimal(100), by=order.placed_by, now=timezone.now())
    row = lose(capture, "/transactions/{id}/capture")

    after = decide(row, taken=taken)

    assert after.state == (S.APPROVED if taken else S.FAILED)
    assert reload(payable).paid == paid
    assert Watch.objects.filter(transaction=row).exists() is not taken


@pytest.mark.parametrize(("taken", "held_now"), [(True, 0), (False, 100)])
def test_a_lost_cancel_may_be_decided(
    held: PaymentTransaction, lose: Lose, decide: Decide, order: Order, payable: Payable, taken: bool, held_now: int
) -> None:
    cancel = cancel_start(
        transaction=held, reason=RefundReason.OTHER, note="wrong", by=order.placed_by, now=timezone.now()
    )
    row = lose(cancel, "/transactions/{id}/reversal")

    after = decide(row, taken=taken)

    assert after.state == (S.APPROVED if taken else S.FAILED)
    assert reload(payable).held == held_now


def test_a_refund_ruled_out_that_turns_up_after_all_is_booked_and_lowers_what_is_left(
    start: Start, run: Run, lose: Lose, decide: Decide, order: Order, books: Books
) -> None:
    charge = run(start())
    row = lose(refund_of(charge, "40.00", by=order.placed_by), "/transactions/{id}/refund", when="after")
    decide(row, taken=False)

    engine.watch(transaction_id=row.pk, now=timezone.now())

    late = PaymentTransaction.objects.get(late=True)
    family = list(charge.payment.transactions.order_by("pk"))
    assert (late.action, late.parent_id, late.state) == (Action.REFUND, row.pk, S.APPROVED)
    assert books(AccountName.GATEWAY_CLEARING) == 60
    assert refundable(transaction=charge, family=family).limit == 60
    assert not PaymentTransaction.objects.filter(action=Action.CANCEL).exists()
    assert "the customer has it twice" in Alert.objects.get(transaction=late, kind=AlertKind.ARRIVED_LATE).text
    assert ledger_check() == []


def test_a_charge_ruled_out_that_turns_up_is_told_by_a_notification_and_given_back_if_nobody_waits_for_it(
    start: Start,
    run: Run,
    lose: Lose,
    decide: Decide,
    payable: Payable,
    books: Books,
    integration: Integration,
    sandbox: Sandbox,
) -> None:
    lost = lose(start().transactions.get(), "/transactions", when="after")
    decide(lost, taken=False)
    run(start())
    gateway_id = sandbox.gateway().find_by_reference(reference=lost.reference).found[0].gateway_id

    told = tell(integration, {"id": gateway_id, "status": "CAPTURED"})
    drain(integration)
    told.refresh_from_db()
    late = PaymentTransaction.objects.get(late=True)
    run(PaymentTransaction.objects.get(parent=late))

    assert (told.state, told.transaction_id) == (NotificationState.PROCESSED, late.pk)
    assert (late.parent_id, late.state, late.gateway_id) == (lost.pk, S.APPROVED, gateway_id)
    assert Alert.objects.get(transaction=late).kind == AlertKind.ARRIVED_LATE
    assert books(AccountName.GATEWAY_CLEARING) == 100
    assert reload(payable).paid == 100
    assert not DriftFinding.objects.exists()
    assert ledger_check() == []


def test_a_bank_refund_ruled_out_that_turns_up_after_the_bank_took_the_debit_back_is_owed_by_debit_memo(
    settled: Callable[..., PaymentTransaction],
    lose: Lose,
    decide: Decide,
    sandbox: Sandbox,
    later: Callable[..., None],
    order: Order,
    clerk: User,
    books: Books,
) -> None:
    setting_set(key=ACH_REFUND_HOLD.key, value=0, organization=order.organization)
    debit = settled()
    row = lose(given_back(debit, "40.00", clerk), "/transactions/{id}/refund", when="after")
    decide(row, taken=False)
    send_back(sandbox, debit, "R10")
    reread(debit)

    engine.watch(transaction_id=row.pk, now=timezone.now())
    later(days=7)
    late = reread(PaymentTransaction.objects.get(late=True))

    assert (late.action, late.state) == (Action.REFUND, S.APPROVED)
    memo = Invoice.objects.get(kind=InvoiceKind.DEBIT_MEMO)
    assert (memo.total, memo.cause) == (Decimal(40), late)
    assert posted_lines(f"invoice:{memo.pk}") == [{"gateway_clearing": "-40.00", "receivable": "40.00"}]
    assert posted_lines(f"transaction:{late.pk}") == []
    assert (books(AccountName.CUSTOMER_DEPOSIT), books(AccountName.CUSTOMER_CREDIT)) == (Decimal(0), Decimal(0))
    assert (books(AccountName.RECEIVABLE), books(AccountName.GATEWAY_CLEARING)) == (Decimal(40), Decimal(-40))
    assert ledger_check() == []


@pytest.mark.usefixtures("empty_gateway")
def test_what_a_late_refund_gave_back_is_not_left_for_a_refund_in_the_portal(
    charge: PaymentTransaction,
    lose: Lose,
    decide: Decide,
    order: Order,
    compare: Callable[[], list[tuple[str, bool]]],
    sandbox: Sandbox,
    books: Books,
) -> None:
    row = lose(refund_of(charge, "40.00", by=order.placed_by), "/transactions/{id}/refund", when="after")
    decide(row, taken=False)
    engine.watch(transaction_id=row.pk, now=timezone.now())
    sandbox.gateway().refund(portal(charge.gateway_id, "70"))

    compare()

    refund = PaymentTransaction.objects.get(action=Action.REFUND, outside=True)
    lines = [(line.source, line.amount) for line in refund.refund_lines.order_by("pk")]
    assert lines == [("deposit", Decimal(60)), ("credit", Decimal(10))]
    memo = Invoice.objects.get(kind=InvoiceKind.DEBIT_MEMO)
    assert (memo.cause, memo.cause_kind, memo.total) == (refund, "overrefunded", Decimal(10))
    assert (books(AccountName.CUSTOMER_DEPOSIT), books(AccountName.CUSTOMER_CREDIT)) == (Decimal(0), Decimal(0))
    assert ledger_check() == []
