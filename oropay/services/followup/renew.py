"""Holding an amount anew before, or when, its hold expires."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import User
from oropay.exceptions import RenewalRefused
from oropay.models import HOLDS, Action, PaymentTransaction, TransactionState
from oropay.services.followup.capture import capturable
from oropay.services.followup.queue import (
    ZERO,
    Allowed,
    follow_up_queue,
    lock_family,
    member,
    refuse_moved,
    refuse_running,
)


def renewable(*, hold: PaymentTransaction, family: Sequence[PaymentTransaction], now: datetime) -> Allowed:
    """How much of a hold can be held anew: all of it, and only while nothing was captured.

    A gateway that renews no live hold renews one that has lapsed. Source: GP-API, reauthorization (40044 otherwise).
    """
    allowed = capturable(hold=hold, family=family)
    if allowed.limit <= 0:
        return allowed
    if allowed.limit != hold.amount:
        return Allowed(ZERO, _("Part of it was captured; only a whole hold can be renewed."))
    if sum(row.action in HOLDS and row.state == TransactionState.APPROVED for row in family) > settings.OROPAY_RENEWALS:
        return Allowed(ZERO, _("It was renewed as often as is allowed."))
    account = hold.payment.provider_account
    lapsed = now - hold.created_at >= settings.OROPAY_HOLD_LASTS
    if not lapsed and (account is None or not account.renews_live_holds):
        return Allowed(ZERO, _("This gateway renews a hold only once it has lapsed."))
    return Allowed(hold.amount, _("that is what is held."))


@atomic(durable=True)
def reauthorize_start(
    *, hold: PaymentTransaction, by: User | None, now: datetime, after: int | None = None
) -> PaymentTransaction:
    """Queue holding the amount of a hold anew; `by=None`: the hourly job.

    Approved, the new hold takes the place of the old one; otherwise the old one stays what it is and its integration's
    owner and finance are told. `after`: see `capture_start`.

    Raises:
        PaymentMoved: something was started since `after`.
        RenewalRefused: it cannot be renewed (yet), with the reason.
        FollowUpRunning: another action on this hold has not ended.
    """
    payment, family = lock_family(payment_id=hold.payment_id)
    hold = member(family, hold.pk)
    refuse_moved(family=family, after=after)
    refuse_running(parent=hold, family=family)
    allowed = renewable(hold=hold, family=family, now=now)
    if allowed.limit <= 0:
        raise RenewalRefused(why=allowed.reason)
    return follow_up_queue(
        payment=payment,
        parent=hold,
        action=Action.REAUTHORIZE,
        amount=allowed.limit,
        by=by,
        now=now,
        capture_mode=hold.capture_mode,
    )
