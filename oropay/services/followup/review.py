"""Ending a fraud review: releasing what the gateway holds; accepting a card check."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import User
from oropay.declines import HELD_BY_GATEWAY, refused_by_checks
from oropay.exceptions import NoteRequired, ReviewRefused
from oropay.models import (
    RUNNING,
    Action,
    Alert,
    AlertKind,
    CardCheck,
    Method,
    PaymentTransaction,
    Ruling,
    TransactionState,
)
from oropay.services.alert import alert_raise, alert_resolve
from oropay.services.followup.queue import (
    ZERO,
    Allowed,
    follow_up_queue,
    lock_family,
    member,
    refuse_moved,
    refuse_running,
)
from plumbing.services import note_add

S = TransactionState


def releasable(*, transaction: PaymentTransaction, family: Sequence[PaymentTransaction]) -> Allowed:
    """What a release would let stand: a card payment that the gateway's fraud filter holds."""
    if transaction.state != S.REVIEW or transaction.payment.method != Method.CARD:
        return Allowed(ZERO, _("It is not in review."))
    if any(row.parent_id == transaction.pk and row.state in RUNNING for row in family):
        return Allowed(ZERO, _("Another action on it is still running."))
    if transaction.risk not in HELD_BY_GATEWAY:
        return Allowed(ZERO, _("The gateway does not hold it; it is asked again by itself."))
    if refused_by_checks(transaction):
        return Allowed(ZERO, _("Its address or security code is not what your rules ask for: it can only be canceled."))
    return Allowed(transaction.amount, _("the gateway holds it for fraud."))


@atomic(durable=True)
def review_release_start(
    *, held: PaymentTransaction, note: str, by: User, now: datetime, after: int | None = None
) -> PaymentTransaction:
    """Queue telling the gateway that a payment it holds for fraud is good. `after`: see `capture_start`.

    Raises:
        PaymentMoved: something was started since `after`.
        NoteRequired: `note` is blank.
        ReviewRefused: it is not held, with the reason.
        FollowUpRunning: a cancel or release of it has not ended.
    """
    if not note.strip():
        raise NoteRequired
    payment, family = lock_family(payment_id=held.payment_id)
    held = member(family, held.pk)
    held.payment = payment
    refuse_moved(family=family, after=after)
    refuse_running(parent=held, family=family)
    allowed = releasable(transaction=held, family=family)
    if allowed.limit <= 0:
        raise ReviewRefused(why=allowed.reason)
    row = follow_up_queue(
        payment=payment, parent=held, action=Action.REVIEW_RELEASE, amount=held.amount, by=by, now=now
    )
    note_add(on=payment, text=note, by=by, now=now)
    return row


@atomic(durable=True)
def review_expire(
    *, transaction_id: int, alert_after: timedelta, cancel_after: timedelta, now: datetime
) -> PaymentTransaction | None:
    """Remind staff of a payment held for fraud; after `cancel_after` give it back, before a hold lapses by itself.

    Returns the cancel that was queued, if any.
    """
    payment_id = PaymentTransaction.objects.values_list("payment_id", flat=True).get(pk=transaction_id)
    payment, family = lock_family(payment_id=payment_id)
    held = member(family, transaction_id)
    waited = now - held.created_at
    running = any(row.parent_id == held.pk and row.state in RUNNING for row in family)
    if held.state != S.REVIEW or running or waited < alert_after:
        return None
    if waited < cancel_after or payment.method != Method.CARD:
        since = payment.organization.today(held.created_at)  # the same words each time: one that is resolved stays so
        text = _("It has been in review since {day}: release or cancel it.").format(day=f"{since.day} {since:%b %Y}")
        alert_raise(row=held, kind=AlertKind.REVIEW_WAITING, text=text, now=now)
        return None
    if any(row.parent_id == held.pk and row.action == Action.CANCEL for row in family):
        return None  # it was tried, and a person knows
    note_add(on=payment, text=_("Nobody decided in time: the payment in review is given back."), by=None, now=now)
    return follow_up_queue(payment=payment, parent=held, action=Action.CANCEL, amount=held.amount, by=None, now=now)


@atomic(durable=True)
def check_accept(*, check: CardCheck, note: str, by: User, now: datetime) -> CardCheck:
    """Say that an address or security code that did not match is all right; a hold may be captured again.

    Raises:
        NoteRequired: `note` is blank.
        ReviewRefused: it was refused, or accepted already.
    """
    if not note.strip():
        raise NoteRequired
    payment, _family = lock_family(payment_id=check.transaction.payment_id)
    check.refresh_from_db()
    if check.ruling != Ruling.REVIEW or check.accepted_at is not None:
        raise ReviewRefused(why=_("Nothing waits to be accepted here."))
    check.accepted_at, check.accepted_by, check.note = now, by, note.strip()
    check.save()
    alert = Alert.objects.filter(transaction_id=check.pk, kind=AlertKind.CARD_CHECK, resolved_at=None).first()
    if alert is not None:
        alert_resolve(alert=alert, remark=note, by=by, now=now)
    else:
        note_add(on=payment, text=note, by=by, now=now)
    return check


def check_open(*, transaction: PaymentTransaction) -> bool:
    """Whether a card check of this transaction waits for a person."""
    return CardCheck.objects.filter(transaction=transaction, ruling=Ruling.REVIEW, accepted_at=None).exists()
