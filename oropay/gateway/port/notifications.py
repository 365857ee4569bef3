"""What a gateway tells us by itself. A notice is a hint where to look; nothing it says is believed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class Subject(StrEnum):
    """What a notice is about."""

    TRANSACTION = "transaction"
    DISPUTE = "dispute"
    TEST = "test"
    """Our own test of the way here."""
    UNREADABLE = ""
    """Signed, but it names nothing that could be looked up."""


TEST_ID = "TEST_"
"""Ids of our own test messages begin so; no gateway's does."""


@dataclass(frozen=True)
class Notice:
    """One message, read. `genuine` is the only thing that is certain about it."""

    genuine: bool
    """The signature fits: whoever sent it knows this account's key."""
    subject: Subject = Subject.UNREADABLE
    gateway_id: str = ""
    """The gateway's name of what it is about; safe to ask for."""
    status: str = ""
    shown: Mapping[str, Any] = field(default_factory=dict)
    """Redacted: safe to store and to show."""


class Notifications(Protocol):
    """Messages from the gateway. Pure: nothing is asked, nothing raises for what a stranger may have written."""

    def notice_read(self, *, body: bytes, headers: Mapping[str, str]) -> Notice: ...

    def notice_sign(self, *, body: bytes) -> Mapping[str, str]:
        """The headers with which the gateway itself would send `body`: for a test of our own address."""
        ...
