"""Losing every message loses nothing: the sweep finds what is due."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from commerce.models import User
from oropay import due, engine, tasks
from oropay.due import DueTransactions
from oropay.engine.health import good_is_news, health_note
from oropay.models import Exchange, Payment, PaymentTransaction, ProviderAccount, ProviderHealth, TransactionState
from tests.hints import Hints
from tests.oropay.house import bank, refund_of, sending

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Lose = Callable[..., PaymentTransaction]


@pytest.fixture
def unknown(start: Start, hints: Hints) -> PaymentTransaction:
    row = start().transactions.get()
    hints.told()
    for state in (TransactionState.SENDING, TransactionState.UNKNOWN):
        PaymentTransaction.objects.filter(pk=row.pk).update(state=state)
    return row


@pytest.mark.parametrize(
    ("state", "task", "queue"),
    [
        (TransactionState.QUEUED, "oropay.tasks.execute", "gateway-interactive"),
        (TransactionState.SENDING, "oropay.tasks.lease_expired", "gateway-lookup"),
        (TransactionState.UNKNOWN, "oropay.tasks.look", "gateway-lookup"),
        (TransactionState.ACTION_REQUIRED, "oropay.tasks.authentication_expire", "gateway-lookup"),
        (TransactionState.REVIEW, "oropay.tasks.reread", "gateway-batch"),
        (TransactionState.PENDING, "oropay.tasks.reread", "gateway-batch"),
    ],
)
def test_a_row_that_is_due_is_published_once_until_it_is_due_again(
    start: Start, hints: Hints, state: TransactionState, task: str, queue: str
) -> None:
    row = start().transactions.get()
    hints.told()
    now = timezone.now()
    for step in {
        TransactionState.QUEUED: [],
        TransactionState.SENDING: [TransactionState.SENDING],
    }.get(state, [TransactionState.SENDING, state]):
        PaymentTransaction.objects.filter(pk=row.pk).update(state=step)
    PaymentTransaction.objects.filter(pk=row.pk).update(next_at=now - timedelta(seconds=1))

    published = [DueTransactions().publish_due(now=now, limit=100) for _ in range(2)]
    later = DueTransactions().publish_due(now=now + due.AGAIN, limit=100)

    assert (published, later) == ([1, 0], 1)
    assert hints.told() == [(task, row.pk, queue)] * 2


def test_a_final_row_is_never_due(start: Start, hints: Hints) -> None:
    row = start().transactions.get()
    hints.told()
    PaymentTransaction.objects.filter(pk=row.pk).update(state=TransactionState.CANCELED)

    published = DueTransactions().publish_due(now=timezone.now() + timedelta(days=1), limit=100)

    assert published == 0
    assert hints.told() == []


def test_copies_of_a_hint_that_pile_up_make_one_look(start: Start, hints: Hints, settings: Settings) -> None:
    settings.OROPAY_LOOKUP_STEPS = [timedelta(hours=1)]
    row = sending(start().transactions.get())
    now = timezone.now()
    overdue = now - timedelta(minutes=1)
    PaymentTransaction.objects.filter(pk=row.pk).update(
        state=TransactionState.UNKNOWN, unknown_since=overdue, answer_by=now + timedelta(minutes=1), next_at=overdue
    )
    hints.told()

    published = [DueTransactions().publish_due(now=overdue + due.AGAIN * lag, limit=100) for lag in range(3)]
    copies = hints.told()
    for _task, pk, _queue in copies:
        tasks.look(pk)

    row.refresh_from_db()
    assert (published, len(copies)) == ([1, 1, 1], 3)
    assert row.looks == 1
    assert row.next_at is not None
    assert row.next_at > now


def test_a_look_on_purpose_is_made_before_its_time(start: Start) -> None:
    row = sending(start().transactions.get())
    now = timezone.now()
    PaymentTransaction.objects.filter(pk=row.pk).update(
        state=TransactionState.UNKNOWN, unknown_since=now, answer_by=now, next_at=now + timedelta(hours=1)
    )

    tasks.look(row.pk)
    row.refresh_from_db()
    by_message = row.looks
    engine.look(transaction_id=row.pk, now=now)

    row.refresh_from_db()
    assert (by_message, row.looks) == (0, 1)


def test_a_row_that_is_due_again_at_once_is_published_at_once(start: Start, hints: Hints) -> None:
    row = start().transactions.get()
    now = timezone.now()
    PaymentTransaction.objects.filter(pk=row.pk).update(next_at=now - timedelta(seconds=2))
    DueTransactions().publish_due(now=now - timedelta(seconds=2), limit=100)
    hints.told()

    PaymentTransaction.objects.filter(pk=row.pk).update(next_at=now - timedelta(seconds=1))
    published = DueTransactions().publish_due(now=now, limit=100)

    assert published == 1
    assert len(hints.told()) == 1


def test_a_gateway_that_comes_and_goes_makes_the_queue_no_longer(
    unknown: PaymentTransaction, hints: Hints, account: ProviderAccount, settings: Settings
) -> None:
    settings.OROPAY_WAKE_PAUSE = timedelta(0)
    now = timezone.now()
    PaymentTransaction.objects.filter(pk=unknown.pk).update(next_at=now - timedelta(seconds=1), looks=9)
    published = DueTransactions().publish_due(now=now, limit=100)

    for second in range(1, 5):
        then = now + timedelta(seconds=second)
        health_note(provider_account_id=account.pk, answers=False, now=then)
        health_note(provider_account_id=account.pk, answers=True, now=then)
        published += DueTransactions().publish_due(now=then, limit=100)

    assert published == 1
    assert hints.told() == [("oropay.tasks.look", unknown.pk, "gateway-lookup")]
    unknown.refresh_from_db()
    assert unknown.looks == 0


def test_a_lost_refund_is_asked_for_once_after_a_silence_for_only_people_can_rule_it_out(
    start: Start, run: Run, lose: Lose, account: ProviderAccount, clerk: User
) -> None:
    lost = lose(refund_of(run(start()), "30.00", by=clerk), "/transactions/{id}/refund")
    ProviderHealth.objects.all().delete()
    now = timezone.now()
    PaymentTransaction.objects.filter(pk=lost.pk).update(next_at=now + timedelta(days=1), looks=9)

    health_note(provider_account_id=account.pk, answers=False, now=now)
    health_note(provider_account_id=account.pk, answers=True, now=now)

    lost.refresh_from_db()
    assert (lost.next_at, lost.looks) == (now, 9)


def test_a_gateway_that_loses_answers_all_the_time_is_asked_for_everything_once_in_a_while(
    unknown: PaymentTransaction, account: ProviderAccount, settings: Settings
) -> None:
    settings.OROPAY_WAKE_PAUSE = timedelta(minutes=1)
    begin = timezone.now()

    def woken_by_an_answer(*, lost: int | None, came: int) -> bool:
        """Let it wait for a day, an answer be lost and one come, at seconds from the beginning."""
        far, at = begin + timedelta(days=1), begin + timedelta(seconds=came)
        PaymentTransaction.objects.filter(pk=unknown.pk).update(next_at=far, looks=9)
        if lost is not None:
            health_note(provider_account_id=account.pk, answers=False, now=begin + timedelta(seconds=lost))
        assert good_is_news(account=ProviderAccount.objects.get(pk=account.pk), now=at) == (
            lost is not None or came == 60
        )
        health_note(provider_account_id=account.pk, answers=True, now=at)
        health = ProviderHealth.objects.get(provider_account=account)
        assert (health.silent_since, health.failures) == (None, 0)
        unknown.refresh_from_db()
        return (unknown.next_at, unknown.looks) == (at, 0)

    assert woken_by_an_answer(lost=0, came=0)
    assert not woken_by_an_answer(lost=1, came=2)
    assert not woken_by_an_answer(lost=58, came=59)
    assert woken_by_an_answer(lost=None, came=60)  # what was lost after the last time is asked for now
    assert not woken_by_an_answer(lost=None, came=200)
    assert woken_by_an_answer(lost=201, came=202)


def test_copies_of_a_hint_read_a_bank_debit_again_once(start: Start, run: Run) -> None:
    debit = run(start(source=bank()))
    assert debit.state == TransactionState.PENDING
    PaymentTransaction.objects.filter(pk=debit.pk).update(next_at=timezone.now() - timedelta(minutes=1))

    for _copy in range(2):
        tasks.reread(debit.pk)

    assert Exchange.objects.filter(transaction=debit, kind="look").count() == 1
