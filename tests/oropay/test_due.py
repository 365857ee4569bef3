"""Losing every message loses nothing: the sweep finds what is due."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from oropay import due
from oropay.due import DueTransactions
from oropay.models import Payment, PaymentTransaction, TransactionState
from tests.hints import Hints

Start = Callable[..., Payment]


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
