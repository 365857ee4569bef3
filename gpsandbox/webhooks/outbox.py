"""What is to be told to whom: rows that exist before anything is sent."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from gpsandbox import actions, clock, faults, ids
from gpsandbox.call import Call
from gpsandbox.handling import Handling
from gpsandbox.settings import Settings
from gpsandbox.store import Row, Store
from gpsandbox.transactions import shown

WAITING, SENDING, DELIVERED, GAVE_UP = "WAITING", "SENDING", "DELIVERED", "GAVE_UP"

OVERTAKEN_WITHIN = timedelta(seconds=10)
"""How long a notification that is to come out of order waits for the next one to overtake it."""

LEASE = 30.0
"""Seconds of real time after which a notification whose process died is sent again."""


@dataclass(frozen=True)
class Message:
    """One thing to tell."""

    app_id: str
    resource_id: str
    reference: str
    status: str
    type: str
    url: str
    body: str
    """Minified JSON, exactly as it is signed and sent."""
    replay_of: str = ""


def announce(store: Store, settings: Settings, transaction_id: str) -> None:
    """Tell the merchant how a transaction stands now, if it named a `status_url`. Call inside `Store.atomic`."""
    row = store.row("SELECT * FROM transactions WHERE id = ?", (transaction_id,))
    if row is None:
        return
    url = _status_url(row)
    if not url:
        return
    body = resource(store, settings, row)
    message = Message(
        app_id=row["app_id"],
        resource_id=transaction_id,
        reference=row["reference"],
        status=row["status"],
        type=row["type"],
        url=url,
        body=minified(body),
    )
    put(store, message, faults.of_notification(store, _facts(row, message)))


def announce_settlement(store: Store, settings: Settings, transaction_id: str) -> None:
    """Tell what time did to a transaction, if GPSANDBOX_NOTIFY_SETTLEMENT says so. Call inside `Store.atomic`."""
    if settings.notify_settlement:
        announce(store, settings, transaction_id)


def announce_dispute(store: Store, settings: Settings, transaction_id: str, dispute: Mapping[str, Any]) -> None:
    """Tell the merchant of the disputed transaction how the dispute stands, if GPSANDBOX_NOTIFY_DISPUTES says so.

    `dispute` is the resource as GET /disputes/{id} shows it. Call inside `Store.atomic`.
    """
    row = store.row("SELECT * FROM transactions WHERE id = ?", (transaction_id,))
    url = _status_url(row) if row is not None else ""
    if row is None or not url or not settings.notify_disputes:
        return
    call = _call(store, settings, row["app_id"], "/disputes")
    message = Message(
        app_id=row["app_id"],
        resource_id=str(dispute["id"]),
        reference=row["reference"],
        status=str(dispute.get("status", "")),
        type="DISPUTE",
        url=url,
        body=minified({**dispute, "action": call.action("STATUS_NOTIFICATION")}),
    )
    put(store, message, faults.of_notification(store, _facts(row, message)))


def resource(store: Store, settings: Settings, row: Row) -> dict[str, Any]:
    """A transaction as notifications and hosted pages tell it; noted in the log of actions."""
    call = _call(store, settings, row["app_id"], "/transactions")
    detail = json.loads(row["detail"])
    body = shown.item(call, row)
    if "link_data" in detail:
        body |= {"link": {"id": detail["link_data"]["id"]}, "link_data": detail["link_data"]}
    body["action"] = call.action("STATUS_NOTIFICATION", result=shown.action_result(row))
    actions.write(call, answer=body)
    return body


def minified(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def put(store: Store, message: Message, handling: Handling) -> list[str]:
    """Queue a message as often, as late and as wrong as `handling` says; returns the ids."""
    now = clock.now(store)
    delay = timedelta(milliseconds=handling.delay_ms)
    overtaken = handling.reorder and not _one_waits_to_be_overtaken(store, message.resource_id)
    if overtaken:
        delay = max(delay, OVERTAKEN_WITHIN)
    made = []
    for _copy in range(handling.times):
        made.append(ids.new("NTF"))
        store.insert(
            "notifications",
            {
                "id": made[-1],
                "created_at": clock.stamp(now),
                **message.__dict__,
                "corrupt": int(handling.corrupt_signature),
                "overtaken": int(overtaken),
                "state": WAITING,
                "due_at": clock.stamp(now + delay),
                "attempts": 0,
                "leased_until": 0,
            },
        )
    return made


def claim(store: Store, *, most: int) -> list[Row]:
    """Notifications that are due, now ours to send: one of a resource at a time, so that they arrive in order."""
    due = "state = 'WAITING' AND due_at <= ?1 OR state = 'SENDING' AND leased_until < ?2"
    values = (clock.stamp(clock.now(store)), time.time())
    if store.value(f"SELECT 1 FROM notifications WHERE {due} LIMIT 1", values) is None:  # noqa: S608
        return []
    with store.atomic():
        store.write(
            "UPDATE notifications SET state = 'WAITING' WHERE state = 'SENDING' AND leased_until < ?", values[1:]
        )
        rows = store.rows(
            "SELECT * FROM notifications AS this WHERE state = 'WAITING' AND due_at <= ?1 AND NOT EXISTS"
            " (SELECT 1 FROM notifications AS other WHERE other.resource_id = this.resource_id AND"
            " (other.state = 'SENDING' OR (other.state = 'WAITING' AND other.due_at <= ?1"
            " AND (other.due_at, other.rowid) < (this.due_at, this.rowid))))"
            " ORDER BY due_at, rowid LIMIT ?2",
            (values[0], most),
        )
        for row in rows:
            store.update("notifications", row["id"], state=SENDING, leased_until=time.time() + LEASE)
    return rows


def overtake(store: Store, row: Row) -> None:
    """`row` has arrived: whatever was to come after it may go now."""
    store.write(
        "UPDATE notifications SET due_at = ?, overtaken = 0 WHERE resource_id = ? AND overtaken AND state = 'WAITING'"
        " AND rowid < (SELECT rowid FROM notifications WHERE id = ?)",
        (clock.stamp(clock.now(store)), row["resource_id"], row["id"]),
    )


def _facts(row: Row, message: Message) -> dict[str, str]:
    """What fault rules may know a notification by: all of `faults.NOTIFICATION_MATCHES`, of its transaction `row`."""
    return {
        "transaction": row["id"],
        "status": message.status,
        "type": message.type,
        **{name: str(row[name]) for name in ("reference", "order_reference", "last4", "amount", "currency")},
    }


def _one_waits_to_be_overtaken(store: Store, resource_id: str) -> bool:
    found = store.value(
        "SELECT 1 FROM notifications WHERE resource_id = ? AND overtaken AND state = 'WAITING'", (resource_id,)
    )
    return found is not None


def _status_url(row: Row) -> str:
    return str(json.loads(row["detail"]).get("notifications", {}).get("status_url", ""))


def _call(store: Store, settings: Settings, app_id: str, endpoint: str) -> Call:
    return Call.by_ourselves(settings, store, app_id=app_id, method="POST", endpoint=endpoint)
