"""Money to a customer without a charge it came from."""

from oropay.engine.send.claim import Claim
from oropay.engine.send.sale import sale_request
from oropay.gateway.port import Answer, PaymentGateway


def credit(claim: Claim, gateway: PaymentGateway) -> Answer:
    """Pay out. Raises VaultError when a bank account's box is not this row's; then nothing is sent."""
    return gateway.credit(sale_request(claim=claim))
