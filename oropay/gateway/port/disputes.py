"""Disputes: a card holder's bank takes money back, and we accept that or prove the sale."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

from moneyed import Money

from oropay.gateway.port.answers import Answer


class Funding(StrEnum):
    """Which way a dispute last moved money."""

    TAKEN = "taken"
    """From us: the payer has it."""
    RETURNED = "returned"
    """Back to us."""
    NONE = ""
    """It has not moved any."""


@dataclass(frozen=True)
class DisputeTold:
    """A dispute as the gateway describes it. Stage, status and result are its own words."""

    gateway_id: str
    stage: str
    status: str
    result: str
    amount: Money
    """What is contested; at most what was sold."""
    stage_at: datetime | None
    """When the stage began."""
    status_at: datetime | None
    """When the status was reached; lists do not say."""
    respond_by: datetime | None
    """Until when we may answer; None where there is nothing to answer."""
    opened_at: datetime | None = None
    reason_code: str = ""
    reason: str = ""
    funding: Funding = Funding.NONE
    arn: str = ""
    """The acquirer's reference of the sale."""
    reference: str = ""
    """Our reference of the sale, if the gateway shows it."""
    order_reference: str = ""
    brand: str = ""
    last4: str = ""
    document_ids: tuple[str, ...] = ()
    """Evidence the gateway holds."""
    response: Mapping[str, Any] = field(default_factory=dict)
    """Redacted: safe to store and to show."""


@dataclass(frozen=True)
class DisputeDocument:
    """One piece of evidence on its way to the gateway."""

    type: str
    """What it proves, such as SALES_RECEIPT."""
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class DisputeAct:
    """Our answer to a dispute: accept the loss, or, with documents, challenge it."""

    gateway_id: str
    idempotency_key: str
    send_before: float
    """`time.monotonic()` after which the first byte must not leave."""
    documents: tuple[DisputeDocument, ...] = ()


class Disputes(Protocol):
    """Reading disputes raises GatewayUnavailable; answering one returns an `Answer`, as money does."""

    def disputes(self, *, since: date, until: date) -> Iterator[DisputeTold]:
        """Disputes whose stage began on one of these days (UTC), both ends included, or an error: never a part."""
        ...

    def dispute(self, *, gateway_id: str) -> DisputeTold | None:
        """One dispute as it is now; None when the gateway knows none of that name."""
        ...

    def dispute_document(self, *, gateway_id: str, document_id: str) -> bytes | None:
        """A document the gateway holds; None when it knows none of that name."""
        ...

    def dispute_accept(self, act: DisputeAct) -> Answer: ...

    def dispute_challenge(self, act: DisputeAct) -> Answer: ...
