"""One way for every payment, against a real gateway: what is sent once, what is recorded, what never happens."""

import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone
from moneyed import Money

from commerce.models import Order, OrderState
from ledger.models import AccountName
from oropay import engine
from oropay.engine.execute import Claim, _sale, gateway_of
from oropay.engine.unknown import lease_expired
from oropay.exceptions import AlreadyBeingPaid, AmountTooLarge, NothingPayable
from oropay.gateway.guard import TransactionOpen, assert_no_transaction
from oropay.gateway.port import Answer, Verdict
from oropay.models import (
    Action,
    Alert,
    AlertKind,
    FailureReason,
    InstrumentState,
    Integration,
    MoneyState,
    Payable,
    Payment,
    PaymentPayable,
    PaymentStatus,
    PaymentTransaction,
    TransactionState,
)
from oropay.services import PartAsked, PaymentAsked, SavedInstrument, payment_start
from tests.contract.sandbox import DECLINED_VISA, Sandbox

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]


def charges_at_gateway(sandbox: Sandbox, row: PaymentTransaction) -> list[str]:
    """Status of every transaction the gateway holds under our reference."""
    return [answer.status for answer in sandbox.gateway().find_by_reference(reference=row.reference).found]


def reload(payable: Payable) -> Payable:
    return Payable.objects.get(pk=payable.pk)


def test_an_approved_charge_pays_the_order_and_stands_in_the_books(
    start: Start, run: Run, payable: Payable, order: Order, books: Books, sandbox: Sandbox
) -> None:
    payment = start()

    row = run(payment)

    assert (row.state, row.result_code, row.tries) == (TransactionState.APPROVED, "00", 1)
    payment.refresh_from_db()
    assert payment.money_state == MoneyState.CAPTURED
    payable = reload(payable)
    assert (payable.paid, payable.payable_now, payable.status) == (Decimal(100), Decimal(0), PaymentStatus.FULL)
    assert not PaymentPayable.objects.filter(payment=payment, live=True).exists()
    assert books(AccountName.GATEWAY_CLEARING) == 100
    assert books(AccountName.CUSTOMER_DEPOSIT) == -100
    assert Order.objects.get(pk=order.pk).state == OrderState.OPEN
    assert charges_at_gateway(sandbox, row) == ["CAPTURED"]


def test_a_declined_charge_takes_nothing_and_frees_the_order_for_another_card(
    start: Start, run: Run, payable: Payable, books: Books
) -> None:
    declined = run(start(card=DECLINED_VISA))

    approved = run(start())

    assert (declined.state, declined.result_code) == (TransactionState.DECLINED, "101")
    assert approved.state == TransactionState.APPROVED
    assert books(AccountName.GATEWAY_CLEARING) == 100
    assert reload(payable).paid == 100


def test_the_second_click_joins_the_payment_already_running(start: Start, payable: Payable) -> None:
    key = uuid.uuid4()
    first = start(attempt_key=key)

    second = start(attempt_key=key)

    assert second.pk == first.pk
    assert PaymentTransaction.objects.filter(payment__parts__payable=payable).count() == 1


def test_a_colleague_is_told_that_somebody_is_paying_now(start: Start, payable: Payable) -> None:
    start()

    with pytest.raises(AlreadyBeingPaid, match="Nothing was charged by you"):
        start()

    assert Payment.objects.filter(parts__payable=payable).count() == 1


def test_a_paid_order_cannot_be_paid_again(start: Start, run: Run, payable: Payable) -> None:
    run(start())

    with pytest.raises(NothingPayable):
        start()

    assert Payment.objects.filter(parts__payable=payable).count() == 1


def test_more_than_is_payable_is_refused(start: Start, payable: Payable) -> None:
    with pytest.raises(AmountTooLarge, match=r"Nothing was charged. \$100.01 is more than the \$100.00"):
        start(amount="100.01")

    assert not Payment.objects.filter(parts__payable=payable).exists()


def test_executing_twice_sends_once(start: Start, run: Run, sandbox: Sandbox) -> None:
    payment = start()
    row = run(payment)

    again = run(row)

    assert again.tries == 1
    assert charges_at_gateway(sandbox, row) == ["CAPTURED"]


def test_a_card_that_was_to_be_kept_pays_the_next_time(
    start: Start, run: Run, payable: Payable, integration: Integration
) -> None:
    first = start(amount="40.00", keep=True)
    run(first)
    first.refresh_from_db()
    assert first.instrument is not None
    assert first.instrument.state == InstrumentState.ACTIVE

    second = run(start(amount="60.00", source=SavedInstrument(instrument_id=first.instrument.pk)))

    assert second.state == TransactionState.APPROVED
    assert reload(payable).paid == 100


# -- answers that are lost ----------------------------------------------------------------------------------------


def test_a_timeout_after_the_gateway_committed_ends_paid_once(
    start: Start, run: Run, payable: Payable, sandbox: Sandbox, books: Books
) -> None:
    payment = start(keep=True)
    row = payment.transactions.get()
    sandbox.control(
        "/rules", {"match": {"reference": row.reference}, "action": {"timeout": {"ms": 6000, "when": "after"}}}
    )

    lost = run(payment)
    assert lost.state == TransactionState.UNKNOWN
    payment.refresh_from_db()
    assert payment.money_state == MoneyState.UNKNOWN
    with pytest.raises(AlreadyBeingPaid):
        start()
    engine.look(transaction_id=row.pk, now=timezone.now())

    row.refresh_from_db()
    assert row.state == TransactionState.APPROVED
    assert charges_at_gateway(sandbox, row) == ["CAPTURED"]
    assert books(AccountName.GATEWAY_CLEARING) == 100
    assert reload(payable).paid == 100
    payment.refresh_from_db()
    assert payment.instrument is not None
    assert payment.instrument.state in {InstrumentState.ONCE, InstrumentState.ACTIVE}


def test_a_charge_that_never_arrived_is_proven_absent_and_then_fails(
    start: Start, run: Run, payable: Payable, sandbox: Sandbox, books: Books
) -> None:
    payment = start()
    row = payment.transactions.get()
    sandbox.control("/rules", {"match": {"reference": row.reference}, "action": {"drop": {"when": "before"}}})
    assert run(payment).state == TransactionState.UNKNOWN
    long_ago = timezone.now() - timedelta(minutes=5)
    PaymentTransaction.objects.filter(pk=row.pk).update(answer_by=long_ago)

    engine.look(transaction_id=row.pk, now=timezone.now())
    assert not PaymentTransaction.objects.filter(parent=row).exists()
    PaymentTransaction.objects.filter(pk=row.pk).update(absent_since=long_ago)
    engine.look(transaction_id=row.pk, now=timezone.now())
    reversal = run(PaymentTransaction.objects.get(parent=row))

    row.refresh_from_db()
    assert (reversal.state, reversal.failure_reason) == (TransactionState.FAILED, FailureReason.NEVER_ARRIVED)
    assert (row.state, row.failure_reason) == (TransactionState.FAILED, FailureReason.NEVER_ARRIVED)
    assert reload(payable).payable_now == 100
    assert books(AccountName.GATEWAY_CLEARING) == 0
    assert charges_at_gateway(sandbox, row) == []
    assert not Alert.objects.filter(transaction=reversal).exists()


def test_a_charge_that_commits_after_it_was_found_absent_is_reversed(
    start: Start, run: Run, payable: Payable, sandbox: Sandbox, books: Books
) -> None:
    """The look-ups saw nothing, the reversal finds it: 200 proves it canceled."""
    payment = start()
    row = payment.transactions.get()
    sandbox.control("/rules", {"match": {"reference": row.reference}, "action": {"drop": {"when": "after"}}})
    assert run(payment).state == TransactionState.UNKNOWN
    with transaction.atomic():
        engine.unknown._reverse.__wrapped__(transaction_id=row.pk)  # type: ignore[attr-defined]

    reversal = run(PaymentTransaction.objects.get(parent=row))

    row.refresh_from_db()
    assert reversal.state == TransactionState.APPROVED
    assert row.state == TransactionState.CANCELED
    assert charges_at_gateway(sandbox, row) == ["REVERSED"]
    assert reload(payable).payable_now == 100
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_a_worker_that_vanished_leaves_unknown_and_nothing_is_sent_again(
    start: Start, run: Run, sandbox: Sandbox
) -> None:
    payment = start()
    row = payment.transactions.get()
    now = timezone.now()
    PaymentTransaction.objects.filter(pk=row.pk).update(
        state=TransactionState.SENDING, tries=1, lease_until=now - timedelta(seconds=1), answer_by=now
    )

    lease_expired(transaction_id=row.pk, now=now)
    after = run(row)

    assert (after.state, after.tries) == (TransactionState.UNKNOWN, 1)
    assert charges_at_gateway(sandbox, row) == []


@pytest.mark.parametrize(("named", "expected"), [(True, TransactionState.APPROVED), (False, TransactionState.UNKNOWN)])
def test_a_worker_that_comes_back_after_its_lease_brings_evidence_not_an_order(
    start: Start, named: bool, expected: TransactionState, books: Books
) -> None:
    row = start().transactions.get()
    PaymentTransaction.objects.filter(pk=row.pk).update(state=TransactionState.SENDING, tries=1)
    engine.record(transaction_id=row.pk, answer=Answer(verdict=Verdict.UNKNOWN), kind="send")

    late = Answer(
        verdict=Verdict.APPROVED,
        gateway_id="TRN_late",
        status="CAPTURED",
        type="SALE",
        amount=Money(100, "USD"),
        reference=row.reference if named else "somebody-elses",
    )
    engine.record(transaction_id=row.pk, answer=late, kind="send")

    row.refresh_from_db()
    assert row.state == expected
    assert books(AccountName.GATEWAY_CLEARING) == (100 if named else 0)
    assert Alert.objects.filter(transaction=row, kind=AlertKind.IDENTITY_MISMATCH).exists() != named


def test_a_gateway_that_cannot_be_reached_is_tried_three_times_and_then_nothing_was_sent(
    start: Start, run: Run, payable: Payable, integration: Integration, books: Books
) -> None:
    payment = start()
    account = payment.provider_account
    assert account is not None
    account.service_url = "http://127.0.0.1:9/ucp"
    account.save()

    states = [run(payment).state for _ in range(3)]

    row = payment.transactions.get()
    assert states == [TransactionState.QUEUED, TransactionState.QUEUED, TransactionState.FAILED]
    assert (row.failure_reason, row.tries) == (FailureReason.NOT_SENT, 3)
    assert reload(payable).payable_now == 100
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_an_answer_for_another_amount_leaves_it_unknown_and_asks_for_its_reversal(
    start: Start, run: Run, payable: Payable, books: Books
) -> None:
    payment = start()
    row = payment.transactions.get()
    PaymentTransaction.objects.filter(pk=row.pk).update(state=TransactionState.SENDING, tries=1)

    engine.record(
        transaction_id=row.pk,
        answer=Answer(verdict=Verdict.APPROVED, gateway_id="TRN_other", status="CAPTURED", amount=Money(90, "USD")),
        kind="send",
    )

    row.refresh_from_db()
    assert row.state == TransactionState.UNKNOWN
    assert Alert.objects.filter(transaction=row, kind=AlertKind.AMOUNT_DIFFERS).count() == 1
    assert PaymentTransaction.objects.get(parent=row).action == Action.CANCEL
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_a_late_answer_changes_nothing_once_the_row_is_final(start: Start, run: Run, books: Books) -> None:
    row = run(start(card=DECLINED_VISA))

    engine.record(transaction_id=row.pk, answer=Answer(verdict=Verdict.APPROVED, gateway_id="TRN_late"), kind="send")

    row.refresh_from_db()
    assert row.state == TransactionState.DECLINED
    assert row.exchanges.count() == 2
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_the_gateway_is_never_called_inside_a_transaction(db: None) -> None:
    with transaction.atomic(), pytest.raises(TransactionOpen, match="was not called"):
        assert_no_transaction()

    assert_no_transaction()


def test_a_stranger_cannot_pay_with_somebody_elses_saved_card(
    start: Start, run: Run, payable: Payable, integration: Integration
) -> None:
    from oropay.exceptions import InstrumentUnusable
    from tests.factories import UserFactory

    kept = start(amount="40.00", keep=True)
    run(kept)

    with pytest.raises(InstrumentUnusable):
        payment_start(
            asked=PaymentAsked(
                parts=[PartAsked(payable_id=payable.pk, amount=Decimal("60.00"))],
                integration_id=integration.pk,
                source=SavedInstrument(instrument_id=kept.instrument_id or 0),
                attempt_key=uuid.uuid4(),
            ),
            by=UserFactory.create(),
            website=payable.order.website,  # type: ignore[union-attr]
            now=timezone.now(),
        )

    assert reload(payable).payable_now == 60


def test_a_reused_key_is_an_answer_and_its_transaction_is_adopted(
    start: Start, run: Run, payable: Payable, sandbox: Sandbox, books: Books
) -> None:
    """Somebody sent our request before we did, with our own key: 409 names the transaction, and it is ours."""
    payment = start()
    row = payment.transactions.get()
    claim = Claim(transaction=row, send_before=time.monotonic() + 10)
    first = gateway_of(account=payment.provider_account).charge(_sale(claim=claim))

    after = run(row)

    assert first.verdict == Verdict.APPROVED
    assert (after.state, after.gateway_id) == (TransactionState.APPROVED, first.gateway_id)
    assert charges_at_gateway(sandbox, row) == ["CAPTURED"]
    assert books(AccountName.GATEWAY_CLEARING) == Decimal(100)
    assert reload(payable).paid == Decimal(100)


def test_a_strangers_transaction_is_never_taken_for_ours(start: Start, books: Books) -> None:
    row = start().transactions.get()
    PaymentTransaction.objects.filter(pk=row.pk).update(state=TransactionState.SENDING, tries=1)

    engine.record(
        transaction_id=row.pk,
        answer=Answer(verdict=Verdict.UNKNOWN, gateway_id="TRN_stranger", error_text="identity mismatch"),
        kind="send",
    )

    row.refresh_from_db()
    assert (row.state, row.gateway_id) == (TransactionState.UNKNOWN, "")
    assert Alert.objects.get(transaction=row).kind == AlertKind.IDENTITY_MISMATCH
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_the_first_good_answer_wakes_everything_unknown(start: Start, run: Run, payable: Payable) -> None:
    lost = start(amount="40.00").transactions.get()
    PaymentTransaction.objects.filter(pk=lost.pk).update(state=TransactionState.SENDING, tries=1)
    engine.record(transaction_id=lost.pk, answer=Answer(verdict=Verdict.UNKNOWN), kind="send")
    far = timezone.now() + timedelta(hours=1)
    PaymentTransaction.objects.filter(pk=lost.pk).update(next_at=far, looks=9)
    PaymentPayable.objects.filter(payable=payable).update(live=False)

    run(start(amount="60.00"))

    lost.refresh_from_db()
    assert lost.looks == 0
    assert lost.next_at is not None
    assert lost.next_at < far
