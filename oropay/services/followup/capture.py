"""Taking held money."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import User
from commerce.money import format_money
from oropay.exceptions import CaptureRefused
from oropay.gateway.port import Capture
from oropay.models import HOLDS, RUNNING, Action, PaymentTransaction, TransactionState
from oropay.services.followup.queue import (
    SAYS_ONLY,
    ZERO,
    Allowed,
    follow_up_queue,
    lock_family,
    member,
    refuse_moved,
    refuse_running,
    representable,
)
from oropay.services.followup.review import check_open
from oropay.status import is_nobodys_hold


def capturable(*, hold: PaymentTransaction, family: Sequence[PaymentTransaction]) -> Allowed:
    """What may still be taken of a hold. `family` are the payment's transactions."""
    left = still_held(hold=hold, family=family)
    if left.limit > 0 and _came_unwanted(hold=hold, family=family):
        return Allowed(ZERO, _("It turned up when nobody waited for it any more: release it."))
    if left.limit > 0 and check_open(transaction=hold):
        return Allowed(ZERO, _("Its address or security code did not match: accept or release it first."))
    return left


def still_held(*, hold: PaymentTransaction, family: Sequence[PaymentTransaction]) -> Allowed:
    """What of a hold that counts is neither taken nor given back."""
    if is_nobodys_hold(hold):
        return Allowed(ZERO, _("This is not an open hold."))
    return open_at_gateway(hold=hold, family=family)


def open_at_gateway(*, hold: PaymentTransaction, family: Sequence[PaymentTransaction]) -> Allowed:
    """As `still_held`, also of a hold that counts for nobody: the customer's bank keeps the amount all the same."""
    if hold.action not in HOLDS or hold.state != TransactionState.APPROVED:
        return Allowed(ZERO, _("This is not an open hold."))
    if any(row.parent_id == hold.pk and row.state in RUNNING for row in family):
        return Allowed(ZERO, _("Another action on this hold is still running."))
    done = [row for row in family if row.parent_id == hold.pk and row.state == TransactionState.APPROVED]
    if any(row.action == Action.REAUTHORIZE for row in done):
        return Allowed(ZERO, _("It was renewed; the newer hold counts."))
    if _being_voided(hold=hold, family=family):
        return Allowed(ZERO, _("What was captured of it is being voided, which lets go of all of it."))
    left = rest_of(hold=hold, family=family)
    return Allowed(left, _("that is what is still held.") if left else _("Nothing is held any more."))


def rest_of(*, hold: PaymentTransaction, family: Sequence[PaymentTransaction]) -> Decimal:
    """What of an approved hold is neither taken nor let go, whatever is under way; in major units."""
    done = [row for row in family if row.parent_id == hold.pk and row.state == TransactionState.APPROVED]
    left: Decimal = hold.amount - sum((row.amount for row in done if row.action not in SAYS_ONLY), ZERO)
    return left


def _being_voided(*, hold: PaymentTransaction, family: Sequence[PaymentTransaction]) -> bool:
    """Whether a void of its capture has not ended, or waits for a second person: it would undo a later capture too."""
    captures = {row.pk for row in family if row.parent_id == hold.pk and row.action == Action.CAPTURE}
    return any(row.parent_id in captures and row.action == Action.CANCEL and not row.is_final for row in family)


def _came_unwanted(*, hold: PaymentTransaction, family: Sequence[PaymentTransaction]) -> bool:
    """Whether it was to be given back at once when it turned up late: taking it would take the money twice."""
    return hold.late and any(
        row.parent_id == hold.pk and row.action == Action.CANCEL and row.created_by_id is None for row in family
    )


def rest_releasable(*, hold: PaymentTransaction, family: Sequence[PaymentTransaction]) -> Allowed:
    """What is left of a hold that was captured in part, and may be let go without another capture."""
    left = still_held(hold=hold, family=family)
    taken = any(
        row.parent_id == hold.pk and row.action == Action.CAPTURE and row.state == TransactionState.APPROVED
        for row in family
    )
    return left if taken else Allowed(ZERO, _("Nothing of this hold was captured yet."))


def held_until(hold: PaymentTransaction) -> datetime:
    """When a hold lapses at the gateway, by `OROPAY_HOLD_LASTS`."""
    lasts: timedelta = settings.OROPAY_HOLD_LASTS
    return hold.created_at + lasts


@atomic(durable=True)
def capture_start(
    *,
    hold: PaymentTransaction,
    amount: Decimal,
    by: User,
    now: datetime,
    after: int | None = None,
    last: bool = False,
) -> PaymentTransaction:
    """Queue taking held money. The rest of a hold is released with its single capture, or with the `last` of several.

    `after` is the payment's newest transaction that the person saw: a form sent twice acts once.

    Raises:
        PaymentMoved: something was started since `after`.
        CaptureRefused: more than is held, or the hold is not open.
        FollowUpRunning: another action on this hold has not ended.
    """
    payment, family = lock_family(payment_id=hold.payment_id)
    hold = member(family, hold.pk)
    refuse_moved(family=family, after=after)
    representable(amount=amount, currency=hold.currency)
    refuse_running(parent=hold, family=family)
    allowed = capturable(hold=hold, family=family)
    if amount <= 0 or amount > allowed.limit:
        raise CaptureRefused(
            why=_("At most {limit} may be captured: {why}").format(
                limit=format_money(allowed.limit, hold.currency), why=allowed.reason
            )
        )
    mode = Capture.LATER
    if hold.capture_mode == Capture.MULTIPLE:
        mode = Capture.LAST if last or amount == allowed.limit else Capture.MULTIPLE
    return follow_up_queue(
        payment=payment, parent=hold, action=Action.CAPTURE, amount=amount, by=by, now=now, capture_mode=mode
    )
