"""The table of velocity limits as settings write it. Pure, and without models: settings import it."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """What is counted."""

    CHARGE = "charge"
    """A payment started."""
    VERIFICATION = "verification"
    """A card checked without a payment."""
    CARD_FORM = "card_form"
    """A card form opened: a token handed out."""
    DECLINE = "decline"
    """Points of declined payments: a plain one 1, a stolen or invented card 3."""
    CARDS = "cards"
    """Different cards tried, in payments and checks: as the browser names them until the gateway has named them."""
    NO_BIN = "no_bin"
    """A new card whose first digits the browser did not tell, in a payment or check: ours always does."""
    SMALL = "small"
    """Charges below the amount that card testers use."""


SUBJECTS = ("session", "user", "company", "address", "instrument", "bin")


@dataclass(frozen=True)
class Limit:
    """How often one subject may do one thing within `window` seconds: then more proof is wanted, then it is locked."""

    act: Act
    subject: str
    window: int
    step_up_after: int
    """0: no step-up."""
    lock_after: int

    def __str__(self) -> str:
        return f"{self.act.value}/{self.subject}/{self.window}={self.step_up_after}:{self.lock_after}"


_ONE = re.compile(r"([a-z_]+)/([a-z]+)/([0-9]+)=([0-9]+):([0-9]+)")


def limits_read(text: str) -> tuple[Limit, ...]:
    """`charge/session/600=8:15, …`: act, subject, seconds, step-up after, lock-out after.

    Raises:
        ValueError: names the part that is wrong.
    """
    found = []
    for part in (one.strip() for one in text.replace("\n", ",").split(",")):
        if not part:
            continue
        match = _ONE.fullmatch(part)
        if match is None or match[1] not in set(Act) or match[2] not in SUBJECTS:
            raise ValueError(f"{part!r} is not act/subject/seconds=step-up:lock-out")
        limit = Limit(
            act=Act(match[1]),
            subject=match[2],
            window=int(match[3]),
            step_up_after=int(match[4]),
            lock_after=int(match[5]),
        )
        if limit.window < 1 or limit.lock_after < 1 or limit.step_up_after >= limit.lock_after:
            raise ValueError(
                f"{part!r}: the window and the lock-out must be at least 1, the step-up below the lock-out"
            )
        found.append(limit)
    return tuple(found)


LIMITS = """
charge/session/600=6:15, charge/user/3600=20:60, charge/company/3600=60:200,
charge/address/600=20:60, charge/instrument/3600=10:30, charge/bin/600=30:90,
verification/session/600=4:8, verification/user/3600=8:16, verification/company/3600=20:60,
verification/address/600=10:30, verification/instrument/3600=4:10, verification/bin/600=20:60,
card_form/session/600=0:30, card_form/user/600=0:60, card_form/company/600=0:300, card_form/address/600=0:120,
decline/session/1800=4:9, decline/user/3600=5:12, decline/company/3600=12:40,
decline/address/1800=8:24, decline/instrument/86400=4:10, decline/bin/3600=15:45,
cards/session/1800=3:8, cards/user/3600=4:10, cards/company/3600=12:40, cards/address/1800=6:20,
no_bin/bin/600=3:12,
small/session/1800=3:10, small/user/3600=5:15, small/company/3600=20:60, small/address/1800=10:30
"""
"""What a shop starts with. Card forms only lock out: before a card is entered there is no bank to ask."""
