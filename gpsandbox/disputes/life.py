"""The life of a dispute as tables: its stages, what each does to money, and which stage or result may follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

WITH_MERCHANT, UNDER_REVIEW, CLOSED = "WITH_MERCHANT", "UNDER_REVIEW", "CLOSED"
STATUSES = (UNDER_REVIEW, WITH_MERCHANT, CLOSED)

PENDING, FULFILLED, WON, LOST, ACCEPTED = "PENDING", "FULFILLED", "WON", "LOST", "ACCEPTED"

RETRIEVAL = "RETRIEVAL"


class Takes(Enum):
    """When a stage takes the disputed amount from the merchant, if it is not taken yet. WON always gives it back."""

    NEVER = auto()
    """A question only: no answer to it moves money."""

    AT_ONCE = auto()
    """The payer has the money already; the merchant gets it back by winning."""

    WHEN_LOST = auto()
    """Only when the merchant accepts, loses, or lets the deadline pass."""

    GIVES_BACK = auto()
    """The payer's bank withdraws: what was taken returns at once."""


@dataclass(frozen=True)
class Stage:
    """How a dispute begins a stage."""

    status: str
    takes: Takes
    days: int
    """Time to respond, unless the control room says otherwise; 0 where there is nothing to respond to."""
    ends: tuple[str, ...]
    """The results that may be decided while it is open. ACCEPTED is the merchant's own to choose."""
    result: str = PENDING


STAGES: Mapping[str, Stage] = {
    RETRIEVAL: Stage(WITH_MERCHANT, Takes.NEVER, days=20, ends=(FULFILLED, LOST)),
    "CHARGEBACK": Stage(WITH_MERCHANT, Takes.AT_ONCE, days=20, ends=(WON, LOST)),
    "REVERSAL": Stage(CLOSED, Takes.GIVES_BACK, days=0, ends=(), result=WON),
    "SECOND_CHARGEBACK": Stage(WITH_MERCHANT, Takes.AT_ONCE, days=20, ends=(WON, LOST)),
    "PRE_ARBITRATION": Stage(WITH_MERCHANT, Takes.WHEN_LOST, days=10, ends=(WON, LOST)),
    "ARBITRATION": Stage(UNDER_REVIEW, Takes.WHEN_LOST, days=0, ends=(WON, LOST)),
    "PRE_COMPLIANCE": Stage(WITH_MERCHANT, Takes.WHEN_LOST, days=10, ends=(WON, LOST)),
    "COMPLIANCE": Stage(UNDER_REVIEW, Takes.WHEN_LOST, days=0, ends=(WON, LOST)),
    "GOODFAITH": Stage(WITH_MERCHANT, Takes.WHEN_LOST, days=10, ends=(WON, LOST)),
}

NEXT: Mapping[tuple[str, str], tuple[str, ...]] = {
    (RETRIEVAL, WITH_MERCHANT): ("CHARGEBACK",),
    (RETRIEVAL, FULFILLED): ("CHARGEBACK",),
    (RETRIEVAL, ACCEPTED): ("CHARGEBACK",),
    (RETRIEVAL, LOST): ("CHARGEBACK",),
    ("CHARGEBACK", WITH_MERCHANT): ("REVERSAL",),
    ("CHARGEBACK", UNDER_REVIEW): ("REVERSAL", "SECOND_CHARGEBACK", "PRE_ARBITRATION"),
    ("CHARGEBACK", WON): ("SECOND_CHARGEBACK", "PRE_ARBITRATION"),
    ("REVERSAL", WON): ("SECOND_CHARGEBACK", "PRE_ARBITRATION", "GOODFAITH"),
    ("SECOND_CHARGEBACK", WITH_MERCHANT): ("REVERSAL",),
    ("SECOND_CHARGEBACK", UNDER_REVIEW): ("REVERSAL", "PRE_ARBITRATION", "ARBITRATION"),
    ("SECOND_CHARGEBACK", WON): ("PRE_ARBITRATION", "ARBITRATION"),
    ("PRE_ARBITRATION", WITH_MERCHANT): ("REVERSAL",),
    ("PRE_ARBITRATION", UNDER_REVIEW): ("REVERSAL", "ARBITRATION"),
    ("PRE_ARBITRATION", WON): ("ARBITRATION",),
    ("PRE_COMPLIANCE", WITH_MERCHANT): ("REVERSAL",),
    ("PRE_COMPLIANCE", UNDER_REVIEW): ("REVERSAL", "COMPLIANCE"),
    ("PRE_COMPLIANCE", WON): ("COMPLIANCE",),
}
"""(stage, where it lies: its status while open, its result once closed) → stages that may follow; none if missing."""

REASONS = {
    "104": "Other Fraud-Card Absent Environment",
    "126": "Duplicate Processing",
    "131": "Merchandise/Services Not Received",
    "132": "Cancelled Recurring",
    "133": "Not as Described or Defective Merchandise/Services",
    "136": "Credit Not Processed",
    "PM": "Paid by Other Means",
    "FRAUD": "Fraud",
    "NON_DELIVERY": "Goods not delivered",
    "GOODS_BROKEN": "Goods broken",
}
"""Reason code → what the gateway says about it. Card brands have many more; an unknown one has no words."""


def where(dispute: Mapping[str, Any]) -> str:
    """What `NEXT` calls the place a dispute lies at."""
    return str(dispute["result"] if dispute["status"] == CLOSED else dispute["status"])


def stages_after(dispute: Mapping[str, Any]) -> tuple[str, ...]:
    return NEXT.get((dispute["stage"], where(dispute)), ())


def results_of(dispute: Mapping[str, Any]) -> tuple[str, ...]:
    """How an open dispute may be decided now; nothing once it is closed."""
    return () if dispute["status"] == CLOSED else STAGES[dispute["stage"]].ends
