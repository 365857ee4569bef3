"""The end of an authentication that nobody finishes: its time is over, or the buyer leaves. Nothing can be charged."""

from datetime import datetime

from django.db.transaction import atomic

from commerce.models import User
from oropay.engine.follow.authenticate import close
from oropay.engine.follow.recording import Recording, tell_ended
from oropay.engine.record import payment_refresh, recording_lock
from oropay.exceptions import CannotLeave
from oropay.gateway.port import Answer, Verdict
from oropay.models import (
    AUTHENTICATING,
    AuthenticationOutcome,
    Payment,
    PaymentPayable,
    PaymentTransaction,
    TransactionState,
)

S = TransactionState


@atomic(durable=True)
def authentication_expire(*, transaction_id: int, now: datetime) -> None:
    """End an authentication whose time is over: what it was for may be paid anew. Safe to call any number of times.

    A lost answer ends here, too, without evidence: no money can have moved, whatever became of it.
    """
    news = recording_lock(transaction_id=transaction_id, answer=Answer(verdict=Verdict.CANCELED), now=now)
    if now >= news.payment.authentication.expires_at:
        _end(news, waiting=S.EXPIRED)


@atomic(durable=True)
def authentication_leave(*, payment: Payment, by: User, now: datetime) -> None:
    """Let the buyer who started a payment give up confirming it, and pay another way at once.

    Raises:
        CannotLeave: it is with the bank at this moment, or the bank has decided already.
    """
    newest = PaymentTransaction.objects.filter(payment=payment).order_by("-pk").values_list("pk", flat=True)[0]
    news = recording_lock(transaction_id=newest, answer=Answer(verdict=Verdict.CANCELED), now=now)
    if news.payment.created_by_id != by.pk or not _end(news, waiting=S.CANCELED):
        raise CannotLeave


def _end(news: Recording, *, waiting: TransactionState) -> bool:
    """Move every open question of the payment to its end; False if one is with the gateway now, or none waits."""
    still = [row for row in news.family if not row.is_final]
    if not still or any(row.action not in AUTHENTICATING for row in still):
        return False
    sending = [row for row in still if row.state == S.SENDING]
    if sending:
        PaymentTransaction.objects.filter(pk__in=[row.pk for row in still], state=S.ACTION_REQUIRED).update(
            next_at=max(row.lease_until or news.now for row in sending)
        )
        return False
    for row in still:
        row.state = waiting if row.state == S.ACTION_REQUIRED else S.CANCELED
        row.next_at, row.ended_at = None, news.now
        row.save()
    news.parts = list(PaymentPayable.objects.filter(payment=news.payment).order_by("payable_id"))
    close(news.payment.authentication, news=news, outcome=AuthenticationOutcome.ABANDONED)
    tell_ended(news)
    payment_refresh(news=news)
    return True
