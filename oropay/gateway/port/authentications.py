"""3-D Secure 2: asking the card holder's bank who is paying, before anything is charged. No money moves here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from moneyed import Money

from oropay.gateway.port.answers import Answer, Listing
from oropay.gateway.port.goods import OrderData
from oropay.gateway.port.payments import CardToken


@dataclass(frozen=True)
class CheckRequest:
    """Is this card enrolled, and where does its bank look at the browser?"""

    reference: str
    """Ours, 8 to 50 characters, unique."""
    idempotency_key: str
    amount: Money
    source: CardToken
    challenge_return_url: str
    method_return_url: str
    send_before: float
    """`time.monotonic()` after which the first byte must not leave."""
    challenge: bool = False
    """The bank shall question the buyer; otherwise it decides by itself whether it does."""


@dataclass(frozen=True)
class Browser:
    """What a bank wants to know of the buyer's browser (EMV 3-D Secure, browser data)."""

    accept_header: str = ""
    color_depth: str = ""
    """In the gateway's words: TWENTY_FOUR_BITS."""
    ip_address: str = ""
    java_enabled: bool = False
    language: str = ""
    screen_height: int = 0
    screen_width: int = 0
    timezone: str = ""
    """Hours that UTC is ahead of the browser's clock, as it counts them itself."""
    user_agent: str = ""
    window_size: str = ""
    """In the gateway's words: WINDOWED_390X400."""


@dataclass(frozen=True)
class InitiateRequest:
    """Let the bank decide, or say that it wants to ask."""

    gateway_id: str
    """The gateway's name of the authentication that the check opened."""
    reference: str
    idempotency_key: str
    amount: Money
    source: CardToken
    order: OrderData
    browser: Browser
    method_completion: str
    """YES: the bank looked at the browser; NO: it did not answer in time; UNAVAILABLE: it has no such page."""
    message_version: str
    merchant_contact_url: str
    created_at: datetime
    send_before: float
    challenge: bool = False
    """As in the check."""


@dataclass(frozen=True)
class ResultRequest:
    """A question about one authentication; no money is in it."""

    gateway_id: str
    send_before: float


class Authentications(Protocol):
    """Every method returns an `Answer` whose `authentication` says what the bank said, and raises nothing for what the
    gateway or the network did.
    """

    def authentication_check(self, request: CheckRequest) -> Answer: ...

    def authentication_initiate(self, request: InitiateRequest) -> Answer: ...

    def authentication_result(self, request: ResultRequest) -> Answer:
        """What came of it. The browser's word is never asked for."""
        ...

    def authentication_look_up(self, *, gateway_id: str) -> Answer: ...

    def authentications_by_reference(self, *, reference: str) -> Listing:
        """All authentications that carry this reference, equality checked here."""
        ...
