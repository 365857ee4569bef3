"""What came back from a gateway, with what it proves first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from moneyed import Money


class Verdict(StrEnum):
    """What an answer proves. The engine turns it into a transaction state: `oropay.engine.judge`."""

    APPROVED = "approved"
    """The gateway says yes: a hold, a charge, a capture, a refund or a reversal stands."""

    DECLINED = "declined"
    """The bank or the gateway says no. No money moved; trying another way to pay is safe."""

    PENDING = "pending"
    """Accepted, but the money is not sure yet (ACH before funding)."""

    REVIEW = "review"
    """The gateway holds it for a fraud review."""

    ASKED = "asked"
    """Nothing is decided: the buyer, or the buyer's browser, must act first (3-D Secure). No money can have moved."""

    UNAVAILABLE = "unavailable"
    """The card holder's bank could not say who is paying (3-D Secure). Whether to go on is the merchant's setting."""

    CANCELED = "canceled"
    """Found reversed at the gateway: nothing is held or taken any more."""

    FAILED = "failed"
    """Refused for what we sent (4xx). Certainly nothing moved; it is our fault and raises an alert."""

    NOT_SENT = "not_sent"
    """Proven: no byte of the request left this machine. The same key may be sent again."""

    WITHHELD = "withheld"
    """We kept it back ourselves, from a frozen account: no byte left, and none ever will. Not the gateway's word."""

    MISDIRECTED = "misdirected"
    """We kept it back ourselves, because its bank calls the account wrong: no byte left, and none ever will."""

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


class Proof(StrEnum):
    """What a card holder's bank said about who is paying: 3-D Secure 2, in our words."""

    AVAILABLE = "available"
    """The card is enrolled. Its bank has not been asked yet; it may want to look at the browser first."""

    NOT_ENROLLED = "not_enrolled"
    """The card takes no part. Nobody can be asked."""

    CHALLENGE = "challenge"
    """The bank wants to ask the card holder."""

    AUTHENTICATED = "authenticated"
    """The bank says that it is the card holder."""

    ATTEMPTED = "attempted"
    """The bank takes no part yet, and the card scheme vouches that it was tried."""

    FAILED = "failed"
    """The card holder did not prove who they are, or said no."""

    REJECTED = "rejected"
    """The bank wants no payment made: it suspects fraud."""

    UNAVAILABLE = "unavailable"
    """The bank could not be asked, or could not say."""


@dataclass(frozen=True)
class Authenticated:
    """What a gateway says about one authentication. The cryptogram is never here: a payment names the gateway's id."""

    proof: Proof
    message_version: str = ""
    eci: str = ""
    """The card scheme's electronic commerce indicator: 05 and 02 are full proof, 06 and 01 an attempt."""
    server_trans_ref: str = ""
    ds_trans_ref: str = ""
    acs_trans_ref: str = ""
    liability_shift: bool = False
    """Fraud is the bank's loss, not the merchant's."""
    status: str = ""
    """The gateway's own word for what the bank said."""
    status_reason: str = ""
    exemption: str = ""
    method_url: str = ""
    """Where the bank looks at the browser, in a hidden frame."""
    method_data: str = ""
    challenge_url: str = ""
    challenge_value: str = ""
    """The CReq the buyer's browser posts to the bank."""


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
    bin: str = ""
    """The first six digits, where the gateway shows them: of a payment that is read, not of one just made."""
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
    card_gone: bool = False
    """The gateway no longer knows the card's token: the card must be entered again."""
    authentication: Authenticated | None = None
    """Of a 3-D Secure call: what it said."""
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


class GatewayUnavailable(Exception):
    """A report or token could not be fetched. No money is involved; try again later."""
