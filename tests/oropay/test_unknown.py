"""Answers that are lost: unknown ends by evidence only, and nothing is ever sent twice."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import cast

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from moneyed import Money
from pytest_django import Settings

from ledger.models import AccountName
from oropay import engine
from oropay.engine import unknown
from oropay.engine.unknown import lease_expired
from oropay.exceptions import AlreadyBeingPaid
from oropay.gateway.port import Answer, Listing, PaymentGateway, Verdict
from oropay.models import (
    Alert,
    AlertKind,
    FailureReason,
    InstrumentState,
    MoneyState,
    Payable,
    Payment,
    PaymentPayable,
    PaymentTransaction,
    ProviderAccount,
    ProviderHealth,
    TransactionState,
)
from oropay.services.followup import reversal_queue
from tests.contract.sandbox import Sandbox
from tests.oropay.house import charges_at_gateway, overdue, prove_absent, reload, request_of, sending

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]


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


def test_the_first_good_answer_after_a_silence_wakes_everything_unknown(
    start: Start, run: Run, payable: Payable
) -> None:
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


@pytest.mark.parametrize(
    ("when", "reversal_is", "charge_is"),
    [
        ("after", TransactionState.APPROVED, TransactionState.CANCELED),
        ("before", TransactionState.FAILED, TransactionState.UNKNOWN),
    ],
)
def test_a_reversal_whose_answer_was_lost_is_judged_by_what_the_gateway_lists(
    start: Start,
    run: Run,
    sandbox: Sandbox,
    books: Books,
    when: str,
    reversal_is: TransactionState,
    charge_is: TransactionState,
) -> None:
    payment = start()
    row = payment.transactions.get()
    sandbox.control("/rules", {"match": {"reference": row.reference}, "action": {"drop": {"when": "after"}}})
    run(payment)
    row.refresh_from_db()
    reversal = reversal_queue(lost=row, now=timezone.now())
    sandbox.control(
        "/rules", {"match": {"endpoint": "/transactions/{id}/reversal"}, "action": {"drop": {"when": when}}}
    )
    assert run(reversal).state == TransactionState.UNKNOWN
    PaymentTransaction.objects.filter(pk=reversal.pk).update(answer_by=timezone.now() - timedelta(minutes=5))

    engine.look(transaction_id=reversal.pk, now=timezone.now())

    row.refresh_from_db()
    reversal.refresh_from_db()
    assert (reversal.state, row.state) == (reversal_is, charge_is)
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_a_reversal_by_reference_that_is_refused_leaves_both_unknown_and_is_not_sent_again(
    start: Start, run: Run, sandbox: Sandbox, payable: Payable
) -> None:
    row = start().transactions.get()
    sandbox.control("/rules", {"match": {"reference": row.reference}, "action": {"drop": {"when": "before"}}})
    run(row)
    refusal = {"error_code": "INVALID_REQUEST_DATA", "detailed_error_code": "40213", "detailed_error_description": "id"}
    rule = {"endpoint": "/transactions/{id}/reversal"}
    sandbox.control("/rules", {"match": rule, "action": {"http": {"status": 400, "body": refusal}}, "times": 1})

    prove_absent(row)
    reversal = row.children.get()
    for each in (reversal, row):
        overdue(each)
        PaymentTransaction.objects.filter(pk=each.pk).update(absent_since=timezone.now() - timedelta(minutes=5))
        engine.look(transaction_id=each.pk, now=timezone.now())

    row.refresh_from_db()
    reversal.refresh_from_db()
    assert (row.state, reversal.state) == (TransactionState.UNKNOWN, TransactionState.UNKNOWN)
    assert [child.pk for child in row.children.all()] == [reversal.pk]
    assert Alert.objects.get(transaction=reversal).kind == AlertKind.REFUSED_REQUEST
    assert PaymentPayable.objects.get(payable=payable).live


def lost_for_ninety(start: Start, run: Run, sandbox: Sandbox) -> PaymentTransaction:
    """A charge of 100.00 whose answer was lost; the gateway took 90.00 for it."""
    row = start().transactions.get()
    sandbox.control("/rules", {"match": {"reference": row.reference}, "action": {"drop": {"when": "before"}}})
    assert run(row).state == TransactionState.UNKNOWN
    sandbox.gateway().charge(replace(request_of(row), amount=Money(90, "USD")))
    return row


def test_a_lost_charge_found_for_another_amount_is_reversed(
    start: Start, run: Run, sandbox: Sandbox, payable: Payable, books: Books
) -> None:
    row = lost_for_ninety(start, run, sandbox)

    engine.look(transaction_id=row.pk, now=timezone.now())
    told = Alert.objects.get(transaction=row)
    reversal = run(row.children.get())

    row.refresh_from_db()
    assert (reversal.state, row.state) == (TransactionState.APPROVED, TransactionState.CANCELED)
    assert charges_at_gateway(sandbox, row) == ["REVERSED"]
    assert (told.kind, told.resolved_at) == (AlertKind.AMOUNT_DIFFERS, None)
    assert "All of it is reversed by itself" in told.text
    assert Alert.objects.get(transaction=row).resolved_at is not None
    assert (reload(payable).paid, reload(payable).payable_now) == (Decimal(0), Decimal(100))
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_another_amount_that_can_no_longer_be_reversed_is_left_to_people(
    start: Start, run: Run, sandbox: Sandbox, books: Books
) -> None:
    row = lost_for_ninety(start, run, sandbox)
    engine.look(transaction_id=row.pk, now=timezone.now())
    sandbox.control("/settlement/run", {})

    reversal = run(row.children.get())
    engine.look(transaction_id=row.pk, now=timezone.now())

    row.refresh_from_db()
    assert (reversal.state, reversal.failure_reason) == (TransactionState.FAILED, FailureReason.BATCH_CLOSED)
    assert (row.state, row.children.count()) == (TransactionState.UNKNOWN, 1)
    assert Alert.objects.filter(transaction=row, kind=AlertKind.AMOUNT_DIFFERS, resolved_at=None).count() == 1
    assert "refund it in the gateway's portal" in Alert.objects.get(transaction=reversal, kind=AlertKind.NOT_DONE).text
    assert books(AccountName.GATEWAY_CLEARING) == 0


@pytest.mark.parametrize(("since_the_last_moment", "counts"), [(-1, False), (9, False), (11, True)])
def test_a_look_proves_absence_only_ten_seconds_after_the_last_moment_of_an_answer(
    start: Start, settings: Settings, since_the_last_moment: int, counts: bool
) -> None:
    settings.OROPAY_ABSENT_GAP = timedelta(seconds=10)
    row = sending(start().transactions.get())
    engine.record(transaction_id=row.pk, answer=Answer(verdict=Verdict.UNKNOWN), kind="send")
    answer_by = timezone.now() - timedelta(seconds=since_the_last_moment)
    PaymentTransaction.objects.filter(pk=row.pk).update(answer_by=answer_by)

    row.refresh_from_db()
    unknown._look_for_sale(row=row, gateway=cast(PaymentGateway, Empty(0)))

    row.refresh_from_db()
    assert (row.absent_since is not None) == counts
    assert row.state == TransactionState.UNKNOWN
    assert not PaymentTransaction.objects.filter(parent=row).exists()


def test_a_worker_whose_clock_is_fast_does_not_prove_absence_too_early(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = sending(start().transactions.get())
    engine.record(transaction_id=row.pk, answer=Answer(verdict=Verdict.UNKNOWN), kind="send")
    PaymentTransaction.objects.filter(pk=row.pk).update(answer_by=Now() + timedelta(seconds=30))
    row.refresh_from_db()
    by_the_wall = timezone.now
    monkeypatch.setattr("django.utils.timezone.now", lambda: by_the_wall() + timedelta(hours=1))

    unknown._look_for_sale(row=row, gateway=cast(PaymentGateway, Empty(0)))
    early = PaymentTransaction.objects.get(pk=row.pk).absent_since
    PaymentTransaction.objects.filter(pk=row.pk).update(answer_by=Now() - timedelta(seconds=30))
    row.refresh_from_db()
    unknown._look_for_sale(row=row, gateway=cast(PaymentGateway, Empty(0)))

    assert early is None
    assert PaymentTransaction.objects.get(pk=row.pk).absent_since is not None


def test_two_look_ups_at_once_do_not_prove_absence(start: Start, settings: Settings) -> None:
    settings.OROPAY_ABSENT_GAP = timedelta(seconds=0.3)
    row = sending(start().transactions.get())
    engine.record(transaction_id=row.pk, answer=Answer(verdict=Verdict.UNKNOWN), kind="send")
    overdue(row)

    for seconds in (0.0, 0.4):
        row.refresh_from_db()
        unknown._look_for_sale(row=row, gateway=cast(PaymentGateway, Empty(seconds)))

    assert not PaymentTransaction.objects.filter(parent=row).exists()


class Empty:
    """A remote party that knows nothing and takes its time to say so."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def find_by_reference(self, *, reference: str) -> Listing:
        time.sleep(self.seconds)
        return Listing(complete=True, found=())


@pytest.mark.parametrize("silence", ["look", "charge"])
def test_whichever_question_met_the_silence_its_end_wakes_the_unknown(
    start: Start, run: Run, payable: Payable, silence: str
) -> None:
    lost = sending(start(amount="40.00").transactions.get())
    engine.record(transaction_id=lost.pk, answer=Answer(verdict=Verdict.UNKNOWN), kind="send")
    PaymentPayable.objects.filter(payable=payable).update(live=False)
    ProviderHealth.objects.all().delete()
    address = ProviderAccount.objects.values_list("service_url", flat=True).get()
    next_one = start(amount="10.00")

    ProviderAccount.objects.update(service_url="http://127.0.0.1:9/ucp")
    if silence == "look":
        engine.look(transaction_id=lost.pk, now=timezone.now())
    else:
        run(next_one)
    ProviderAccount.objects.update(service_url=address)
    far = timezone.now() + timedelta(hours=1)
    PaymentTransaction.objects.filter(pk=lost.pk).update(next_at=far, looks=9)
    run(next_one)

    lost.refresh_from_db()
    assert lost.looks == 0
    assert lost.next_at is not None
    assert lost.next_at < far
