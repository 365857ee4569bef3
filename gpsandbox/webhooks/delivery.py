"""The job that posts what the outbox holds, and what happens when nobody takes it."""

import asyncio
import time
from datetime import timedelta

from gpsandbox import clock
from gpsandbox.settings import Settings
from gpsandbox.store import Row, Store
from gpsandbox.webhooks import outbox, outgoing
from gpsandbox.webhooks.outbox import DELIVERED, GAVE_UP, WAITING
from gpsandbox.webhooks.signature import HEADER, signed

BACK_OFF = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=12),
)
"""Sandbox time between two attempts; after the last one it is given up. Ours: the gateway's is not documented."""

AT_ONCE = 20
"""Requests of one process that may be under way."""

_under_way: set[asyncio.Task[None]] = set()


async def deliver(settings: Settings, store: Store) -> None:
    """Start sending what is due; a slow receiver holds up nobody else."""
    room = AT_ONCE - len(_under_way)
    if room <= 0:
        return
    for row in outbox.claim(store, most=room):
        task = asyncio.create_task(_send(settings, store, row))
        _under_way.add(task)
        task.add_done_callback(_under_way.discard)


async def stop() -> None:
    """Let go of what is under way, before the store closes: its lease runs out and it is sent again."""
    stopped = list(_under_way)
    for task in stopped:
        task.cancel()
    await asyncio.gather(*stopped, return_exceptions=True)


async def _send(settings: Settings, store: Store, row: Row) -> None:
    body = row["body"].encode()
    signature = signed(body, settings.apps.get(row["app_id"], ""))
    if row["corrupt"]:
        signature = signature[::-1]
    started, status, problem = time.monotonic(), 0, ""
    try:
        headers = {"Content-Type": "application/json", "User-Agent": "gpsandbox", HEADER: signature}
        status = (await outgoing.post(settings, row["url"], body, headers)).status
    except outgoing.NotSent as error:
        problem = str(error)
    _note(
        store,
        row,
        signature=signature,
        http_status=status or None,
        problem=problem,
        milliseconds=round((time.monotonic() - started) * 1000),
    )


def _note(store: Store, row: Row, *, signature: str, http_status: int | None, problem: str, milliseconds: int) -> None:
    """Write down how an attempt ended and when the next one is due."""
    number = row["attempts"] + 1
    delivered = http_status is not None and 200 <= http_status < 300
    now = clock.now(store)
    with store.atomic():
        if store.value("SELECT 1 FROM notifications WHERE id = ?", (row["id"],)) is None:
            return  # a reset came in between
        store.insert(
            "notification_attempts",
            {
                "notification_id": row["id"],
                "number": number,
                "time_created": clock.stamp(now),
                "signature": signature,
                "http_status": http_status,
                "problem": problem,
                "milliseconds": milliseconds,
            },
        )
        if delivered:
            store.update("notifications", row["id"], state=DELIVERED, attempts=number)
            outbox.overtake(store, row)
        elif number > len(BACK_OFF):
            store.update("notifications", row["id"], state=GAVE_UP, attempts=number)
        else:
            due_at = clock.stamp(now + BACK_OFF[number - 1])
            store.update("notifications", row["id"], state=WAITING, attempts=number, due_at=due_at)
