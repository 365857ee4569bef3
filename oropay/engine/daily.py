"""Every young bank debit is read again once a day: GP-API reports no returns, so we must look.

Source: docs/assumptions.md; Nacha gives a bank 60 days for unauthorised personal debits.
"""

import logging
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from oropay.engine.unknown import reread
from oropay.models import Action, Method, PaymentTransaction, TransactionState
from plumbing.models import Job
from plumbing.services import job_progress

logger = logging.getLogger(__name__)

YOUNG = timedelta(days=75)
"""60 days from settlement, and the way there."""
BATCH = 50
"""Debits read between two notes of how far the job is."""


class RereadBankDebits:
    """Registered on `plumbing.ports.periodic_tasks`. Resumable: the job remembers the last debit it has read."""

    name = "oropay.ach-reread"
    every = timedelta(days=1)
    queue = "gateway-batch"

    def run(self, *, job: Job, now: datetime) -> None:
        """Read settled and pending bank debits younger than 75 days by their ids, oldest first.

        A debit that cannot be read does not stop the others: it is named in the log and asked for again tomorrow.
        """
        rows = bank_debits_young(now=now)
        after = int(job.payload.get("after", 0))
        total = rows.count()
        done = rows.filter(pk__lte=after).count()
        while batch := list(rows.filter(pk__gt=after).values_list("pk", flat=True)[:BATCH]):
            for pk in batch:
                _read(pk=pk)
            after, done = batch[-1], done + len(batch)
            job.payload["after"] = after
            Job.objects.filter(pk=job.pk, tries=job.tries).update(payload=job.payload)
            job_progress(job=job, percent=min(99, done * 100 // total), now=timezone.now())


def bank_debits_young(*, now: datetime) -> QuerySet[PaymentTransaction]:
    """Bank debits that the gateway has and the bank may still take back, oldest first."""
    return (
        PaymentTransaction.objects.filter(
            action=Action.CHARGE,
            payment__method=Method.BANK,
            state__in=[TransactionState.APPROVED, TransactionState.PENDING],
            created_at__gt=now - YOUNG,
        )
        .exclude(gateway_id="")
        .exclude(children__action=Action.RETURN)
        .order_by("pk")
    )


def _read(*, pk: int) -> None:
    try:
        reread(transaction_id=pk, now=timezone.now())
    except Exception:
        # One debit that breaks must not hide the returns of all others.
        logger.exception("bank debit %s could not be read again", pk)
