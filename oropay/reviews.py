"""Payments in review wait for people, but not for ever: reminded after a day, given back before a hold lapses."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from oropay.models import INITIATING, PaymentTransaction, TransactionState
from oropay.services.followup import review_expire
from plumbing.apart import apart
from plumbing.models import Job
from plumbing.services import job_progress


class OldReviews:
    """Registered on `plumbing.ports.periodic_tasks`."""

    name = "oropay.old-reviews"
    every = timedelta(minutes=15)
    queue = "default"

    def run(self, *, job: Job, now: datetime) -> None:
        old = PaymentTransaction.objects.filter(
            state=TransactionState.REVIEW,
            action__in=INITIATING,
            created_at__lte=now - settings.OROPAY_REVIEW_ALERT_AFTER,
        )
        ids = list(old.order_by("pk").values_list("pk", flat=True))
        with apart() as each:
            for done, pk in enumerate(ids, start=1):
                with each.one(f"transaction {pk}"):
                    review_expire(
                        transaction_id=pk,
                        alert_after=settings.OROPAY_REVIEW_ALERT_AFTER,
                        cancel_after=settings.OROPAY_REVIEW_CANCEL_AFTER,
                        now=now,
                    )
                job_progress(job=job, percent=100 * done // len(ids), now=timezone.now())
