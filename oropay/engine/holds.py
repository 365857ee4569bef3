"""Holds come to their end: renewed before or when they expire, or written down as gone."""

import logging
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import User
from oropay.engine.evidence import SILENT
from oropay.engine.follow import Recording, release_add
from oropay.engine.follow.recording import tell_ended
from oropay.engine.gateways import gateway_of
from oropay.engine.record import payment_refresh, recording_lock
from oropay.exceptions import CancelRefused, NoteRequired, PaymentError, RenewalRefused
from oropay.gateway.port import Answer, Verdict
from oropay.models import (
    HOLDS,
    Action,
    MoneyState,
    PaymentPayable,
    PaymentTransaction,
    RefundReason,
    TransactionState,
)
from oropay.services.followup import reauthorize_start, rest_releasable
from oropay.services.followup.capture import still_held
from oropay.services.followup.queue import lock_family, member, refuse_moved
from oropay.services.hold_mail import hold_mail
from plumbing.apart import apart, sum_apart
from plumbing.selectors import notes_on
from plumbing.services import note_add

logger = logging.getLogger(__name__)

AFTER = timedelta(hours=1)
"""A hold that is this much over its time is asked about."""


def holds_renew(*, now: datetime) -> int:
    """Queue renewing what is about to expire, or has; returns how many. Each hold is renewed once by itself.

    Of a hold that may not be renewed its integration's owner and finance are told why.

    Raises:
        SomeNotDone: some could not be queued; all others were.
    """
    old = now - settings.OROPAY_HOLD_LASTS
    due = Q(
        payment__provider_account__renews_live_holds=True, created_at__range=(old, old + settings.OROPAY_RENEW_BEFORE)
    )
    lapsed = Q(payment__provider_account__renews_live_holds=False, created_at__range=(old - timedelta(days=2), old))
    ending = _open_holds().filter(due | lapsed, payment__integration__renew_holds=True)
    return sum_apart(ending.exclude(children__action=Action.REAUTHORIZE), lambda hold: _renew(hold=hold, now=now))


def _renew(*, hold: PaymentTransaction, now: datetime) -> int:
    try:
        reauthorize_start(hold=hold, by=None, now=now)
    except RenewalRefused as refused:
        _refusal_tell(hold=hold, why=str(refused), now=now)
        return 0
    except PaymentError as busy:
        logger.info("hold %s is not renewed, the next hour tries again: %s", hold.pk, busy)
        return 0
    return 1


@atomic(durable=True)
def _refusal_tell(*, hold: PaymentTransaction, why: str, now: datetime) -> None:
    """Mail it once for each reason, however often the job comes by: the payment's note says that it was told."""
    payment, family = lock_family(payment_id=hold.payment_id)
    hold = member(family, hold.pk)
    told = f"{hold.gateway_id}: {why}"
    if still_held(hold=hold, family=family).limit <= 0 or notes_on(payment).filter(text=told).exists():
        return
    note_add(on=payment, text=told, by=None, now=now)
    hold_mail(hold=hold, gone=False, why=why, now=now)


def holds_expire(*, now: datetime) -> int:
    """Ask the gateway about holds over their time that nobody renews, and write down those that are gone.

    Raises:
        SomeNotDone: some could not be asked about or written down; all others were.
    """
    followed = PaymentTransaction.objects.filter(parent=OuterRef("pk"), state=TransactionState.APPROVED)
    over = _approved_holds().filter(
        ~Exists(followed.filter(action=Action.REAUTHORIZE)),
        created_at__lte=now - settings.OROPAY_HOLD_LASTS - AFTER,
    )
    whole = over.filter(payment__money_state=MoneyState.AUTHORIZED)
    rests = over.filter(
        Exists(followed.filter(action=Action.CAPTURE)),
        Exists(PaymentPayable.objects.filter(payment=OuterRef("payment"), payable__held__gt=0)),
    )
    with apart() as each:
        gone = lapsed = 0
        with each.one("whole holds"):
            gone = sum_apart(whole, lambda hold: _expire(hold=hold, now=now))
        with each.one("rests of holds"):
            lapsed = sum_apart(rests, lambda hold: _rest_lapse(hold=hold, now=now))
    return gone + lapsed


@atomic(durable=True)
def rest_release(
    *,
    hold: PaymentTransaction,
    reason: RefundReason,
    note: str,
    by: User,
    now: datetime,
    after: int | None = None,
) -> PaymentTransaction:
    """Write down that no more of a hold that was captured in part will be taken, so that it may be paid another way.

    Nothing is sent: GP-API reverses a hold as a whole, with what was captured. The card's bank frees the rest by itself
    when the hold lapses. `after`: see `capture_start`.

    Raises:
        PaymentMoved: something was started since `after`.
        NoteRequired: `note` is blank.
        CancelRefused: nothing was captured, nothing is left, or a capture is running.
    """
    if not note.strip():
        raise NoteRequired
    fact = Answer(verdict=Verdict.CANCELED, gateway_id=hold.gateway_id)
    news = recording_lock(transaction_id=hold.pk, answer=fact, now=now)
    refuse_moved(family=news.family, after=after)
    left = rest_releasable(hold=news.row, family=news.family)
    if left.limit <= 0:
        raise CancelRefused(why=left.reason)
    _rest_write(news=news, amount=left.limit, reason=reason, note=note, by=by)
    return news.row


@atomic(durable=True)
def _rest_lapse(*, hold: PaymentTransaction, now: datetime) -> int:
    """The gateway shows a hold that was captured in part as captured, for ever: its rest ends by time alone."""
    fact = Answer(verdict=Verdict.CANCELED, gateway_id=hold.gateway_id)
    news = recording_lock(transaction_id=hold.pk, answer=fact, now=now)
    left = rest_releasable(hold=news.row, family=news.family)
    if left.limit <= 0:
        return 0
    _rest_write(news=news, amount=left.limit, note=_("The hold lapsed; its rest is held no more."), by=None)
    return 1


def _rest_write(*, news: Recording, amount: Decimal, note: str, by: User | None, reason: str = "") -> None:
    release_add(parent=news.row, amount=amount, news=news, by=by, reason=reason)
    payment_refresh(news=news)
    note_add(on=news.payment, text=note, by=by, now=news.now)


def _open_holds() -> QuerySet[PaymentTransaction]:
    """Approved holds of payments that hold everything. The lock shows whether they are open."""
    return _approved_holds().filter(payment__money_state=MoneyState.AUTHORIZED)


def _approved_holds() -> QuerySet[PaymentTransaction]:
    """Oldest first, without those of `is_nobodys_hold`."""
    return (
        PaymentTransaction.objects.filter(action__in=sorted(HOLDS), state=TransactionState.APPROVED)
        .exclude(action=Action.REAUTHORIZE, late=True)
        .select_related("payment__provider_account", "payment__integration__owner", "payment__organization")
        .order_by("pk")
    )


def _expire(*, hold: PaymentTransaction, now: datetime) -> int:
    """By evidence: only what the gateway shows as reversed is gone."""
    seen = gateway_of(account=hold.payment.provider_account).look_up(gateway_id=hold.gateway_id)
    if seen.verdict in SILENT or seen.status != "REVERSED":
        return 0
    return _write(hold=hold, answer=seen, now=now)


@atomic(durable=True)
def _write(*, hold: PaymentTransaction, answer: Answer, now: datetime) -> int:
    answer = Answer(verdict=Verdict.CANCELED, gateway_id=answer.gateway_id, status=answer.status)
    news = recording_lock(transaction_id=hold.pk, answer=answer, now=now)
    left = still_held(hold=news.row, family=news.family)
    if left.limit <= 0:
        return 0
    release_add(parent=news.row, amount=left.limit, news=news)
    tell_ended(news)
    payment_refresh(news=news)
    hold_mail(hold=news.row, gone=True, why="", now=now)
    return 1
