"""The dial: what shall happen to the next payment. One click sets a fault rule, another takes it back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gpsandbox import faults
from gpsandbox.store import Store

NEXT_PAYMENT = {"endpoint": "/transactions", "method": "POST"}
NEXT_NOTIFICATION: dict[str, str] = {}
SILENCE_MS = 40_000
"""Longer than the 30 seconds for which the shop waits."""


@dataclass(frozen=True)
class Setting:
    name: str
    label: str
    """Goes on where "The next payment …" stops."""
    means: str
    action: dict[str, Any]
    match: Mapping[str, str] = field(default_factory=lambda: NEXT_PAYMENT)

    @property
    def rule(self) -> dict[str, Any]:
        return {"match": dict(self.match), "action": self.action, "times": 1}


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "timeout-after",
        "times out after the charge",
        "Charged, but the shop hears nothing for 40 seconds.",
        {"timeout": {"ms": SILENCE_MS, "when": "after"}},
    ),
    Setting(
        "timeout-before",
        "times out before the charge",
        "Not charged, and the shop hears nothing for 40 seconds.",
        {"timeout": {"ms": SILENCE_MS, "when": "before"}},
    ),
    Setting(
        "drop-after",
        "loses its connection after the charge",
        "Charged, and the line is cut before the answer.",
        {"drop": {"when": "after"}},
    ),
    Setting(
        "drop-before",
        "loses its connection before the charge",
        "Not charged; the line is cut.",
        {"drop": {"when": "before"}},
    ),
    Setting("decline", "is declined", "The bank says no, whatever the card.", {"decline": {}}),
    Setting("html-502", "gets a 502 page", "A proxy answers with HTML; not charged.", {"html_502": {"when": "before"}}),
    Setting(
        "html-502-after",
        "gets a 502 page after the charge",
        "Charged, but a proxy answers with HTML.",
        {"html_502": {"when": "after"}},
    ),
    Setting("too-many", "is one too many", "The gateway answers 429: come back later.", {"too_many": {}}),
    Setting("expire-token", "comes with an expired token", "401; the shop has to sign in again.", {"expire_token": {}}),
    Setting(
        "malformed",
        "gets half an answer",
        "Charged, but the JSON ends in the middle.",
        {"malformed_json": {"when": "after"}},
    ),
    Setting(
        "told-twice",
        "is announced twice",
        "The next status notification, of whatever payment, arrives two times.",
        {"webhook": {"times": 2}},
        NEXT_NOTIFICATION,
    ),
    Setting(
        "told-late",
        "is announced an hour late",
        "By the sandbox's own clock.",
        {"webhook": {"delay_ms": 3_600_000}},
        NEXT_NOTIFICATION,
    ),
    Setting(
        "told-out-of-order",
        "is announced out of order",
        "The notification after the next one overtakes it.",
        {"webhook": {"reorder": True}},
        NEXT_NOTIFICATION,
    ),
    Setting(
        "told-falsely",
        "is announced with a wrong signature",
        "As somebody would who does not have the key; the shop must not believe it.",
        {"webhook": {"corrupt_signature": True}},
        NEXT_NOTIFICATION,
    ),
)

BY_NAME = {setting.name: setting for setting in SETTINGS}


def armed(store: Store) -> dict[str, int]:
    """The settings that wait for a payment → the rule that does it."""
    waiting = [rule for rule in faults.rules(store) if is_waiting(rule)]
    return {
        setting.name: rule["id"]
        for setting in SETTINGS
        for rule in waiting
        if (rule["match"], rule["action"]) == (setting.match, setting.action)
    }


def is_waiting(rule: dict[str, Any]) -> bool:
    """It has not struck as often as it may."""
    return rule["times"] is None or rule["fired"] < rule["times"]
