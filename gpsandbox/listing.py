"""Every list answers alike: filters, order, paging, counts."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gpsandbox import clock, errors
from gpsandbox.accounts import Account
from gpsandbox.call import Call
from gpsandbox.store import Row

Condition = tuple[str, Any]
Filter = Callable[[str, str], Condition]
"""Name and text of a query parameter → SQL condition with one mark, and its value. Raises ApiError."""


@dataclass(frozen=True)
class Listing:
    """What one list reads and how it may be narrowed. SQL text is ours; a caller's text only fills marks."""

    plural: str
    source: str
    filters: Mapping[str, Filter]
    order_by: Mapping[str, str]
    """Accepted `order_by` values → column; the first is the default."""
    action: str
    where: str = "1 = 1"
    tie: str = "rowid"


def equals(column: str) -> Filter:
    return lambda name, text: (f"{column} = ?", text)


def one_of(column: str, *allowed: str) -> Filter:
    """Refuses values that do not exist, as the gateway does."""

    def condition(name: str, text: str) -> Condition:
        if text not in allowed:
            raise errors.invalid("40097", f"Invalid Value in {name}")
        return f"{column} = ?", text

    return condition


def whole(column: str) -> Filter:
    def condition(name: str, text: str) -> Condition:
        if not re.fullmatch(r"[0-9]{1,15}", text):
            raise errors.unexpected_data(name)
        return f"{column} = ?", int(text)

    return condition


def since(column: str) -> Filter:
    return lambda name, text: (f"{column} >= ?", _time(clock.earliest, name, text))


def until(column: str) -> Filter:
    return lambda name, text: (f"{column} <= ?", _time(clock.latest, name, text))


def times(prefix: str, column: str) -> dict[str, Filter]:
    """`from_<prefix>` and `to_<prefix>`."""
    return {f"from_{prefix}": since(column), f"to_{prefix}": until(column)}


def answer(call: Call, listing: Listing, *, account: Account, show: Callable[[Row], dict[str, Any]]) -> dict[str, Any]:
    """One page, with the counts of all. Parameters that are empty or unknown are ignored."""
    conditions = [f"app_id = ? AND {listing.where}"]
    values: list[Any] = [call.app_id]
    used = {}
    for name, text in call.query.items():
        make = listing.filters.get(name)
        if make is None or text == "":
            continue
        condition, value = make(name, text)
        conditions.append(condition)
        values.append(value)
        used[name] = text
    where = " AND ".join(conditions)

    page, page_size = _number(call, "page", default=1, most=1_000_000), _number(call, "page_size", default=5, most=1000)
    order = (call.query.get("order") or "DESC").upper()
    order_by = (call.query.get("order_by") or next(iter(listing.order_by))).upper()
    if order not in ("ASC", "DESC"):
        raise errors.unexpected_data("order")
    if order_by not in listing.order_by:
        raise errors.unexpected_data("order_by")

    total = call.store.value(f"SELECT count(*) FROM {listing.source} WHERE {where}", values)  # noqa: S608
    rows = call.store.rows(
        f"SELECT * FROM {listing.source} WHERE {where}"  # noqa: S608
        f" ORDER BY {listing.order_by[order_by]} {order}, {listing.tie} {order} LIMIT ? OFFSET ?",
        (*values, page_size, (page - 1) * page_size),
    )
    return {
        "total_record_count": total,
        "current_page_size": len(rows),
        **call.owner(account),
        "filter": used,
        "paging": {"page": page, "page_size": page_size, "order": order, "order_by": order_by},
        listing.plural: [show(row) for row in rows],
        "action": call.action(listing.action),
    }


def _time(read: Callable[[str], str], name: str, text: str) -> str:
    try:
        return read(text)
    except ValueError:
        raise errors.invalid("40105", f"Invalid Value in {name}") from None


def _number(call: Call, name: str, *, default: int, most: int) -> int:
    text = call.query.get(name) or str(default)
    if not re.fullmatch(r"[0-9]{1,7}", text) or not 1 <= int(text) <= most:
        raise errors.unexpected_data(name)
    return int(text)
