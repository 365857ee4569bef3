"""Releasing a hold, voiding what was taken and is not settled, reversing what was never answered."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import User
from oropay.exceptions import CancelRefused, NoteRequired
from oropay.models import HOLDS, RUNNING, Action, Payment, PaymentTransaction, RefundReason, TransactionState
from oropay.services.followup.asking import giving_back_ask
from oropay.services.followup.capture import open_at_gateway
from oropay.services.followup.disputed import taken_off
from oropay.services.followup.queue import (
    ZERO,
    Allowed,
    follow_up_queue,
    lock_family,
    member,
    refuse_moved,
    refuse_running,
)
from oropay.services.limits import over_limit
from plumbing.services import note_add

TAKING = frozenset({Action.CHARGE, Action.CAPTURE})
"""What a void gives back; anything else that is canceled was never taken."""


def cancelable(*, transaction: PaymentTransaction, family: Sequence[PaymentTransaction]) -> Allowed:
    """What a cancel would release (a hold) or void (an unsettled charge, capture or bank debit), always in full."""
    if transaction.state == TransactionState.PENDING and transaction.action == Action.CHARGE:
        return _pending(transaction=transaction, family=family)
    if transaction.state == TransactionState.REVIEW and transaction.action in {Action.AUTHORIZE, Action.CHARGE}:
        if any(row.parent_id == transaction.pk and row.state in RUNNING for row in family):
            return Allowed(ZERO, _("Another action on it is still running."))
        return Allowed(transaction.amount, _("it is in review."))
    if transaction.state != TransactionState.APPROVED:
        return Allowed(ZERO, _("It was not approved, so there is nothing to cancel."))
    children = [row for row in family if row.parent_id == transaction.pk]
    if any(row.state in RUNNING for row in children):
        return Allowed(ZERO, _("Another action on it is still running."))
    if any(row.action == Action.CANCEL and row.state == TransactionState.AWAITING_APPROVAL for row in children):
        return Allowed(ZERO, _("Its void waits for a second person."))
    if transaction.action in HOLDS and any(
        row.action == Action.CAPTURE and row.state == TransactionState.APPROVED for row in children
    ):
        return Allowed(ZERO, _("Part of it was captured, which a release would undo too. Release the rest instead."))
    if transaction.action in HOLDS:
        if _renewed_and_kept(children):
            return Allowed(transaction.amount, _("it was renewed, and its own release was not done."))
        return open_at_gateway(hold=transaction, family=family)
    if transaction.action in TAKING:
        return _taken(transaction=transaction, family=family)
    return Allowed(ZERO, _("Only a hold, a charge or a capture can be canceled."))


def _taken(*, transaction: PaymentTransaction, family: Sequence[PaymentTransaction]) -> Allowed:
    """Money that was taken, until its batch closes. Of a hold: its one capture, since all of a hold is reversed.

    Source: GP-API, reversal: a capture has no id of its own, and a hold is never reversed in part (40214).
    """
    if transaction.settled_at:
        return Allowed(ZERO, _("It is settled; refund it instead."))
    given = taken_off(transaction=transaction, family=family)
    if any(row.state in {TransactionState.APPROVED, TransactionState.PENDING} for row in given):
        return Allowed(ZERO, _("Part of it was given back already; refund the rest instead."))
    if transaction.action == Action.CAPTURE:
        beside = [row for row in family if row.parent_id == transaction.parent_id and row.pk != transaction.pk]
        if any(row.state in RUNNING for row in beside):
            return Allowed(ZERO, _("Another action on its hold is still running."))
        if any(row.action == Action.CAPTURE and row.state == TransactionState.APPROVED for row in beside):
            return Allowed(ZERO, _("Its hold was captured several times, and a void would take back all of that."))
    return Allowed(transaction.amount, _("it is not settled yet."))


def _renewed_and_kept(children: Sequence[PaymentTransaction]) -> bool:
    """Whether these follow-ups of a hold renewed it and failed to let it go: the customer's bank holds it twice."""
    renewed = any(row.action == Action.REAUTHORIZE and row.state == TransactionState.APPROVED for row in children)
    releases = [row for row in children if row.action == Action.CANCEL]
    own = any(row.created_by_id is None for row in releases)
    return renewed and own and all(row.state != TransactionState.APPROVED for row in releases)


def _pending(*, transaction: PaymentTransaction, family: Sequence[PaymentTransaction]) -> Allowed:
    """A bank debit under way: the gateway reverses it while its batch is open."""
    if any(row.parent_id == transaction.pk and row.state in RUNNING for row in family):
        return Allowed(ZERO, _("Another action on it is still running."))
    if not transaction.gateway_id:
        return Allowed(ZERO, _("The gateway has not named it yet."))
    return Allowed(transaction.amount, _("it is not settled yet."))


@atomic(durable=True)
def cancel_start(
    *,
    transaction: PaymentTransaction,
    reason: RefundReason,
    note: str,
    by: User,
    now: datetime,
    after: int | None = None,
) -> PaymentTransaction:
    """Queue releasing a hold, or voiding a charge, capture or bank debit that is not settled, in full.

    The void of a capture reverses its whole hold. `after`: see `capture_start`.

    Above what `by` may give back alone a void waits in AWAITING_APPROVAL for a second person. Releasing a hold gives
    nothing back.

    Raises:
        PaymentMoved: something was started since `after`.
        NoteRequired: `note` is blank.
        CancelRefused: nothing can be canceled, with the reason.
        FollowUpRunning: another action on it has not ended.
    """
    if not note.strip():
        raise NoteRequired
    payment, family = lock_family(payment_id=transaction.payment_id)
    transaction = member(family, transaction.pk)
    refuse_moved(family=family, after=after)
    return cancel_queue(
        payment=payment, family=family, transaction=transaction, reason=reason, note=note, by=by, now=now
    )


def cancel_queue(
    *,
    payment: Payment,
    family: Sequence[PaymentTransaction],
    transaction: PaymentTransaction,
    reason: RefundReason,
    note: str,
    by: User,
    now: datetime,
) -> PaymentTransaction:
    """As `cancel_start`, of a family that the caller has locked."""
    refuse_running(parent=transaction, family=family)
    allowed = cancelable(transaction=transaction, family=family)
    if allowed.limit <= 0:
        raise CancelRefused(why=allowed.reason)
    why = (
        over_limit(payment=payment, charge=transaction, amount=allowed.limit, by=by, now=now)
        if transaction.action in TAKING
        else ""
    )
    cancel = follow_up_queue(
        payment=payment,
        parent=transaction,
        action=Action.CANCEL,
        amount=allowed.limit,
        by=by,
        now=now,
        reason=reason,
        waits=bool(why),
    )
    note_add(on=payment, text=note, by=by, now=now)
    if why:
        giving_back_ask(row=cancel, why=why, note=note, by=by, now=now)
    return cancel


def reversal_queue(*, lost: PaymentTransaction, now: datetime, pause: timedelta | None = None) -> PaymentTransaction:
    """Queue asking the gateway to reverse a transaction, by our reference if it gave us no id, after a `pause`. The
    caller holds the payment's lock.

    For what two look-ups did not find, what was taken for another amount than asked, and what nobody wants.
    """
    return follow_up_queue(
        payment=lost.payment, parent=lost, action=Action.CANCEL, amount=lost.amount, by=None, now=now, pause=pause
    )
