"""The button behind "Retry debit": a new payment by the one door, under the mandate of the first."""

import uuid
from datetime import datetime

from commerce.models import User
from oropay.exceptions import RetryRefused
from oropay.models import AchReturn, Initiator, Payment
from oropay.services.ach.retry import retry_refusal
from oropay.services.start import PartAsked, PaymentAsked, RepeatedDebit, payment_start


def debit_retry(
    *,
    told: AchReturn,
    by: User,
    now: datetime,
    attempt_key: uuid.UUID | None = None,
    initiator: Initiator = Initiator.STAFF,
) -> Payment:
    """Send a returned debit again for the same amount. The same `attempt_key` again returns the payment already made.

    Raises:
        RetryRefused: a rule speaks against it.
        PaymentError: as `payment_start`: what it paid is no longer owed in full, or is being paid now.
    """
    before = told.charge.payment
    why = retry_refusal(told=told, now=now) if not _made(attempt_key) else ""
    if why or before.integration_id is None or before.website is None:
        raise RetryRefused(why=why)
    return payment_start(
        asked=PaymentAsked(
            parts=[PartAsked(payable_id=part.payable_id, amount=part.amount) for part in before.parts.all()],
            integration_id=before.integration_id,
            source=RepeatedDebit(told_id=told.pk),
            attempt_key=attempt_key or uuid.uuid4(),
            initiator=initiator,
        ),
        by=by,
        website=before.website,
        now=now,
    )


def _made(attempt_key: uuid.UUID | None) -> bool:
    return attempt_key is not None and Payment.objects.filter(attempt_key=attempt_key).exists()
