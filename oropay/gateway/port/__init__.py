"""What the engine asks of any payment gateway, in our own words.

An adapter turns these values into one gateway's requests and its answers back into an `Answer`.
Nothing here knows HTTP, the database or a particular gateway. One file a subject; `PaymentGateway` is all of them.
"""

from typing import Protocol

from oropay.gateway.port.answers import Answer, Authenticated, GatewayUnavailable, Listing, Proof, Verdict
from oropay.gateway.port.authentications import (
    Authentications,
    Browser,
    CheckRequest,
    InitiateRequest,
    ResultRequest,
)
from oropay.gateway.port.cards import Cards, HostedToken
from oropay.gateway.port.credentials import Credentials
from oropay.gateway.port.disputes import DisputeAct, DisputeDocument, Disputes, DisputeTold, Funding
from oropay.gateway.port.goods import DataLevel, OrderData, OrderItem, Payer, PostalAddress
from oropay.gateway.port.notifications import Notice, Notifications, Subject
from oropay.gateway.port.payments import (
    AuthenticationUsed,
    BankAccount,
    Capture,
    CardToken,
    CredentialModel,
    CredentialReason,
    CredentialUse,
    FollowUpRequest,
    Payments,
    RiskFilter,
    SaleRequest,
    ValidationRequest,
)
from oropay.gateway.port.settlements import DepositAdvice, SettledTransaction, Settlements

__all__ = [
    "Answer",
    "Authenticated",
    "AuthenticationUsed",
    "BankAccount",
    "Browser",
    "Capture",
    "CardToken",
    "CheckRequest",
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
    "InitiateRequest",
    "Listing",
    "Notice",
    "OrderData",
    "OrderItem",
    "Payer",
    "PaymentGateway",
    "PostalAddress",
    "Proof",
    "ResultRequest",
    "RiskFilter",
    "SaleRequest",
    "SettledTransaction",
    "Subject",
    "ValidationRequest",
    "Verdict",
]


class PaymentGateway(Payments, Authentications, Cards, Notifications, Settlements, Disputes, Protocol):
    """One merchant account at one gateway."""
