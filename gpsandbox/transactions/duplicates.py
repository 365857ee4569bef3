"""`check_for_duplicate`: the same card paying the same again within minutes."""

from datetime import timedelta
from typing import Any

from gpsandbox import clock, errors, fields
from gpsandbox.call import Call
from gpsandbox.cards import Card

WINDOW = timedelta(minutes=10)
"""Ours; the gateway does not say."""


def check(call: Call, card: Card | None, *, values: dict[str, Any]) -> None:
    """Raise 400 DUPLICATE_TRANSACTION when the merchant asks to look and there is one that was not declined."""
    wanted = fields.choice(call.body, "check_for_duplicate", ("YES", "NO")) == "YES"
    if not wanted or card is None:
        return
    found = call.store.value(
        "SELECT id FROM transactions WHERE app_id = ? AND fingerprint = ? AND amount = ? AND currency = ?"
        " AND type = ? AND status NOT IN ('DECLINED', 'REVERSED', 'FAILED') AND created_at > ?"
        " ORDER BY rowid DESC LIMIT 1",
        (
            call.app_id,
            card.fingerprint,
            values["amount"],
            values["currency"],
            values["type"],
            clock.stamp(call.now - WINDOW),
        ),
    )
    if found:
        raise errors.duplicate(found)
