"""Claim a queued transaction, call the gateway with no database transaction open, record what came back."""

import logging
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from oropay import locks
from oropay.engine.gateways import gateway_of
from oropay.engine.health import probe_take
from oropay.engine.record import record
from oropay.engine.send import Claim, send
from oropay.exceptions import AccountFrozen, AccountWrong, VaultError
from oropay.gateway.port import Answer, Verdict
from oropay.models import PaymentTransaction, ProviderHealth, TransactionState
from plumbing.compiled import compiled

logger = logging.getLogger(__name__)

S = TransactionState
A_MOMENT = timedelta(milliseconds=100)
"""After an end, so that it is over when the transaction is published again."""


def execute(*, transaction_id: int, now: datetime) -> None:
    """Send one queued transaction and record the answer. Safe to call any number of times, by any number of workers."""
    claim = _claim(transaction_id=transaction_id, now=now)
    if claim is None:
        return
    try:
        gateway = gateway_of(account=claim.transaction.payment.provider_account)
    except Exception as error:
        logger.exception("transaction %s was not sent: no gateway", transaction_id)
        answer = Answer(verdict=Verdict.NOT_SENT, error_text=str(error))
        record(transaction_id=transaction_id, answer=answer, kind="send", asked=False)
        return
    asked = True
    try:
        answer = send(claim=claim, gateway=gateway)
    except AccountFrozen as error:
        answer = Answer(verdict=Verdict.WITHHELD, error_text=str(error))
    except AccountWrong as error:
        answer = Answer(verdict=Verdict.MISDIRECTED, error_text=str(error))
    except VaultError as error:
        logger.exception("transaction %s was not sent", transaction_id)
        answer, asked = Answer(verdict=Verdict.NOT_SENT, error_text=str(error)), False
    except Exception:
        # A fault of ours somewhere around the call: nobody can say whether a byte left, so it must be looked up.
        logger.exception("transaction %s: the gateway call broke", transaction_id)
        answer = Answer(verdict=Verdict.UNKNOWN, error_text="internal error around the gateway call")
    record(transaction_id=transaction_id, answer=answer, kind="send", seen=claim.transaction.payment, asked=asked)


def give_up(*, transaction_id: int, now: datetime) -> None:
    """End a queued transaction whose time is over, where no worker is left that could send it: whoever waits for it is
    told, and its payables may be paid another way. Any process can do so, nothing is said to a gateway.

    It is the claim that keeps a worker from sending it at this moment, and the worker's own rule that ends it.
    """
    row = PaymentTransaction.objects.filter(pk=transaction_id, state=S.QUEUED).first()
    if row is not None and now > row.give_up_at and locks.claim(pk=row.pk, through=True) is not None:
        _not_sent(transaction_id=row.pk, now=now)


def _claim(*, transaction_id: int, now: datetime) -> Claim | None:
    """Take the lease and commit it, so that a crash from here on leaves a row that says how far we got."""
    send_before = time.monotonic() + settings.OROPAY_SEND_WITHIN.total_seconds()
    claimed = locks.claim(pk=transaction_id) or _claim_at_an_open_circuit(transaction_id=transaction_id, now=now)
    if claimed is None:
        return None
    over = now - claimed.queued_at > settings.OROPAY_GIVE_UP_AFTER
    if over or claimed.tries > settings.OROPAY_SEND_TRIES:
        _not_sent(transaction_id=transaction_id, now=now)
        return None
    [row] = _claimed(pk=transaction_id)
    return Claim(transaction=row, send_before=send_before)


def _not_sent(*, transaction_id: int, now: datetime) -> None:
    answer = Answer(verdict=Verdict.NOT_SENT)
    record(transaction_id=transaction_id, answer=answer, kind="send", now=now, asked=False)


@compiled
def _claimed(*, pk: int) -> QuerySet[PaymentTransaction]:
    """With all that a request may want to know."""
    return PaymentTransaction.objects.select_related(
        "payment__organization",
        "payment__instrument",
        "payment__integration",
        "payment__provider_account__health",
        "payment__authentication",
        "payment__website",
    ).filter(pk=pk)


def _claim_at_an_open_circuit(*, transaction_id: int, now: datetime) -> locks.Claimed | None:
    """Leave a transaction queued while nothing is sent, unless it is the probe or its time is over.

    It is published again when the pause ends, or when it is to be given up: nobody waits longer than that for a word.
    """
    row = PaymentTransaction.objects.select_related("payment").filter(pk=transaction_id, state=S.QUEUED).first()
    health = ProviderHealth.objects.filter(
        provider_account_id=row.payment.provider_account_id if row else None, open_until__isnull=False
    ).first()
    if row is None or health is None or health.open_until is None:
        return None
    if now > row.give_up_at or probe_take(provider_account_id=health.pk, now=now):
        return locks.claim(pk=transaction_id, through=True)
    soon = max(now, min(health.open_until, row.give_up_at)) + A_MOMENT
    PaymentTransaction.objects.filter(pk=row.pk, state=S.QUEUED).update(next_at=soon)
    return None
