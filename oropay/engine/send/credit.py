"""Money to a customer without a charge it came from."""

from oropay.engine.send.claim import Claim
from oropay.engine.send.sale import sale_request
from oropay.gateway.port import Answer, PaymentGateway


def credit(claim: Claim, gateway: PaymentGateway) -> Answer:
    return gateway.credit(sale_request(claim=claim))
