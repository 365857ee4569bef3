"""What no worker is left to send ends all the same: it never left, so whoever waits for it may pay another way."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from commerce.models import User
from oropay import engine, locks, tasks
from oropay.due import AGAIN, DueTransactions
from oropay.gateway.port import Answer, Capture, Verdict
from oropay.models import (
    Action,
    Alert,
    FailureReason,
    MoneyState,
    Payable,
    Payment,
    PaymentTransaction,
    TransactionState,
)
from oropay.services.followup import reversal_queue
from oropay.services.followup.queue import follow_up_queue, follow_up_release
from tests.contract.sandbox import Sandbox
from tests.hints import Hints
from tests.invoices.test_parallel import together
from tests.oropay.house import charges_at_gateway, reload, sending

S = TransactionState
Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]

A_LITTLE = timedelta(seconds=1)


def two_minutes_ago(row: PaymentTransaction) -> PaymentTransaction:
    """As if it had been queued then, and never been sent."""
    then = timezone.now() - timedelta(minutes=2)
    PaymentTransaction.objects.filter(pk=row.pk).update(created_at=then, next_at=then)
    row.refresh_from_db()
    return row


def test_a_charge_that_nobody_sends_ends_and_its_order_may_be_paid_again(
    start: Start, run: Run, payable: Payable, sandbox: Sandbox
) -> None:
    payment = start()
    row = two_minutes_ago(payment.transactions.get())

    tasks.give_up(row.pk)

    row.refresh_from_db()
    payment.refresh_from_db()
    assert (row.state, row.failure_reason, payment.money_state) == (S.FAILED, FailureReason.NOT_SENT, MoneyState.FAILED)
    assert charges_at_gateway(sandbox, row) == []
    assert reload(payable).payable_now == 100
    assert run(start()).state == S.APPROVED


def test_its_end_is_the_one_a_worker_would_give_it(start: Start, run: Run) -> None:
    ended = run(two_minutes_ago(start().transactions.get()))
    by_sweep = two_minutes_ago(start().transactions.get())

    engine.give_up(transaction_id=by_sweep.pk, now=timezone.now())

    by_sweep.refresh_from_db()
    for column in ("state", "failure_reason", "tries", "message", "next_at", "lease_until"):
        assert getattr(by_sweep, column) == getattr(ended, column), column
    assert by_sweep.exchanges.get().verdict == ended.exchanges.get().verdict == Verdict.NOT_SENT


def test_the_sweep_asks_another_worker_only_once_the_senders_had_their_chance(start: Start, hints: Hints) -> None:
    row = start().transactions.get()
    hints.told()
    over = row.give_up_at + AGAIN

    DueTransactions().publish_due(now=over, limit=10)
    before = hints.told()
    DueTransactions().publish_due(now=over + AGAIN, limit=10)

    send = ("oropay.tasks.execute", row.pk, "gateway-interactive")
    assert before == [send]
    assert hints.told() == [send, ("oropay.tasks.give_up", row.pk, "default")]


def test_how_long_a_transaction_may_wait_and_how_often_it_is_tried_are_settings(
    start: Start, run: Run, settings: Settings
) -> None:
    settings.OROPAY_GIVE_UP_AFTER = timedelta(minutes=3)
    row = two_minutes_ago(start().transactions.get())
    tasks.give_up(row.pk)
    row.refresh_from_db()
    patient = row.state

    settings.OROPAY_SEND_TRIES = 1
    PaymentTransaction.objects.filter(pk=row.pk).update(tries=1)

    assert patient == S.QUEUED
    assert (run(row).state, run(row).failure_reason) == (S.FAILED, FailureReason.NOT_SENT)


def test_nothing_is_given_up_before_its_time(start: Start) -> None:
    row = start().transactions.get()

    engine.give_up(transaction_id=row.pk, now=row.give_up_at)

    row.refresh_from_db()
    assert (row.state, row.tries) == (S.QUEUED, 0)


def test_what_a_worker_has_claimed_is_its_own(start: Start) -> None:
    row = two_minutes_ago(start().transactions.get())
    locks.claim(pk=row.pk)

    tasks.give_up(row.pk)

    row.refresh_from_db()
    assert (row.state, row.tries) == (S.SENDING, 1)


def test_the_minute_of_what_waited_for_a_second_person_begins_when_it_is_released(
    held: PaymentTransaction, clerk: User, hints: Hints
) -> None:
    now = timezone.now()
    row = follow_up_queue(
        payment=held.payment,
        parent=held,
        action=Action.CAPTURE,
        amount=held.amount,
        by=clerk,
        now=now - timedelta(days=1),
        waits=True,
        capture_mode=Capture.LATER,
    )
    hints.told()
    DueTransactions().publish_due(now=now, limit=10)
    tasks.give_up(row.pk)
    row.refresh_from_db()
    waiting = (row.state, hints.told())

    follow_up_release(row=row, now=now)
    tasks.give_up(row.pk)
    row.refresh_from_db()
    released = row.state
    engine.give_up(transaction_id=row.pk, now=row.give_up_at + A_LITTLE)

    row.refresh_from_db()
    assert (waiting, released) == ((S.AWAITING_APPROVAL, []), S.QUEUED)
    assert (row.state, row.failure_reason) == (S.FAILED, FailureReason.NOT_SENT)


def test_a_reversal_that_nobody_waits_for_ends_by_the_same_rule_and_leaves_the_doubt(start: Start) -> None:
    lost = sending(start().transactions.get())
    engine.record(transaction_id=lost.pk, answer=Answer(verdict=Verdict.UNKNOWN), kind="send")
    lost.refresh_from_db()
    reversal = two_minutes_ago(reversal_queue(lost=lost, now=timezone.now()))

    tasks.give_up(reversal.pk)

    reversal.refresh_from_db()
    lost.refresh_from_db()
    assert (reversal.created_by, reversal.state, reversal.failure_reason) == (None, S.FAILED, FailureReason.NOT_SENT)
    assert lost.state == S.UNKNOWN
    assert lost.next_at is not None
    assert not Alert.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_a_worker_that_sends_and_one_that_gives_up_one_has_it(start: Start, sandbox: Sandbox) -> None:
    row = start().transactions.get()
    late = row.give_up_at + A_LITTLE

    together(
        lambda: engine.execute(transaction_id=row.pk, now=timezone.now()),
        lambda: engine.give_up(transaction_id=row.pk, now=late),
    )

    row.refresh_from_db()
    assert (row.state, charges_at_gateway(sandbox, row)) in [(S.APPROVED, ["CAPTURED"]), (S.FAILED, [])]
    assert row.tries == 1
