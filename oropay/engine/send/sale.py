"""Charges and holds: what is paid, with what, and the bank account number opened for the length of one call."""

from dataclasses import replace

from moneyed import Money

from oropay import vault
from oropay.engine.send.claim import Claim
from oropay.engine.send.stored import credential_use
from oropay.exceptions import AccountFrozen, AccountWrong
from oropay.gateway.port import (
    Answer,
    AuthenticationUsed,
    BankAccount,
    Capture,
    CardToken,
    DataLevel,
    PaymentGateway,
    RiskFilter,
    SaleRequest,
    Verdict,
)
from oropay.models import (
    PROVEN,
    Authentication,
    AuthenticationOutcome,
    InstrumentKind,
    InstrumentState,
    Payment,
    PaymentTransaction,
)
from oropay.orderdata import thaw
from oropay.services.ach.freeze import freeze_of, frozen_sentence
from oropay.services.ach.wrong import details_wrong
from oropay.services.provider import webhook_address
from oropay.services.wallet import dead_sentence
from oropay.vault.contexts import vault_context

MAY_PAY = PROVEN | {
    AuthenticationOutcome.UNAVAILABLE,
    AuthenticationOutcome.NOT_ENROLLED,
    AuthenticationOutcome.EXEMPT,
}
"""With the last three nothing is proven: the integration lets them pay without it."""


def charge(claim: Claim, gateway: PaymentGateway) -> Answer:
    """Take the money at once, unless the last look refuses. Raises as `source_of`."""
    return refused(claim) or gateway.charge(sale_request(claim=claim))


def authorize(claim: Claim, gateway: PaymentGateway) -> Answer:
    """Hold it, unless the last look refuses. Raises as `source_of`."""
    return refused(claim) or gateway.authorize(sale_request(claim=claim))


def refused(claim: Claim) -> Answer | None:
    """The last look before money is asked for: only what the card holder's bank was asked about, and allowed, is sent.

    Rule: charge only if amount, currency and card equal the authenticated ones.
    """
    row = claim.transaction
    asked, instrument = authentication_on(row.payment), row.payment.instrument
    if asked is None or instrument is None:
        return None
    same = (asked.amount, asked.currency, asked.token) == (row.amount, row.currency, instrument.token)
    if same and asked.outcome in MAY_PAY:
        return None
    why = f"Nothing was sent: amount, currency or card is not what the bank was asked about ({asked.outcome})."
    return Answer(verdict=Verdict.FAILED, error_text=why)


def authentication_on(payment: Payment) -> Authentication | None:
    """What its bank was asked about who is paying; None if nobody asked."""
    return getattr(payment, "authentication", None)


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
        risk=RiskFilter(row.payment.integration.risk_mode) if row.payment.integration else RiskFilter.OFF,
        capture=Capture(row.capture_mode) if row.capture_mode else Capture.NOW,
        status_url=_status_url(row=row),
        authentication=_proof(row.payment),
    )


def _proof(payment: Payment) -> AuthenticationUsed | None:
    """What the payment names as proof of who is paying, or the exemption it claims."""
    asked = authentication_on(payment)
    if asked is None or asked.outcome not in PROVEN | {AuthenticationOutcome.EXEMPT}:
        return None
    return AuthenticationUsed(
        gateway_id=asked.gateway_id,
        message_version=asked.message_version,
        eci=asked.eci,
        server_trans_ref=asked.server_trans_ref,
        ds_trans_ref=asked.ds_trans_ref,
        exemption=asked.exemption,
    )


def _status_url(*, row: PaymentTransaction) -> str:
    payment = row.payment
    return webhook_address(integration=payment.integration, website=payment.website) if payment.integration else ""


def source_of(*, row: PaymentTransaction) -> CardToken | BankAccount:
    """What the row's payment is made with.

    Raises:
        VaultError: a bank account's box is not this row's.
        AccountFrozen: a return forbids debiting the account.
        AccountWrong: its bank calls details of the account wrong.
    """
    payment = row.payment
    instrument = payment.instrument
    if instrument is None:
        raise ValueError(f"payment {payment.pk} has no instrument")
    if instrument.kind == InstrumentKind.CARD:
        return CardToken(
            token=instrument.token,
            keep=payment.keep_instrument and instrument.state == InstrumentState.ONCE,
            use=credential_use(payment=payment),
            holder_name=instrument.holder_name,
        )
    if payment.mandate is None:
        raise ValueError(f"payment {payment.pk} by bank has no mandate")
    number = vault.unseal(
        sealed=vault.Sealed(key_id=instrument.key_id, blob=bytes(instrument.sealed or b"")),
        context=vault_context(instrument),
    )
    fingerprint = vault.fingerprint(text=f"{instrument.routing_number}:{number}")
    if not instrument.fingerprint:
        instrument.fingerprint = fingerprint
        instrument.save(update_fields=["fingerprint"])
    for known in {fingerprint, instrument.fingerprint}:  # two while a correction of its bank's is being recognised
        freeze = freeze_of(organization_id=payment.organization_id, fingerprint=known)
        if freeze is not None:
            raise AccountFrozen(frozen_sentence(freeze))
    if details_wrong(account=instrument, organization_id=payment.organization_id, fingerprint=fingerprint):
        raise AccountWrong(dead_sentence(instrument))
    return BankAccount(
        account_number=number,
        routing_number=instrument.routing_number,
        account_type=instrument.account_type,
        holder_type=instrument.holder_type,
        holder_name=instrument.holder_name,
        sec_code=payment.mandate.sec_code,
        bank_name=instrument.bank_name,
    )
