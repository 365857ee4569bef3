"""Saved instruments at the gateway: deleting, renewing, recognising. No money moves here; every step may be repeated.

As with money the claim is committed before the gateway is called and no transaction is open during the call; unlike
money a lost answer is simply asked for again: a second deletion finds nothing and a second update says the same.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db.transaction import atomic
from django.utils import timezone

from oropay import locks, vault
from oropay.engine.gateways import gateway_of
from oropay.exceptions import VaultError
from oropay.gateway.port import Answer, Verdict
from oropay.models import (
    ACCOUNT_IS_FROZEN,
    ACCOUNT_IS_WRONG,
    INITIATING,
    Instrument,
    InstrumentKind,
    InstrumentRequest,
    InstrumentRequestKind,
    InstrumentRequestState,
    InstrumentState,
    Mandate,
    MandateKind,
    PaymentTransaction,
    TransactionState,
)
from oropay.services.ach.freeze import account_state, freeze_follow
from oropay.services.ach.numbers import account_forget, number_forget, numbers_of
from oropay.services.join import account_corrected, instrument_keep
from oropay.vault.contexts import vault_context

logger = logging.getLogger(__name__)

WAIT_FOR_PAYMENT = timedelta(minutes=1)
"""A payment that is being sent may still need the token."""
GONE = frozenset({Verdict.APPROVED, Verdict.NOT_FOUND})
AGAIN = frozenset({Verdict.NOT_SENT, Verdict.REFUSED, Verdict.UNKNOWN, Verdict.DUPLICATE})
"""No word of the gateway's about this request: ask again."""


def instrument_request(*, request_id: int, now: datetime) -> None:
    """Do one due request. Safe to call any number of times, by any number of workers."""
    request = _claim(request_id=request_id, now=now)
    if request is None:
        return
    try:
        answer = DOES[InstrumentRequestKind(request.kind)](request)
    except VaultError as error:
        logger.exception("instrument request %s was not done", request_id)
        answer = Answer(verdict=Verdict.NOT_SENT, error_text=str(error))
    except Exception as error:
        # A fault of ours: the row is tried again and shows it, instead of standing as "sending" until its lease ends.
        logger.exception("instrument request %s broke", request_id)
        answer = Answer(verdict=Verdict.UNKNOWN, error_text=f"{type(error).__name__}: {error}")
    _record(request_id=request_id, tries=request.tries, answer=answer, now=timezone.now())


@atomic(durable=True)
def _claim(*, request_id: int, now: datetime) -> InstrumentRequest | None:
    request = locks.instrument_request(pk=request_id, now=now)
    if request is None:
        return None
    if request.kind == InstrumentRequestKind.DELETE and _about_to_pay(request):
        request.next_at, request.hinted_at = now + WAIT_FOR_PAYMENT, None
        request.save(update_fields=["next_at", "hinted_at"])
        return None
    request.state, request.tries = InstrumentRequestState.SENDING, request.tries + 1
    request.next_at = (
        now + settings.OROPAY_CONNECT_TIMEOUT + settings.OROPAY_READ_TIMEOUT + settings.OROPAY_LEASE_MARGIN
    )
    request.hinted_at = None
    request.save(update_fields=["state", "tries", "next_at", "hinted_at"])
    return InstrumentRequest.objects.select_related("instrument__provider_account").get(pk=request.pk)


def _about_to_pay(request: InstrumentRequest) -> bool:
    return PaymentTransaction.objects.filter(
        payment__instrument=request.instrument_id,
        action__in=sorted(INITIATING),
        state__in=[TransactionState.QUEUED, TransactionState.SENDING, TransactionState.ACTION_REQUIRED],
    ).exists()


def _delete(request: InstrumentRequest) -> Answer:
    instrument = request.instrument
    if instrument.kind == InstrumentKind.BANK or not request.token:
        return Answer(verdict=Verdict.APPROVED)  # GP-API keeps no bank accounts
    return gateway_of(account=instrument.provider_account).delete_card(token=request.token)


def _update(request: InstrumentRequest) -> Answer:
    if request.expiry_month is None or request.expiry_year is None:
        raise ValueError(f"request {request.pk} names no expiry")
    return gateway_of(account=request.instrument.provider_account).update_card(
        token=request.token, expiry_month=request.expiry_month, expiry_year=request.expiry_year
    )


def _identify(request: InstrumentRequest) -> Answer:
    """The fingerprint of a bank account, from the number that only this process can read."""
    return Answer(verdict=Verdict.APPROVED, fingerprint=fingerprint_of(request.instrument))


def fingerprint_of(instrument: Instrument) -> str:
    """What equal bank accounts have in common. Raises VaultError when the box is not this row's."""
    number = vault.unseal(
        sealed=vault.Sealed(key_id=instrument.key_id, blob=bytes(instrument.sealed or b"")),
        context=vault_context(instrument),
    )
    return vault.fingerprint(text=f"{instrument.routing_number}:{number}")


DOES: Mapping[InstrumentRequestKind, Callable[[InstrumentRequest], Answer]] = {
    InstrumentRequestKind.DELETE: _delete,
    InstrumentRequestKind.UPDATE: _update,
    InstrumentRequestKind.IDENTIFY: _identify,
}
"""What each kind asks, outside any transaction."""


@atomic(durable=True)
def _record(*, request_id: int, tries: int, answer: Answer, now: datetime) -> None:
    """Write down what came of it; a worker that was taken for dead and comes back late changes nothing."""
    instrument = _lock(request=InstrumentRequest.objects.select_related("instrument").get(pk=request_id))
    request = locks.instrument_request_held(pk=request_id)
    if request.state != InstrumentRequestState.SENDING or request.tries != tries:
        return
    if answer.verdict in AGAIN and tries <= len(settings.OROPAY_INSTRUMENT_STEPS):
        request.state, request.next_at = (
            InstrumentRequestState.QUEUED,
            now + settings.OROPAY_INSTRUMENT_STEPS[tries - 1],
        )
        request.hinted_at, request.error = None, _shown(answer)
    elif answer.verdict == Verdict.APPROVED or (
        request.kind == InstrumentRequestKind.DELETE and answer.verdict in GONE
    ):
        request.state, request.ended_at, request.error = InstrumentRequestState.DONE, now, ""
        DONE[InstrumentRequestKind(request.kind)](instrument, request, answer, now)
    else:
        request.state, request.ended_at, request.error = InstrumentRequestState.FAILED, now, _shown(answer)
        if answer.card_gone or answer.verdict == Verdict.NOT_FOUND:
            instrument_gone(instrument=instrument, token=request.token)
    request.save(update_fields=["state", "next_at", "hinted_at", "ended_at", "error"])
    if request.state == InstrumentRequestState.DONE and instrument.state == InstrumentState.DELETED:
        _number_leaves(instrument=instrument, request=request, now=now)


def _lock(*, request: InstrumentRequest) -> Instrument:
    """Its instrument, and of an account that is removed every other row, in id order."""
    ids = [request.instrument_id]
    if request.kind == InstrumentRequestKind.DELETE and request.instrument.kind == InstrumentKind.BANK:
        ids += numbers_of(account=request.instrument).values_list("pk", flat=True)
        locks.instruments(ids=ids)
    return locks.instrument(pk=request.instrument_id)


def _number_leaves(*, instrument: Instrument, request: InstrumentRequest, now: datetime) -> None:
    """The number of an account that was removed, or that turned out to be another saved one, leaves the vault."""
    if instrument.kind != InstrumentKind.BANK:
        return
    if request.kind == InstrumentRequestKind.DELETE:
        account_forget(account=instrument, now=now)
    else:
        number_forget(account=instrument, now=now)


def instrument_gone(*, instrument: Instrument, token: str) -> None:
    """The gateway no longer knows the card: it is not offered any more, and its owner is asked to enter it again."""
    Instrument.objects.filter(
        pk=instrument.pk, token=token, state__in=[InstrumentState.ACTIVE, InstrumentState.FROZEN]
    ).update(state=InstrumentState.DEAD)


def _deleted(instrument: Instrument, request: InstrumentRequest, answer: Answer, now: datetime) -> None:
    if instrument.state != InstrumentState.DELETED:
        return  # only an old token of it was forgotten
    Mandate.objects.filter(instrument=instrument, revoked_at=None).exclude(kind=MandateKind.SINGLE).update(
        revoked_at=now
    )


def _updated(instrument: Instrument, request: InstrumentRequest, answer: Answer, now: datetime) -> None:
    if instrument.token == request.token:
        instrument.expiry_month, instrument.expiry_year = request.expiry_month, request.expiry_year
        instrument.save(update_fields=["expiry_month", "expiry_year"])


def _identified(instrument: Instrument, request: InstrumentRequest, answer: Answer, now: datetime) -> None:
    """Of a new account: whether it is saved already, or frozen. Of one its bank corrected (`token`): which it is."""
    before = instrument.fingerprint
    if request.token:
        account_corrected(instrument=instrument, fingerprint=answer.fingerprint)
        freeze_follow(instrument=instrument, before=before, now=now)
        return
    if not before:
        instrument.fingerprint = answer.fingerprint
        instrument.save(update_fields=["fingerprint"])
    if instrument.state != InstrumentState.ONCE:
        return
    state = account_state(instrument=instrument)
    if state == InstrumentState.FROZEN:
        _turned_down(instrument, request, ACCOUNT_IS_FROZEN, now)
    elif state == InstrumentState.DEAD:
        _turned_down(instrument, request, ACCOUNT_IS_WRONG, now)
    else:
        instrument_keep(instrument=instrument, fingerprint=answer.fingerprint, now=now)


def _turned_down(instrument: Instrument, request: InstrumentRequest, why: str, now: datetime) -> None:
    """An account that may not be debited is not added: its number leaves the vault at once, and the person is told at
    the field.
    """
    request.state, request.error = InstrumentRequestState.FAILED, why
    instrument.state, instrument.sealed, instrument.key_id = InstrumentState.DELETED, None, ""
    instrument.save(update_fields=["state", "sealed", "key_id"])
    Mandate.objects.filter(instrument=instrument, revoked_at=None).update(revoked_at=now)


DONE: Mapping[InstrumentRequestKind, Callable[[Instrument, InstrumentRequest, Answer, datetime], None]] = {
    InstrumentRequestKind.DELETE: _deleted,
    InstrumentRequestKind.UPDATE: _updated,
    InstrumentRequestKind.IDENTIFY: _identified,
}
"""What each kind brings about here, in the transaction that records it."""


def _shown(answer: Answer) -> str:
    return (answer.error_text or answer.message or answer.verdict)[:250]
