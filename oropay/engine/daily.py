"""Every young bank debit is read again once a day: GP-API reports no returns, so we must look.

Source: docs/assumptions.md; Nacha gives a bank 60 days for unauthorised personal debits.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from oropay.engine.unknown import reread
from oropay.exceptions import DebitsUnread
from oropay.models import AchReturn, Action, AlertKind, Method, PaymentTransaction, TransactionState
from oropay.returncodes import RETURNED_WITHIN
from oropay.services.alert import alert_again, alert_over
from plumbing.models import Job
from plumbing.services import job_progress, job_tries_left

logger = logging.getLogger(__name__)

BATCH = 50
"""Debits read between two notes of how far the job is."""
MOST_ALERTS = 20
"""More debits than this cannot each be in trouble of their own: then the gateway is."""


class RereadBankDebits:
    """Registered on `plumbing.ports.periodic_tasks`. Resumable: the job remembers what it has read, and what not."""

    name = "oropay.ach-reread"
    every = timedelta(days=1)
    queue = "gateway-batch"

    def run(self, *, job: Job, now: datetime) -> None:
        """Read settled and pending bank debits younger than 75 days by their ids, oldest first.

        A debit that cannot be read does not stop the others. It is asked for again by the job's later tries; one that
        still cannot be read while others can gets an alert, because a return of it would go unseen.

        Raises:
            DebitsUnread: some are still to be asked for, or the gateway answers about none; the job shows how many.
        """
        unread = self._again(job=job)
        unread += self._onward(job=job, now=now)
        _remember(job=job, unread=unread)
        if not unread:
            return
        in_trouble = len(unread) > MOST_ALERTS or not job.payload["read"]
        if in_trouble or job_tries_left(job):
            raise DebitsUnread(unread=len(unread), read=job.payload["read"])
        text = _(
            "The gateway did not say today what became of this debit, though it answered about others. If its bank "
            "took it back, we would not know."
        )
        for pk in unread:
            _alert(pk=pk, text=text)

    def _again(self, *, job: Job) -> list[int]:
        """What an earlier try of this job could not read."""
        return _read_all(job=job, ids=job.payload.get("unread", []))

    def _onward(self, *, job: Job, now: datetime) -> list[int]:
        """What this job has not come to yet; returns what cannot be read."""
        rows = bank_debits_young(now=now)
        after = int(job.payload.get("after", 0))
        total = rows.count()
        done = rows.filter(pk__lte=after).count()
        unread: list[int] = []
        while batch := list(rows.filter(pk__gt=after).values_list("pk", flat=True)[:BATCH]):
            unread += _read_all(job=job, ids=batch)
            after, done = batch[-1], done + len(batch)
            job.payload["after"] = after
            _remember(job=job, unread=sorted({*job.payload.get("unread", []), *unread}))
            job_progress(job=job, percent=min(99, done * 100 // max(total, 1)), now=timezone.now())
        return unread


class RereadDebit:
    """Registered on `plumbing.ports.job_runners`: reads one debit, however old, that the settlement report shows going
    back.
    """

    def run(self, *, job: Job, now: datetime) -> None:
        """Raises DebitsUnread while the gateway does not say what became of it; after the last try a person is told."""
        pk = job.payload["transaction"]
        if _read(pk=pk):
            return
        if job_tries_left(job):
            raise DebitsUnread(unread=1, read=0)
        _alert(
            pk=pk,
            text=_(
                "The settlement report shows the money of this debit going back, and the gateway does not say what "
                "became of it. If its bank took it back, our books do not know."
            ),
        )


def bank_debits_young(*, now: datetime) -> QuerySet[PaymentTransaction]:
    """Bank debits that the gateway has and the bank may still take back, or took back without a reason so far."""
    explained = AchReturn.objects.filter(transaction__parent=OuterRef("pk")).exclude(code="")
    return (
        PaymentTransaction.objects.filter(
            action=Action.CHARGE,
            payment__method=Method.BANK,
            state__in=[TransactionState.APPROVED, TransactionState.PENDING],
            created_at__gt=now - RETURNED_WITHIN,
        )
        .exclude(gateway_id="")
        .exclude(Exists(explained))
        .order_by("pk")
    )


def _read_all(*, job: Job, ids: Iterable[int]) -> list[int]:
    """Read these, count them on the job, and return those that could not be read."""
    unread = [pk for pk in ids if not _read(pk=pk)]
    job.payload["read"] = int(job.payload.get("read", 0)) + len(list(ids)) - len(unread)
    return unread


def _read(*, pk: int) -> bool:
    """Whether the gateway said what became of a debit."""
    try:
        if not reread(transaction_id=pk, now=timezone.now()):
            return False
    except Exception:
        # One debit that breaks must not hide the returns of all others; it is counted and told of as unread.
        logger.exception("bank debit %s could not be read again", pk)
        return False
    remark = _("It could be read again.")
    alert_over(row=PaymentTransaction(pk=pk), kind=AlertKind.DEBIT_UNREAD, remark=remark, now=timezone.now())
    return True


def _remember(*, job: Job, unread: list[int]) -> None:
    job.payload = {"read": 0, **job.payload, "unread": unread}
    Job.objects.filter(pk=job.pk, tries=job.tries).update(payload=job.payload)


def _alert(*, pk: int, text: str) -> None:
    row = PaymentTransaction.objects.get(pk=pk)
    alert_again(row=row, kind=AlertKind.DEBIT_UNREAD, text=text, now=timezone.now())
