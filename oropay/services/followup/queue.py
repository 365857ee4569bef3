"""What every follow-up has in common: the locks, what refuses it, and the row that the worker sends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings

from commerce.models import User
from commerce.money import exponent
from oropay import locks
from oropay.exceptions import AmountNotRepresentable, FollowUpRunning, PaymentMoved
from oropay.models import RUNNING, Action, Payment, PaymentTransaction, TransactionState
from oropay.services.start import reference_new
from plumbing.services import hint

ZERO = Decimal(0)
SAYS_ONLY = frozenset({Action.REVIEW_RELEASE})
"""These tell the gateway something and move nothing, although they name their parent's amount."""


@dataclass(frozen=True)
class Allowed:
    """How much of a transaction an action may still move, and the sentence that says why not more."""

    limit: Decimal
    reason: str


def lock_family(*, payment_id: int) -> tuple[Payment, list[PaymentTransaction]]:
    """A payment and all its transactions, locked in the one order: payables, payment, transactions."""
    locks.payables_of(payment_id=payment_id)
    payment = locks.payment(pk=payment_id)
    return payment, locks.transactions_of(payment_id=payment_id)


def member(family: Sequence[PaymentTransaction], pk: int) -> PaymentTransaction:
    """The locked row of a transaction that the caller read before."""
    return next(row for row in family if row.pk == pk)


def refuse_running(*, parent: PaymentTransaction, family: Sequence[PaymentTransaction]) -> None:
    """Raises FollowUpRunning while another follow-up of the same parent has no outcome: both could take all of it."""
    if any(row.parent_id == parent.pk and row.state in RUNNING for row in family):
        raise FollowUpRunning


def refuse_moved(*, family: Sequence[PaymentTransaction], after: int | None) -> None:
    """Raises PaymentMoved when something was started after what the person saw; None asks nothing."""
    if after is not None and any(row.pk > after for row in family):
        raise PaymentMoved


def representable(*, amount: Decimal, currency: str) -> None:
    """Raises AmountNotRepresentable for a fraction of the currency's smallest unit."""
    if amount != amount.quantize(Decimal(1).scaleb(-exponent(currency))):
        raise AmountNotRepresentable(amount=amount, currency=currency)


def follow_up_queue(
    *,
    payment: Payment,
    parent: PaymentTransaction,
    action: Action,
    amount: Decimal,
    by: User | None,
    now: datetime,
    reason: str = "",
    waits: bool = False,
    capture_mode: str = "",
    pause: timedelta | None = None,
) -> PaymentTransaction:
    """The row that the worker sends; one that `waits` for a second person is sent only once it is released.

    After a `pause` it is in the queue as one that was asked for then.
    """
    row = PaymentTransaction.objects.create(
        payment=payment,
        parent=parent,
        action=action,
        amount=amount,
        currency=payment.currency,
        reference=reference_new(),
        state=TransactionState.AWAITING_APPROVAL if waits else TransactionState.QUEUED,
        capture_mode=capture_mode,
        reason=reason,
        created_by=by,
        created_at=now,
        queued_at=now + pause if pause else None,
        next_at=None if waits else now + (pause or settings.OROPAY_RESEND_AFTER),
    )
    if not waits and not pause:
        hint("oropay.tasks.execute", row.pk, queue="gateway-interactive")
    return row


def follow_up_release(*, row: PaymentTransaction, now: datetime) -> None:
    """A second person agreed: let a locked row that waited for it go to the worker."""
    row.state, row.queued_at, row.next_at = TransactionState.QUEUED, now, now + settings.OROPAY_RESEND_AFTER
    row.save(update_fields=["state", "queued_at", "next_at"])
    hint("oropay.tasks.execute", row.pk, queue="gateway-interactive")


def waiting_end(*, row: PaymentTransaction, now: datetime) -> None:
    """Nobody agreed: a locked row that waited for it is never sent. One that went on already stays what it is."""
    if row.state == TransactionState.AWAITING_APPROVAL:
        row.state, row.ended_at = TransactionState.CANCELED, now
        row.save(update_fields=["state", "ended_at"])
