"""What the engine asks of any payment gateway, in our own words.

An adapter turns these values into one gateway's requests and its answers back into an `Answer`.
Nothing here knows HTTP, the database or a particular gateway. One file a subject; `PaymentGateway` is all of them.
"""

from typing import Protocol

from oropay.gateway.port.answers import Answer, GatewayUnavailable, Listing, Verdict
from oropay.gateway.port.cards import Cards, HostedToken
from oropay.gateway.port.credentials import Credentials
from oropay.gateway.port.disputes import DisputeAct, DisputeDocument, Disputes, DisputeTold, Funding
from oropay.gateway.port.goods import DataLevel, OrderData, OrderItem, Payer, PostalAddress
from oropay.gateway.port.notifications import Notice, Notifications, Subject
from oropay.gateway.port.payments import (
    BankAccount,
    Capture,
    CardToken,
    CredentialModel,
    CredentialReason,
    CredentialUse,
    FollowUpRequest,
    Payments,
    SaleRequest,
    ValidationRequest,
)
from oropay.gateway.port.settlements import DepositAdvice, SettledTransaction, Settlements

__all__ = [
    "Answer",
    "BankAccount",
    "Capture",
    "CardToken",
    "CredentialModel",
    "CredentialReason",
    "CredentialUse",
    "Credentials",
    "DataLevel",
    "DepositAdvice",
    "DisputeAct",
    "DisputeDocument",
    "DisputeTold",
    "FollowUpRequest",
    "Funding",
    "GatewayUnavailable",
    "HostedToken",
    "Listing",
    "Notice",
    "OrderData",
    "OrderItem",
    "Payer",
    "PaymentGateway",
    "PostalAddress",
    "SaleRequest",
    "SettledTransaction",
    "Subject",
    "ValidationRequest",
    "Verdict",
]


class PaymentGateway(Payments, Cards, Notifications, Settlements, Disputes, Protocol):
    """One merchant account at one gateway."""
