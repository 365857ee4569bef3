"""Charges and holds: what is paid, with what, and the bank account number opened for the length of one call."""

from dataclasses import replace

from moneyed import Money

from oropay import vault
from oropay.engine.send.claim import Claim
from oropay.engine.send.stored import credential_use, was_declined_before
from oropay.gateway.port import Answer, BankAccount, Capture, CardToken, DataLevel, PaymentGateway, SaleRequest
from oropay.models import InstrumentKind, InstrumentState, PaymentTransaction
from oropay.orderdata import thaw
from oropay.services.provider import webhook_address
from oropay.vault.contexts import vault_context


def charge(claim: Claim, gateway: PaymentGateway) -> Answer:
    return gateway.charge(sale_request(claim=claim))


def authorize(claim: Claim, gateway: PaymentGateway) -> Answer:
    return gateway.authorize(sale_request(claim=claim))


def sale_request(*, claim: Claim) -> SaleRequest:
    """A charge or a hold as the port wants it. Raises VaultError when a bank account's box is not this row's."""
    row = claim.transaction
    return SaleRequest(
        reference=row.reference,
        idempotency_key=str(row.idempotency_key),
        amount=Money(row.amount, row.currency),
        source=source_of(row=row),
        order=replace(thaw(row.payment.order_data), ip_address=row.payment.ip_address or ""),
        send_before=claim.send_before,
        level=DataLevel(row.payment.data_level or DataLevel.ONE),
        capture=Capture(row.capture_mode) if row.capture_mode else Capture.NOW,
        status_url=_status_url(row=row),
    )


def _status_url(*, row: PaymentTransaction) -> str:
    payment = row.payment
    return webhook_address(integration=payment.integration, website=payment.website) if payment.integration else ""


def source_of(*, row: PaymentTransaction) -> CardToken | BankAccount:
    """What the row's payment is made with. Raises VaultError when a bank account's box is not this row's."""
    payment = row.payment
    instrument = payment.instrument
    if instrument is None:
        raise ValueError(f"payment {payment.pk} has no instrument")
    if instrument.kind == InstrumentKind.CARD:
        return CardToken(
            token=instrument.token,
            keep=payment.keep_instrument and instrument.state == InstrumentState.ONCE,
            use=credential_use(payment=payment, declined_before=was_declined_before(payment)),
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
