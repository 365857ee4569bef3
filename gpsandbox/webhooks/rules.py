"""How notifications go wrong: late, twice, out of order, with a wrong signature."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gpsandbox.store import Row, Store

if TYPE_CHECKING:
    from gpsandbox.webhooks.outbox import Message

MATCHES = ("transaction", "reference", "status", "type")
OPTIONS = ("times", "delay_ms", "corrupt_signature", "reorder")
MOST_TIMES = 100


class OptionError(ValueError):
    """A wish nobody can fulfil; the message names what is wrong."""


@dataclass(frozen=True)
class Handling:
    """What happens to a notification before it is sent."""

    times: int = 1
    delay_ms: int = 0
    """Of sandbox time."""
    corrupt_signature: bool = False
    reorder: bool = False
    """The next notification of the same resource arrives before this one."""


PLAIN = Handling()


def handling_read(body: Mapping[str, Any]) -> Handling:
    """The options of a replay or a rule."""
    times, delay_ms = body.get("times", 1), body.get("delay_ms", 0)
    corrupt, reorder = body.get("corrupt_signature", False), body.get("reorder", False)
    if type(times) is not int or not 1 <= times <= MOST_TIMES:
        raise OptionError(f"times is a whole number from 1 to {MOST_TIMES}.")
    if type(delay_ms) is not int or delay_ms < 0:
        raise OptionError("delay_ms is a whole number of milliseconds.")
    if type(corrupt) is not bool or type(reorder) is not bool:
        raise OptionError("corrupt_signature and reorder are true or false.")
    return Handling(times=times, delay_ms=delay_ms, corrupt_signature=corrupt, reorder=reorder)


def rule_add(store: Store, body: Mapping[str, Any]) -> dict[str, Any]:
    """Make notifications go wrong from now on: `uses` times, or for ever."""
    unknown = set(body) - {"match", "uses", *OPTIONS}
    match, uses = body.get("match") or {}, body.get("uses")
    if unknown:
        raise OptionError(f"A rule takes match, uses, {', '.join(OPTIONS)}.")
    if not isinstance(match, dict) or set(match) - set(MATCHES):
        raise OptionError(f"match may name {', '.join(MATCHES)}.")
    if uses is not None and (type(uses) is not int or uses < 1):
        raise OptionError("uses is a whole number from 1; without it the rule lasts.")
    handling = handling_read(body)
    store.insert("notification_rules", {"match": json.dumps(match), **handling.__dict__, "uses": uses, "struck": 0})
    return rules(store)[-1]


def rules(store: Store) -> list[dict[str, Any]]:
    return [
        {**dict(row), "match": json.loads(row["match"])}
        for row in store.rows("SELECT * FROM notification_rules ORDER BY id")
    ]


def handling_of(store: Store, message: "Message") -> Handling:
    """The first rule that matches decides, and is used up by one."""
    for row in store.rows("SELECT * FROM notification_rules WHERE uses IS NULL OR struck < uses ORDER BY id"):
        if _matches(row, message):
            store.write("UPDATE notification_rules SET struck = struck + 1 WHERE id = ?", (row["id"],))
            return Handling(
                times=row["times"],
                delay_ms=row["delay_ms"],
                corrupt_signature=bool(row["corrupt_signature"]),
                reorder=bool(row["reorder"]),
            )
    return PLAIN


def _matches(row: Row, message: "Message") -> bool:
    facts = {
        "transaction": message.resource_id,
        "reference": message.reference,
        "status": message.status,
        "type": message.type,
    }
    return all(facts[name] == wanted for name, wanted in json.loads(row["match"]).items())
