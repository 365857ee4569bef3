"""When a link may be paid, and what a payment does to it."""

from datetime import datetime
from typing import Any

from gpsandbox import clock, errors, fields
from gpsandbox.call import Call
from gpsandbox.store import Row, Store

ACTIVE, INACTIVE, CLOSED, PAID, EXPIRED = "ACTIVE", "INACTIVE", "CLOSED", "PAID", "EXPIRED"
STATUSES = (ACTIVE, INACTIVE, CLOSED, PAID, EXPIRED)


def settle_expiry(store: Store, now: datetime) -> None:
    """Make every link's status agree with the clock, which may also be put back. Call before reading links."""
    stamp = clock.stamp(now)
    store.write(
        "UPDATE links SET status = 'EXPIRED' WHERE status = 'ACTIVE' AND expires_at <> '' AND expires_at <= ?", (stamp,)
    )
    store.write("UPDATE links SET status = 'ACTIVE' WHERE status = 'EXPIRED' AND expires_at > ?", (stamp,))


def total(link: Row) -> int:
    """What the payer is asked for: the amount, and shipping where there is any."""
    return int(link["amount"] + (link["shipping_amount"] if link["shippable"] == "YES" else 0))


def link_of(call: Call, *, amount: int) -> Row | None:
    """The link that a payment names in `link.id`. Raises ApiError when that cannot be paid, or not with this amount."""
    link_id = fields.text(fields.section(call.body, "link"), "id")
    if not link_id:
        return None
    settle_expiry(call.store, call.now)
    link = call.store.row("SELECT * FROM links WHERE id = ? AND app_id = ?", (link_id, call.app_id))
    if link is None:
        raise errors.resource_unknown("Links", link_id, f"/ucp/links/{link_id}")
    if link["status"] != ACTIVE:
        raise errors.rule_broken(f"Link {link_id} cannot be paid, its status is {link['status']}")
    if link["currency"] != call.body.get("currency") or amount not in (link["amount"], total(link)):
        raise errors.rule_broken(f"The amount or currency differs from the one of link {link_id}")
    return link


def traces(link: Row) -> dict[str, Any]:
    """What a transaction remembers of the link that it paid."""
    return {
        "link": {"id": link["id"]},
        "link_data": {
            "id": link["id"],
            "reference": link["reference"],
            "name": link["name"],
            "type": link["type"],
            "usage_mode": link["usage_mode"],
        },
    }


def count(call: Call, link: Row) -> None:
    """One more approved payment. A link for one payment is PAID then; one for several closes at its limit."""
    used = link["usage_count"] + 1
    status = link["status"]
    if link["usage_mode"] == "SINGLE":
        status = PAID
    elif link["usage_limit"] and used >= link["usage_limit"]:
        status = CLOSED
    call.store.update("links", link["id"], usage_count=used, status=status, updated_at=call.stamp)
