"""Claim a queued transaction, call the gateway with no database transaction open, record what came back."""

import logging
import time
from datetime import datetime

from django.conf import settings

from oropay import locks
from oropay.engine.gateways import gateway_of
from oropay.engine.judge import GIVE_UP_AFTER, TRIES
from oropay.engine.record import record
from oropay.engine.send import Claim, send
from oropay.exceptions import VaultError
from oropay.gateway.port import Answer, Verdict
from oropay.models import PaymentTransaction

logger = logging.getLogger(__name__)


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
        record(transaction_id=transaction_id, answer=answer, kind="send")
        return
    try:
        answer = send(claim=claim, gateway=gateway)
    except VaultError as error:
        logger.exception("transaction %s was not sent", transaction_id)
        answer = Answer(verdict=Verdict.NOT_SENT, error_text=str(error))
    except Exception:
        # A fault of ours somewhere around the call: nobody can say whether a byte left, so it must be looked up.
        logger.exception("transaction %s: the gateway call broke", transaction_id)
        answer = Answer(verdict=Verdict.UNKNOWN, error_text="internal error around the gateway call")
    record(transaction_id=transaction_id, answer=answer, kind="send", seen=claim.transaction.payment)


def _claim(*, transaction_id: int, now: datetime) -> Claim | None:
    """Take the lease and commit it, so that a crash from here on leaves a row that says how far we got."""
    send_before = time.monotonic() + settings.OROPAY_SEND_WITHIN.total_seconds()
    claimed = locks.claim(pk=transaction_id)
    if claimed is None:
        return None
    if claimed.tries > TRIES or now - claimed.queued_at > GIVE_UP_AFTER:
        record(transaction_id=transaction_id, answer=Answer(verdict=Verdict.NOT_SENT), kind="send")
        return None
    row = PaymentTransaction.objects.select_related(
        "payment__organization",
        "payment__instrument",
        "payment__integration",
        "payment__mandate",
        "payment__provider_account",
        "payment__website",
        "parent",
    ).get(pk=transaction_id)
    return Claim(transaction=row, send_before=send_before)
