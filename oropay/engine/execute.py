"""Claim a queued transaction, call the gateway with no database transaction open, record what came back."""

import json
import logging
import time
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from django.conf import settings
from django.db.models.functions import Now
from django.db.transaction import atomic
from django.utils.module_loading import import_string
from moneyed import Money

from oropay import locks, vault
from oropay.engine.evidence import SILENT, owner_at_gateway, same_transaction
from oropay.engine.judge import GIVE_UP_AFTER, TRIES
from oropay.engine.record import record
from oropay.exceptions import VaultError
from oropay.gateway.port import (
    Answer,
    BankAccount,
    Capture,
    CardToken,
    Credentials,
    FollowUpRequest,
    PaymentGateway,
    SaleRequest,
    Verdict,
)
from oropay.models import Action, InstrumentKind, InstrumentState, PaymentTransaction, ProviderAccount, TransactionState
from oropay.orderdata import thaw
from oropay.services.instrument import vault_context
from oropay.services.provider import credentials_context

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Claim:
    """A transaction this process may send, once, before `send_before` on this machine's monotonic clock."""

    transaction: PaymentTransaction
    send_before: float


def execute(*, transaction_id: int, now: datetime) -> None:
    """Send one queued transaction and record the answer. Safe to call any number of times, by any number of workers."""
    claim = _claim(transaction_id=transaction_id, now=now)
    if claim is None:
        return
    try:
        gateway = gateway_of(account=claim.transaction.payment.provider_account)
    except Exception as error:
        logger.exception("transaction %s was not sent: no gateway", transaction_id)
        record(
            transaction_id=transaction_id, answer=Answer(verdict=Verdict.NOT_SENT, error_text=str(error)), kind="send"
        )
        return
    try:
        answer = _send(claim=claim, gateway=gateway)
    except VaultError as error:
        logger.exception("transaction %s was not sent", transaction_id)
        answer = Answer(verdict=Verdict.NOT_SENT, error_text=str(error))
    except Exception:
        # A fault of ours somewhere around the call: nobody can say whether a byte left, so it must be looked up.
        logger.exception("transaction %s: the gateway call broke", transaction_id)
        answer = Answer(verdict=Verdict.UNKNOWN, error_text="internal error around the gateway call")
    record(transaction_id=transaction_id, answer=answer, kind="send", now=None)


def gateway_of(*, account: ProviderAccount | None) -> PaymentGateway:
    """The gateway behind a provider account; opens its sealed credentials, so it works in the worker only.

    Raises VaultError when this process holds no private key.
    """
    if account is None:
        raise VaultError("Nothing was sent: this payment goes through no provider account.")
    return _gateway(
        account.kind,
        account.pk,
        account.key_id,
        bytes(account.credentials),
        account.service_url,
        account.country,
        account.transaction_account,
        account.tokenization_account,
        account.settlement_account,
    )


@lru_cache(maxsize=32)
def _gateway(
    kind: str,
    pk: int,
    key_id: str,
    blob: bytes,
    service_url: str,
    country: str,
    transaction_account: str,
    tokenization_account: str,
    settlement_account: str,
) -> PaymentGateway:
    account = ProviderAccount.objects.select_related("organization").get(pk=pk)
    secret = json.loads(
        vault.unseal(
            sealed=vault.Sealed(key_id=key_id, blob=blob),
            context=credentials_context(
                organization_code=account.organization.code, name=account.name, kind=account.kind
            ),
        )
    )
    adapter = import_string(settings.GATEWAYS[kind])
    gateway: PaymentGateway = adapter(
        Credentials(
            app_id=secret["app_id"],
            app_key=secret["app_key"],
            service_url=service_url,
            country=country,
            transaction_account=transaction_account,
            tokenization_account=tokenization_account,
            settlement_account=settlement_account,
            connect_timeout=settings.OROPAY_CONNECT_TIMEOUT.total_seconds(),
            read_timeout=settings.OROPAY_READ_TIMEOUT.total_seconds(),
        )
    )
    return gateway


def _claim(*, transaction_id: int, now: datetime) -> Claim | None:
    """Take the lease and commit it, so that a crash from here on leaves a row that says how far we got."""
    send_before = time.monotonic() + settings.OROPAY_SEND_WITHIN.total_seconds()
    given_up = False
    with atomic(durable=True):
        row = locks.claim(pk=transaction_id)
        if row is None:
            return None
        given_up = row.tries >= TRIES or now - row.created_at > GIVE_UP_AFTER
        answer_within = settings.OROPAY_SEND_WITHIN + settings.OROPAY_CONNECT_TIMEOUT + settings.OROPAY_READ_TIMEOUT
        lease = answer_within + settings.OROPAY_LEASE_MARGIN
        PaymentTransaction.objects.filter(pk=row.pk).update(
            state=TransactionState.SENDING,
            tries=row.tries + 1,
            send_before=Now() + settings.OROPAY_SEND_WITHIN,
            answer_by=Now() + answer_within,
            lease_until=Now() + lease,
            next_at=Now() + lease,
        )
    if given_up:
        record(transaction_id=transaction_id, answer=Answer(verdict=Verdict.NOT_SENT), kind="send", now=None)
        return None
    claimed = PaymentTransaction.objects.select_related(
        "payment__instrument", "payment__mandate", "payment__provider_account", "parent"
    ).get(pk=transaction_id)
    return Claim(transaction=claimed, send_before=send_before)


def _send(*, claim: Claim, gateway: PaymentGateway) -> Answer:
    """Speak to the gateway. Only here does money move."""
    row = claim.transaction
    action = Action(row.action)
    if action in {Action.CHARGE, Action.AUTHORIZE}:
        sale = _sale(claim=claim)
        answer = gateway.charge(sale) if action == Action.CHARGE else gateway.authorize(sale)
    else:
        answer = _follow_up(claim=claim, gateway=gateway)
    if answer.verdict == Verdict.DUPLICATE:
        return _adopt_named(row=row, gateway=gateway, answer=answer)
    return answer


def _follow_up(*, claim: Claim, gateway: PaymentGateway) -> Answer:
    row, parent = claim.transaction, claim.transaction.parent
    if parent is None:
        raise ValueError(f"transaction {row.pk} ({row.action}) has no parent")
    request = FollowUpRequest(
        gateway_id=_name_at_gateway(parent),
        idempotency_key=str(row.idempotency_key),
        send_before=claim.send_before,
        amount=Money(row.amount, row.currency),
        reference=row.reference,
        reason=row.reason,
    )
    if row.action == Action.REFUND:
        return gateway.refund(request)
    if not _snapshot(row=row, parent=parent, gateway=gateway):
        return Answer(verdict=Verdict.NOT_SENT, error_text="the parent could not be read before the follow-up")
    if row.action == Action.CAPTURE:
        return gateway.capture(request)
    if row.action == Action.CANCEL:
        return gateway.cancel(replace(request, amount=None))
    raise ValueError(f"transaction {row.pk}: {row.action} cannot be sent")


def _name_at_gateway(parent: PaymentTransaction) -> str:
    """The gateway's id of what owns it there; our reference if no answer came."""
    owner = owner_at_gateway(parent)
    return owner.gateway_id or owner.reference


def _snapshot(*, row: PaymentTransaction, parent: PaymentTransaction, gateway: PaymentGateway) -> bool:
    """Note what the gateway says of the parent before the first try: an unknown capture or cancel is judged against it.

    A reversal by reference has nothing to read. Returns False when the gateway could not say: then nothing is sent.
    """
    if not parent.gateway_id or row.parent_before:
        return True
    seen = gateway.look_up(gateway_id=_name_at_gateway(parent))
    if seen.verdict in SILENT or not seen.status:
        return False
    PaymentTransaction.objects.filter(pk=row.pk).update(
        parent_before={"status": seen.status, "amount": str(seen.amount.amount) if seen.amount is not None else ""}
    )
    return True


def _adopt_named(*, row: PaymentTransaction, gateway: PaymentGateway, answer: Answer) -> Answer:
    """A reused key is an answer: it names the earlier transaction. Fetch it; it is ours only if it is the same."""
    if not answer.duplicate_of:
        return replace(answer, verdict=Verdict.UNKNOWN)
    if row.action in {Action.CAPTURE, Action.CANCEL}:
        # The named id is the parent's; whether our follow-up happened is judged by the look-ups.
        return replace(answer, verdict=Verdict.UNKNOWN)
    found = gateway.look_up(gateway_id=answer.duplicate_of)
    if found.verdict in SILENT or found.verdict == Verdict.NOT_FOUND:
        return replace(answer, verdict=Verdict.UNKNOWN)
    if not same_transaction(row=row, answer=found):
        return replace(found, verdict=Verdict.UNKNOWN, foreign=True)
    return found


def _sale(*, claim: Claim) -> SaleRequest:
    row = claim.transaction
    return SaleRequest(
        reference=row.reference,
        idempotency_key=str(row.idempotency_key),
        amount=Money(row.amount, row.currency),
        source=_source(row=row),
        order=replace(thaw(row.payment.order_data), ip_address=row.payment.ip_address or ""),
        send_before=claim.send_before,
        capture=Capture(row.capture_mode) if row.capture_mode else Capture.NOW,
    )


def _source(*, row: PaymentTransaction) -> CardToken | BankAccount:
    payment = row.payment
    instrument = payment.instrument
    if instrument is None:
        raise ValueError(f"payment {payment.pk} has no instrument")
    if instrument.kind == InstrumentKind.CARD:
        return CardToken(
            token=instrument.token,
            keep=payment.keep_instrument and instrument.state == InstrumentState.ONCE,
            stored=instrument.state != InstrumentState.ONCE,
            brand_reference=instrument.brand_reference,
            holder_name=instrument.holder_name,
        )
    if payment.mandate is None:
        raise ValueError(f"payment {payment.pk} by bank has no mandate")
    number = vault.unseal(
        sealed=vault.Sealed(key_id=instrument.key_id, blob=bytes(instrument.sealed or b"")),
        context=vault_context(instrument),
    )
    if not instrument.fingerprint:
        instrument.fingerprint = vault.fingerprint(text=f"{instrument.routing_number}:{number}")
        instrument.save(update_fields=["fingerprint"])
    return BankAccount(
        account_number=number,
        routing_number=instrument.routing_number,
        account_type=instrument.account_type,
        holder_type=instrument.holder_type,
        holder_name=instrument.holder_name,
        sec_code=payment.mandate.sec_code,
        bank_name=instrument.bank_name,
    )
