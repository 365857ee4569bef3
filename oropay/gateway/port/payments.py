"""Charges, holds and what follows them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from moneyed import Money

from oropay.gateway.port.answers import Answer, Listing
from oropay.gateway.port.goods import DataLevel, OrderData


class Capture(StrEnum):
    """When an approved authorization is taken; fixed when it is made."""

    NOW = "now"
    LATER = "later"
    """One capture; the rest of the hold is released with it."""
    MULTIPLE = "multiple"
    """Several captures, where the account allows."""
    LAST = "last"
    """Of a capture: the last of several; the rest of the hold is released with it."""


class CredentialModel(StrEnum):
    """Under which agreement a kept card is charged."""

    UNSCHEDULED = "UNSCHEDULED"
    """One payment at a time, whenever somebody starts it."""
    RECURRING = "RECURRING"
    """Every bill of a standing agreement."""
    INSTALLMENT = "INSTALLMENT"
    """The agreed parts of one debt."""


class CredentialReason(StrEnum):
    """Why the merchant starts a payment with a kept card, where the agreement alone does not say it."""

    NONE = ""
    RESUBMISSION = "RESUBMISSION"
    """It was declined before, and the debt still stands."""


@dataclass(frozen=True)
class CredentialUse:
    """That a card is being kept, or that a kept one is charged, by whom and why."""

    model: CredentialModel
    first: bool = False
    """The card is being kept with this payment."""
    by_merchant: bool = False
    """The card holder is not present."""
    reason: CredentialReason = CredentialReason.NONE
    brand_reference: str = ""
    """The card scheme's name for the card's first payment, started by its holder."""


class RiskFilter(StrEnum):
    """Whether the gateway's fraud filter looks at a payment, and may hold it."""

    OFF = "off"
    PASSIVE = "passive"
    ACTIVE = "active"


@dataclass(frozen=True)
class CardToken:
    """A card the gateway keeps; `token` is its single- or multi-use PMT_ name."""

    token: str
    keep: bool = False
    """Ask the gateway to turn a single-use token into a lasting one if this payment succeeds."""
    use: CredentialUse | None = None
    """None: the card is entered for this payment only."""
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
    """CCD, WEB, TEL or PPD: Nacha's word for whose account it is and how the debit was authorised."""
    bank_name: str = ""


@dataclass(frozen=True)
class AuthenticationUsed:
    """The proof of who is paying that a charge or hold names, or the exemption that is claimed instead."""

    gateway_id: str = ""
    message_version: str = ""
    eci: str = ""
    server_trans_ref: str = ""
    ds_trans_ref: str = ""
    exemption: str = ""


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
    level: DataLevel = DataLevel.ONE
    """How much of `order` goes with it; decided by `oropay.leveldata`."""
    status_url: str = ""
    """Where the gateway may tell us later what became of it; empty: nowhere."""
    authentication: AuthenticationUsed | None = None
    risk: RiskFilter = RiskFilter.OFF


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
    sequence: str = ""
    """Of one of several captures: FIRST, SUBSEQUENT or LAST."""
    by_bank: bool = False
    """The earlier transaction is a bank debit: what gives it back is accepted first and sure when it is funded."""


@dataclass(frozen=True)
class ValidationRequest:
    """A zero-amount check of a card with its issuer. Moves no money, whatever becomes of it."""

    reference: str
    """Ours, 8 to 50 characters, unique."""
    idempotency_key: str
    currency: str
    source: CardToken
    send_before: float
    """`time.monotonic()` after which the first byte must not leave."""


class Payments(Protocol):
    """Money: every method returns an `Answer` and raises nothing for what the gateway or the network did; a programming
    error may raise before a byte is sent.
    """

    def charge(self, request: SaleRequest) -> Answer: ...

    def authorize(self, request: SaleRequest) -> Answer: ...

    def validate(self, request: ValidationRequest) -> Answer:
        """APPROVED: the issuer answers for the card; DECLINED: it does not. The gateway keeps no way to look it up."""
        ...

    def capture(self, request: FollowUpRequest) -> Answer: ...

    def reauthorize(self, request: FollowUpRequest) -> Answer:
        """Hold the amount of an earlier hold anew, as a transaction of its own."""
        ...

    def cancel(self, request: FollowUpRequest) -> Answer:
        """Release a hold, or void a charge that is not in a closed batch, in full.

        `gateway_id` may be our own `reference` when the answer to the first request was lost.
        A closed batch answers FAILED with `error_code` kept.
        """
        ...

    def release(self, request: FollowUpRequest) -> Answer:
        """End the gateway's fraud review in the payment's favour; `amount` and `reference` say nothing here."""
        ...

    def refund(self, request: FollowUpRequest) -> Answer: ...

    def credit(self, request: SaleRequest) -> Answer:
        """Give money to a card or bank account without an earlier charge; `capture` is NOW."""
        ...

    def look_up(self, *, gateway_id: str) -> Answer: ...

    def transactions(self, *, since: date, until: date) -> Iterator[Answer]:
        """Everything the gateway made for this account on these days (UTC), both ends included, oldest first.

        Raises GatewayUnavailable: never a part that looks like the whole.
        """
        ...

    def find_by_reference(self, *, reference: str) -> Listing:
        """All transactions that carry this reference, equality checked here and not left to the gateway's filter."""
        ...
