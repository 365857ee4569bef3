"""One way for every payment, against a real gateway: what is sent once, what is recorded, what never happens."""

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone
from moneyed import Money
from pytest_django import Settings

from commerce.models import Order, OrderState
from ledger.models import AccountName
from oropay import engine, locks
from oropay.engine.gateways import gateway_of
from oropay.exceptions import AlreadyBeingPaid, AmountTooLarge, NothingPayable
from oropay.gateway.globalpayments.answers import answer_of
from oropay.gateway.globalpayments.verdicts import Method, Step
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
    ProviderAccount,
    TransactionState,
    Watch,
)
from oropay.services import PartAsked, PaymentAsked, SavedInstrument, payment_start
from tests.contract.sandbox import DECLINED_VISA, Sandbox
from tests.oropay.house import bank, charges_at_gateway, reload, request_of, sending

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]


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


def test_a_gateway_that_cannot_be_reached_is_tried_three_times_and_then_nothing_was_sent(
    start: Start, run: Run, payable: Payable, integration: Integration, books: Books
) -> None:
    payment = start()
    account = payment.provider_account
    assert account is not None
    account.service_url = "http://127.0.0.1:9/ucp"
    account.save()

    first = run(payment)
    states = [first.state, *(run(payment).state for _ in range(2))]

    row = payment.transactions.get()
    assert first.next_at is not None  # not at once: the sweep sends it again when it is due
    assert first.next_at > timezone.now()
    assert states == [TransactionState.QUEUED, TransactionState.QUEUED, TransactionState.FAILED]
    assert (row.failure_reason, row.tries) == (FailureReason.NOT_SENT, 3)
    assert reload(payable).payable_now == 100
    assert books(AccountName.GATEWAY_CLEARING) == 0
    assert not Watch.objects.exists()


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
    told = Alert.objects.get(transaction=row, kind=AlertKind.AMOUNT_DIFFERS).text
    assert "the gateway shows TRN_other" in told
    assert "All of it is reversed by itself" in told
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
    first = gateway_of(account=payment.provider_account).charge(request_of(row))

    after = run(row)

    assert first.verdict == Verdict.APPROVED
    assert (after.state, after.gateway_id) == (TransactionState.APPROVED, first.gateway_id)
    assert charges_at_gateway(sandbox, row) == ["CAPTURED"]
    assert books(AccountName.GATEWAY_CLEARING) == Decimal(100)
    assert reload(payable).paid == Decimal(100)


def test_a_reused_key_that_names_another_transaction_is_not_adopted(
    start: Start, run: Run, payable: Payable, sandbox: Sandbox, books: Books
) -> None:
    """409 names a charge of the same amount that somebody else made: it carries another reference."""
    payment = start()
    row = payment.transactions.get()
    other = replace(request_of(row), reference="somebody-elses", idempotency_key=str(uuid.uuid4()))
    named = gateway_of(account=payment.provider_account).charge(other)
    seen_before = {
        "error_code": "DUPLICATE_ACTION",
        "detailed_error_code": "40039",
        "detailed_error_description": f"Idempotency Key seen before: id={named.gateway_id}, status=CAPTURED",
    }
    match = {"endpoint": "/transactions", "method": "POST", "reference": row.reference}
    sandbox.control("/rules", {"match": match, "action": {"http": {"status": 409, "body": seen_before}}, "times": 1})

    after = run(row)

    assert named.verdict == Verdict.APPROVED
    assert (after.state, after.gateway_id) == (TransactionState.UNKNOWN, "")
    alert = Alert.objects.get(transaction=row)
    assert alert.kind == AlertKind.IDENTITY_MISMATCH
    assert named.gateway_id in alert.text
    assert reload(payable).paid == 0
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_a_strangers_transaction_is_never_taken_for_ours(start: Start, books: Books) -> None:
    row = start().transactions.get()
    PaymentTransaction.objects.filter(pk=row.pk).update(state=TransactionState.SENDING, tries=1)

    engine.record(
        transaction_id=row.pk,
        answer=Answer(verdict=Verdict.UNKNOWN, gateway_id="TRN_stranger", foreign=True),
        kind="send",
    )

    row.refresh_from_db()
    assert (row.state, row.gateway_id) == (TransactionState.UNKNOWN, "")
    assert Alert.objects.get(transaction=row).kind == AlertKind.IDENTITY_MISMATCH
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_a_payment_without_a_gateway_to_build_is_not_sent(
    start: Start, run: Run, payable: Payable, books: Books
) -> None:
    payment = start()
    ProviderAccount.objects.update(kind="nobody-knows-it")

    states = [run(payment).state for _ in range(3)]

    row = payment.transactions.get()
    assert states == [TransactionState.QUEUED, TransactionState.QUEUED, TransactionState.FAILED]
    assert (row.failure_reason, reload(payable).payable_now) == (FailureReason.NOT_SENT, Decimal(100))
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_a_fraud_review_is_read_again_until_the_gateway_has_decided(
    start: Start, payable: Payable, books: Books
) -> None:
    payment = start()
    row = payment.transactions.get()
    PaymentTransaction.objects.filter(pk=row.pk).update(state=TransactionState.SENDING, tries=1)
    sold = gateway_of(account=payment.provider_account).charge(request_of(row))
    held = replace(sold, verdict=Verdict.REVIEW, status="FOR_REVIEW")
    now = timezone.now()
    engine.record(transaction_id=row.pk, answer=held, kind="send", now=now)
    row.refresh_from_db()
    assert (row.state, row.next_at) == (TransactionState.REVIEW, now + timedelta(seconds=90))

    engine.reread(transaction_id=row.pk, now=now)

    row.refresh_from_db()
    assert (row.state, row.next_at) == (TransactionState.APPROVED, None)
    assert reload(payable).paid == Decimal(100)
    assert books(AccountName.GATEWAY_CLEARING) == Decimal(100)


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.RETURNED])
def test_what_the_gateway_rejects_out_of_a_review_is_declined_and_frees_its_order(
    start: Start, payable: Payable, books: Books, verdict: Verdict
) -> None:
    row = sending(start(source=bank()).transactions.get())
    sold = gateway_of(account=row.payment.provider_account).charge(request_of(row))
    held = replace(sold, verdict=Verdict.REVIEW, status="FOR_REVIEW")
    engine.record(transaction_id=row.pk, answer=held, kind="send")

    engine.record(transaction_id=row.pk, answer=replace(held, verdict=verdict, status="REJECTED"), kind="look")

    row.refresh_from_db()
    assert (row.state, row.next_at) == (TransactionState.DECLINED, None)
    assert reload(payable).payable_now == 100
    assert not PaymentPayable.objects.filter(live=True).exists()
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_an_approval_that_names_no_amount_proves_nothing(start: Start, books: Books) -> None:
    row = sending(start().transactions.get())

    answer = Answer(verdict=Verdict.APPROVED, gateway_id="TRN_1", status="CAPTURED")
    engine.record(transaction_id=row.pk, answer=answer, kind="send")

    row.refresh_from_db()
    assert row.state == TransactionState.UNKNOWN
    assert books(AccountName.GATEWAY_CLEARING) == 0
    assert not PaymentTransaction.objects.filter(parent=row).exists()


def test_text_that_no_database_can_hold_is_recorded_all_the_same(start: Start, books: Books) -> None:
    row = sending(start().transactions.get())
    body = {
        "id": "TRN_1",
        "status": "CAPTURED",
        "type": "SALE",
        "reference": row.reference,
        "amount": "10000",
        "currency": "USD",
        "payment_method": {"result": "00", "message": "APPROVED \ud83d\0", "card": {"brand": "VISA"}},
        "action": {"result_code": "SUCCESS"},
    }
    answer = answer_of(json.dumps(body), http_status=200, step=Step.SALE, method=Method.CARD, request={})

    engine.record(transaction_id=row.pk, answer=answer, kind="send")

    row.refresh_from_db()
    assert (row.state, row.message) == (TransactionState.APPROVED, "APPROVED ?")
    assert books(AccountName.GATEWAY_CLEARING) == 100


def test_a_claim_stores_until_when_it_may_be_sent_and_answered_and_the_lease_ends_after_both(
    start: Start, settings: Settings
) -> None:
    settings.OROPAY_SEND_WITHIN, settings.OROPAY_CONNECT_TIMEOUT = timedelta(seconds=10), timedelta(seconds=5)
    settings.OROPAY_READ_TIMEOUT, settings.OROPAY_LEASE_MARGIN = timedelta(seconds=30), timedelta(seconds=5)
    row = start().transactions.get()
    before = timezone.now()

    claimed = locks.claim(pk=row.pk)
    again = locks.claim(pk=row.pk)

    after = timezone.now()
    row.refresh_from_db()
    assert claimed is not None
    assert (claimed.tries, again, row.state) == (1, None, TransactionState.SENDING)
    assert row.send_before is not None
    assert before <= row.send_before - timedelta(seconds=10) <= after
    assert row.answer_by == row.send_before + timedelta(seconds=35)
    assert row.lease_until == row.answer_by + timedelta(seconds=5)
    assert row.next_at == row.lease_until
