"""Zero-amount checks of a card."""

from oropay.engine.send.claim import Claim
from oropay.engine.send.sale import source_of
from oropay.gateway.port import Answer, CardToken, PaymentGateway, ValidationRequest


def validate(claim: Claim, gateway: PaymentGateway) -> Answer:
    """Ask a card's bank whether it is good, for nothing.

    Raises:
        ValueError: it is no card; nothing is sent.
    """
    row = claim.transaction
    source = source_of(row=row)
    if not isinstance(source, CardToken):
        raise ValueError(f"transaction {row.pk} checks something that is no card")
    return gateway.validate(
        ValidationRequest(
            reference=row.reference,
            idempotency_key=str(row.idempotency_key),
            currency=row.currency,
            source=source,
            send_before=claim.send_before,
        )
    )
