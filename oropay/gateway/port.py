"""What the engine asks of any payment gateway, in our own words.

An adapter turns these values into one gateway's requests and its answers back into an `Answer`.
Nothing here knows HTTP, the database or a particular gateway.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from moneyed import Money


class Verdict(StrEnum):
    """What an answer proves. The engine turns it into a transaction state: `domain.md`, "Gateway answer → state"."""

    APPROVED = "approved"
    """The gateway says yes: a hold, a charge, a capture, a refund or a reversal stands."""

    DECLINED = "declined"
    """The bank or the gateway says no. No money moved; trying another way to pay is safe."""

    PENDING = "pending"
    """Accepted, but the money is not sure yet (ACH before funding)."""

    REVIEW = "review"
    """The gateway holds it for a fraud review."""

    CANCELED = "canceled"
    """Found reversed at the gateway: nothing is held or taken any more."""

    FAILED = "failed"
    """Refused for what we sent (4xx). Certainly nothing moved; it is our fault and raises an alert."""

    NOT_SENT = "not_sent"
    """Proven: no byte of the request left this machine. The same key may be sent again."""

    REFUSED = "refused"
    """401 after a fresh log-in, 403 or 429: the gateway did not look at it. The same key may be sent again."""

    DUPLICATE = "duplicate"
    """409: this idempotency key was seen before; `Answer.duplicate_of` names the first resource."""

    RETURNED = "returned"
    """Bank money that had been funded went back (ACH REJECTED or REVERSED after funding)."""

    NOT_FOUND = "not_found"
    """404: the gateway knows no such resource."""

    UNKNOWN = "unknown"
    """Sent, and no trustworthy answer came: time-out, reset, 5xx or nonsense. Money may have moved."""


class Capture(StrEnum):
    """When an approved authorization is taken; fixed when it is made."""

    NOW = "now"
    LATER = "later"
    """One capture; the rest of the hold is released with it."""
    MULTIPLE = "multiple"


@dataclass(frozen=True)
class Credentials:
    """One provisioned merchant account. Lives in the worker's memory only."""

    app_id: str
    app_key: str = field(repr=False)
    service_url: str
    country: str = "US"
    channel: str = "CNP"
    transaction_account: str = "transaction_processing"
    tokenization_account: str = "tokenization"
    settlement_account: str = "settlement_reporting"
    connect_timeout: float = 5.0
    """Seconds."""
    read_timeout: float = 30.0
    """Seconds."""
    token_seconds: int = 3600


@dataclass(frozen=True)
class PostalAddress:
    name: str = ""
    company: str = ""
    line_1: str = ""
    line_2: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    phone: str = ""


@dataclass(frozen=True)
class Payer:
    reference: str
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True)
class OrderItem:
    reference: str
    """SKU."""
    label: str
    quantity: Decimal
    unit: str
    unit_amount: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal
    """What the buyer pays for the line: quantity × unit amount − discount + tax. Major units, as everywhere here."""
    commodity_code: str = ""


@dataclass(frozen=True)
class OrderData:
    """What is being paid for; goes with every payment."""

    reference: str
    """The buyer's name for it: order or invoice number."""
    description: str
    currency: str
    total: Decimal
    tax: Decimal = Decimal(0)
    shipping: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    po_number: str = ""
    items: tuple[OrderItem, ...] = ()
    billing_address: PostalAddress | None = None
    shipping_address: PostalAddress | None = None
    payer: Payer | None = None
    ip_address: str = ""


@dataclass(frozen=True)
class CardToken:
    """A card the gateway keeps; `token` is its single- or multi-use PMT_ name."""

    token: str
    keep: bool = False
    """Ask the gateway to turn a single-use token into a lasting one if this payment succeeds."""
    stored: bool = False
    """The token was kept by an earlier payment: the buyer uses a stored credential."""
    merchant_initiated: bool = False
    brand_reference: str = ""
    holder_name: str = ""


@dataclass(frozen=True)
class BankAccount:
    """A bank account in the clear. Exists only inside the worker, for the length of one call."""

    account_number: str = field(repr=False)
    routing_number: str
    account_type: str
    """CHECKING or SAVING."""
    holder_type: str
    """BUSINESS or PERSONAL."""
    holder_name: str
    sec_code: str
    """CCD, WEB, TEL or PPD; see `domain.md`, "ACH"."""
    bank_name: str = ""


@dataclass(frozen=True)
class SaleRequest:
    """A charge, or a hold when `capture` is not NOW."""

    reference: str
    """Ours, 8 to 50 characters, unique."""
    idempotency_key: str
    amount: Money
    source: CardToken | BankAccount
    order: OrderData
    send_before: float
    """`time.monotonic()` after which the first byte must not leave."""
    capture: Capture = Capture.NOW


@dataclass(frozen=True)
class FollowUpRequest:
    """A capture, cancel or refund of an earlier transaction, named by the gateway's id of that transaction."""

    gateway_id: str
    idempotency_key: str
    send_before: float
    amount: Money | None = None
    """None means all of it (cancel)."""
    reference: str = ""
    """Ours; only a refund can carry one at the gateway."""
    reason: str = ""


@dataclass(frozen=True)
class Answer:
    """What came back, with what it proves first."""

    verdict: Verdict
    gateway_id: str = ""
    status: str = ""
    """The gateway's own word (CAPTURED, PREAUTHORIZED, …)."""
    type: str = ""
    """SALE or REFUND."""
    reference: str = ""
    parent_gateway_id: str = ""
    account_name: str = ""
    amount: Money | None = None
    result_code: str = ""
    message: str = ""
    auth_code: str = ""
    brand: str = ""
    last4: str = ""
    expiry_month: int | None = None
    expiry_year: int | None = None
    """Four digits."""
    avs_address: str = ""
    avs_postal_code: str = ""
    cvv: str = ""
    kept_token: str = ""
    """The lasting PMT_ name, when the request asked to keep the card and the gateway did."""
    brand_reference: str = ""
    fingerprint: str = ""
    batch_id: str = ""
    risk: str = ""
    time_created: datetime | None = None
    duplicate_of: str = ""
    http_status: int | None = None
    error_code: str = ""
    """The gateway's detailed code, such as 40039."""
    error_text: str = ""
    batch_closed: bool = False
    """Of a refused cancel: it came after the batch had been sent for settlement, so only a refund helps."""
    foreign: bool = False
    """The gateway named a transaction that is not the one we sent."""
    raw_status_code: str = ""
    """The gateway's short error name, such as DUPLICATE_ACTION."""
    request: Mapping[str, Any] = field(default_factory=dict)
    """Redacted: safe to store and to show."""
    response: Mapping[str, Any] = field(default_factory=dict)
    """Redacted: safe to store and to show."""


@dataclass(frozen=True)
class Listing:
    """The result of a search: `complete` only if the gateway answered well and every page was read."""

    complete: bool
    found: tuple[Answer, ...] = ()


@dataclass(frozen=True)
class HostedToken:
    """Lets one card form send one card to the gateway, and nothing else."""

    token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True)
class SettledTransaction:
    """One line of the gateway's settlement report."""

    gateway_id: str
    type: str
    """SALE or REFUND (chargebacks come later)."""
    status: str
    amount: Money
    """Signed: a refund is negative."""
    deposit_id: str
    deposit_date: date | None
    batch_id: str
    reference: str
    method: str
    """card or ach."""
    time_created: datetime


@dataclass(frozen=True)
class DepositAdvice:
    """What the gateway says it sent to the bank on one day."""

    gateway_id: str
    paid_on: date
    status: str
    amount: Money
    """Net, as it will appear on the bank statement."""
    sales: Decimal
    refunds: Decimal
    """Positive: money given back."""
    fees: Decimal
    """Positive: money kept by the gateway."""
    chargebacks: Decimal = Decimal(0)
    method: str = ""


class GatewayUnavailable(Exception):
    """A report or token could not be fetched. No money is involved; try again later."""


class PaymentGateway(Protocol):
    """One merchant account at one gateway.

    Every method that moves money returns an `Answer` and raises nothing for what the gateway or the network did; a
    programming error may raise before a byte is sent.
    """

    def charge(self, request: SaleRequest) -> Answer: ...

    def authorize(self, request: SaleRequest) -> Answer: ...

    def capture(self, request: FollowUpRequest) -> Answer: ...

    def cancel(self, request: FollowUpRequest) -> Answer:
        """Release a hold, or void a charge that is not in a closed batch, in full.

        `gateway_id` may be our own `reference` when the answer to the first request was lost.
        A closed batch answers FAILED with `error_code` kept.
        """
        ...

    def refund(self, request: FollowUpRequest) -> Answer: ...

    def look_up(self, *, gateway_id: str) -> Answer: ...

    def find_by_reference(self, *, reference: str) -> Listing:
        """All transactions that carry this reference, equality checked here and not left to the gateway's filter."""
        ...

    def mint_hosted_token(self) -> HostedToken:
        """Raises GatewayUnavailable."""
        ...

    def settled(self, *, since: date, until: date) -> Iterator[SettledTransaction]:
        """Settlement lines by deposit date, both ends included. Raises GatewayUnavailable."""
        ...

    def deposits(self, *, since: date, until: date) -> Iterator[DepositAdvice]:
        """Raises GatewayUnavailable."""
        ...
