"""3-D Secure: what the buyer's browser brings. Each step writes a row; the worker sends it. No money moves here."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from django.conf import settings
from django.db.transaction import atomic

from oropay import locks
from oropay.gateway.port import Browser
from oropay.models import RUNNING, Action, Payment, PaymentTransaction, TransactionState
from oropay.services.payable import money_states_write
from oropay.services.start import reference_new
from plumbing.services import hint

S = TransactionState


@atomic(durable=True)
def authentication_initiate(
    *, payment_id: int, browser: Browser, method_completion: str, now: datetime
) -> PaymentTransaction | None:
    """Queue letting the bank decide, once the browser has told what banks want to know.

    Told twice (a reload, a second tab) it is the same row. Returns None when nobody waits for it any more.
    """
    payment = locks.payment(pk=payment_id)
    family = locks.transactions_of(payment_id=payment_id)
    earlier = _newest(family, Action.AUTHENTICATE_INITIATE)
    if earlier is not None:
        return earlier
    check = _newest(family, Action.AUTHENTICATE_CHECK)
    asked = payment.authentication
    if check is None or check.state != S.ACTION_REQUIRED or now >= asked.expires_at:
        return None
    asked.browser, asked.method_completion = asdict(browser), method_completion
    asked.save(update_fields=["browser", "method_completion"])
    check.state, check.next_at, check.ended_at = S.APPROVED, None, now
    check.save()
    return _queued(payment=payment, family=family, parent=check, action=Action.AUTHENTICATE_INITIATE, now=now)


@atomic(durable=True)
def authentication_returned(*, payment_id: int, now: datetime) -> PaymentTransaction | None:
    """Queue reading what came of a challenge, because the bank's page has sent the browser back.

    What the browser brings is not believed. Sent back twice it is the same row. Returns None when no challenge waits:
    a stale return changes nothing.
    """
    payment = locks.payment(pk=payment_id)
    family = locks.transactions_of(payment_id=payment_id)
    challenge = _newest(family, Action.AUTHENTICATE_INITIATE)
    if challenge is None or challenge.state != S.ACTION_REQUIRED or now >= payment.authentication.expires_at:
        return None
    earlier = _newest(family, Action.AUTHENTICATE_RESULT)
    if earlier is not None and earlier.state in RUNNING:
        return earlier
    if earlier is not None and earlier.state == S.ACTION_REQUIRED:  # the bank was still waiting: it is asked again
        earlier.state, earlier.ended_at = S.CANCELED, now
        earlier.save()
    return _queued(payment=payment, family=family, parent=challenge, action=Action.AUTHENTICATE_RESULT, now=now)


def _newest(family: Sequence[PaymentTransaction], action: Action) -> PaymentTransaction | None:
    return next((row for row in reversed(family) if row.action == action), None)


def _queued(
    *,
    payment: Payment,
    family: Sequence[PaymentTransaction],
    parent: PaymentTransaction,
    action: Action,
    now: datetime,
) -> PaymentTransaction:
    row = PaymentTransaction.objects.create(
        payment=payment,
        parent=parent,
        action=action,
        amount=payment.amount,
        currency=payment.currency,
        reference=reference_new(),
        created_by=payment.created_by,
        created_at=now,
        next_at=now + settings.OROPAY_RESEND_AFTER,
    )
    money_states_write({payment: [*family, row]})
    hint("oropay.tasks.execute", row.pk, queue="gateway-interactive")
    return row
