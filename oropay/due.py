"""What the sweep publishes for this room: transactions to send, declare lost, end, look up, read again, watch; inboxes
that are not empty.
"""

from datetime import datetime, timedelta

from django.db.models import F, Q
from django.db.transaction import atomic

from oropay import locks
from oropay.models import (
    INSTRUMENT_REQUEST_LIVE,
    NOTIFICATION_WAITING,
    DisputeRequest,
    InstrumentRequest,
    Notification,
    PaymentTransaction,
    RequestState,
    TransactionState,
    Watch,
)
from oropay.services.notification import QUEUE as INBOX_QUEUE
from oropay.services.notification import TASK as INBOX
from oropay.services.outbox import TASK, queue_of
from plumbing.ports import Backlog
from plumbing.selectors import backlog_of
from plumbing.services import hint_due

ANSWERS = {
    RequestState.QUEUED: ("oropay.tasks.dispute_answer", "gateway-interactive"),
    RequestState.SENDING: ("oropay.tasks.dispute_lease_expired", "gateway-lookup"),
    RequestState.UNKNOWN: ("oropay.tasks.dispute_look", "gateway-lookup"),
}
TASKS = {
    TransactionState.QUEUED: ("oropay.tasks.execute", "gateway-interactive"),
    TransactionState.SENDING: ("oropay.tasks.lease_expired", "gateway-lookup"),
    TransactionState.UNKNOWN: ("oropay.tasks.look", "gateway-lookup"),
    TransactionState.ACTION_REQUIRED: ("oropay.tasks.authentication_expire", "gateway-lookup"),
    TransactionState.REVIEW: ("oropay.tasks.reread", "gateway-batch"),
    TransactionState.PENDING: ("oropay.tasks.reread", "gateway-batch"),
}
GIVE_UP = "oropay.tasks.give_up"
"""Workers that send give up by themselves. If none has for a while there may be none; then another worker does it."""
HINT_AGAIN = timedelta(seconds=30)
"""For rows whose `next_at` says when their work is due, or their lease over: a hint is repeated after this."""
AGAIN = timedelta(seconds=10)
"""A hint that is lost is repeated after this. A repeated one is harmless: what was done is due no more, or claimed."""


def _unhinted(now: datetime) -> Q:
    """Rows that no worker was told of lately, or only before they were due: `next_at` stays until the work is done."""
    return Q(hinted_at=None) | Q(hinted_at__lt=F("next_at")) | Q(hinted_at__lte=now - AGAIN)


class DueTransactions:
    """Registered on `plumbing.ports.due_rows`."""

    name = "oropay transactions"

    @atomic
    def publish_due(self, *, now: datetime, limit: int) -> int:
        rows = locks.due(
            PaymentTransaction.objects.filter(_unhinted(now), state__in=list(TASKS), next_at__lte=now), limit=limit
        )
        PaymentTransaction.objects.filter(pk__in=[row.pk for row in rows]).update(hinted_at=now)
        for row in rows:
            task, queue = TASKS[TransactionState(row.state)]
            hint_due(task, row.pk, queue=queue, due=row.next_at, hinted=row.hinted_at)
            if row.state == TransactionState.QUEUED and now > row.give_up_at + AGAIN:
                hint_due(GIVE_UP, row.pk, queue="default", due=row.next_at, hinted=row.hinted_at)
        return len(rows)

    def backlog(self, *, now: datetime) -> Backlog:
        return backlog_of(PaymentTransaction.objects.filter(state__in=list(TASKS), next_at__lte=now))


class DueInstrumentRequests:
    """Registered on `plumbing.ports.due_rows`."""

    name = "oropay instrument requests"

    @atomic
    def publish_due(self, *, now: datetime, limit: int) -> int:
        unhinted = Q(hinted_at=None) | Q(hinted_at__lte=now - HINT_AGAIN)
        rows = locks.due(
            InstrumentRequest.objects.filter(unhinted, state__in=INSTRUMENT_REQUEST_LIVE, next_at__lte=now), limit=limit
        )
        InstrumentRequest.objects.filter(pk__in=[row.pk for row in rows]).update(hinted_at=now)
        for row in rows:
            hint_due(TASK, row.pk, queue=queue_of(row.kind), due=row.next_at, hinted=row.hinted_at)
        return len(rows)

    def backlog(self, *, now: datetime) -> Backlog:
        return backlog_of(InstrumentRequest.objects.filter(state__in=INSTRUMENT_REQUEST_LIVE, next_at__lte=now))


class DueWatches:
    """Registered on `plumbing.ports.due_rows`."""

    name = "oropay watches"

    @atomic
    def publish_due(self, *, now: datetime, limit: int) -> int:
        rows = locks.due(Watch.objects.filter(_unhinted(now), next_at__lte=now), limit=limit)
        Watch.objects.filter(pk__in=[row.pk for row in rows]).update(hinted_at=now)
        for row in rows:
            hint_due("oropay.tasks.watch", row.pk, queue="gateway-batch", due=row.next_at, hinted=row.hinted_at)
        return len(rows)

    def backlog(self, *, now: datetime) -> Backlog:
        return backlog_of(Watch.objects.filter(next_at__lte=now))


class DueNotifications:
    """Registered on `plumbing.ports.due_rows`: inboxes whose hint was lost, or whose messages wait for another try."""

    name = "oropay notifications"

    @atomic
    def publish_due(self, *, now: datetime, limit: int) -> int:
        unhinted = Q(hinted_at=None) | Q(hinted_at__lte=now - AGAIN)
        rows = locks.due(
            Notification.objects.filter(unhinted, state__in=NOTIFICATION_WAITING, next_at__lte=now).only(
                "integration", "next_at", "hinted_at"
            ),
            limit=limit,
        )
        Notification.objects.filter(pk__in=[row.pk for row in rows]).update(hinted_at=now)
        newest = {row.integration_id: row for row in rows}
        for integration_id, row in sorted(newest.items()):
            hint_due(INBOX, integration_id, queue=INBOX_QUEUE, due=row.next_at, hinted=row.hinted_at)
        return len(rows)

    def backlog(self, *, now: datetime) -> Backlog:
        return backlog_of(Notification.objects.filter(state__in=NOTIFICATION_WAITING, next_at__lte=now))


class DueDisputeAnswers:
    """Registered on `plumbing.ports.due_rows`."""

    name = "oropay answers to disputes"

    @atomic
    def publish_due(self, *, now: datetime, limit: int) -> int:
        rows = locks.due(
            DisputeRequest.objects.filter(_unhinted(now), state__in=list(ANSWERS), next_at__lte=now), limit=limit
        )
        DisputeRequest.objects.filter(pk__in=[row.pk for row in rows]).update(hinted_at=now)
        for row in rows:
            task, queue = ANSWERS[RequestState(row.state)]
            hint_due(task, row.pk, queue=queue, due=row.next_at, hinted=row.hinted_at)
        return len(rows)

    def backlog(self, *, now: datetime) -> Backlog:
        return backlog_of(DisputeRequest.objects.filter(state__in=list(ANSWERS), next_at__lte=now))
