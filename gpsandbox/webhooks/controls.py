"""`/_emu/notifications`: what was told, and telling it again."""

import json
from dataclasses import replace
from typing import Any

from starlette.requests import Request

from gpsandbox import handling
from gpsandbox.store import Row, Store
from gpsandbox.webhooks import outbox
from gpsandbox.webhooks.outbox import Message


def listed(store: Store, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """GET /_emu/notifications?transaction=&reference=&state=, oldest first, with every attempt."""
    asked = request.query_params
    rows = store.rows(
        "SELECT * FROM notifications WHERE (?1 = '' OR resource_id = ?1) AND (?2 = '' OR reference = ?2)"
        " AND (?3 = '' OR state = ?3) ORDER BY rowid",
        (asked.get("transaction", ""), asked.get("reference", ""), asked.get("state", "")),
    )
    return {"notifications": [_shown(store, row) for row in rows]}


def replay(store: Store, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """POST /_emu/notifications/replay: tell one again, or all of a transaction; `reorder` tells the last one first."""
    wish = handling.handling_read(body)
    column, wanted = ("id", body.get("id")) if "id" in body else ("resource_id", body.get("transaction"))
    with store.atomic():
        rows = store.rows(
            f"SELECT * FROM notifications WHERE {column} = ? AND (replay_of = '' OR id = ?) ORDER BY rowid",  # noqa: S608
            (str(wanted), str(body.get("id", ""))),
        )
        if not rows:
            raise LookupError(f"Nothing was ever told about {wanted}.")
        if wish.reorder:
            rows.reverse()
        made = []
        for row in rows:
            made += outbox.put(store, _message(row), replace(wish, reorder=False))
        return {"notifications": [_by_id(store, notification_id) for notification_id in made]}


CONTROLS = (
    ("GET", "/notifications", listed),
    ("POST", "/notifications/replay", replay),
)


def _message(row: Row) -> Message:
    told = {name: row[name] for name in ("app_id", "resource_id", "reference", "status", "type", "url", "body")}
    return Message(**told, replay_of=row["replay_of"] or row["id"])


def _by_id(store: Store, notification_id: str) -> dict[str, Any]:
    [row] = store.rows("SELECT * FROM notifications WHERE id = ?", (notification_id,))
    return _shown(store, row)


def _shown(store: Store, row: Row) -> dict[str, Any]:
    attempts = store.rows(
        "SELECT number, time_created, signature, http_status, problem, milliseconds FROM notification_attempts"
        " WHERE notification_id = ? ORDER BY id",
        (row["id"],),
    )
    return {
        **{name: row[name] for name in row.keys() if name not in ("body", "leased_until", "attempts")},  # noqa: SIM118
        "body": json.loads(row["body"]),
        "attempts": [dict(attempt) for attempt in attempts],
    }
