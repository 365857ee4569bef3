"""What will happen by itself, and when. `life.catch_up` lets it happen as the clock passes its moment."""

from datetime import datetime
from enum import StrEnum

from gpsandbox import clock
from gpsandbox.store import Row, Store


class Event(StrEnum):
    ACH_RETURN = "ACH_RETURN"
    """A funded bank payment comes back; the subject is its transaction."""

    BATCH_CLOSE = "BATCH_CLOSE"
    """The cut-off; the subject is a batch."""

    HOLD_EXPIRE = "HOLD_EXPIRE"
    """An authorization nobody captured lapses; the subject is its transaction."""

    PAYDAY = "PAYDAY"
    """Whatever is due is paid out. Without a subject: one payday serves all merchants."""


def plan(store: Store, event: Event, *, at: datetime, subject: str = "") -> None:
    """Let `event` happen to `subject` at `at`. Planning the same twice is planning it once.

    Events are never called off: whoever handles one looks whether it still makes sense.
    """
    store.write("INSERT OR IGNORE INTO agenda (at, event, subject) VALUES (?, ?, ?)", (clock.stamp(at), event, subject))


def is_anything_due(store: Store, *, until: str) -> bool:
    """One look at the first entry: every call takes it."""
    return store.value("SELECT 1 FROM agenda WHERE at <= ? LIMIT 1", (until,)) is not None


def take(store: Store, *, until: str) -> Row | None:
    """The earliest entry that is due, taken off. Call inside `Store.atomic`: so it happens once."""
    first = store.row("SELECT * FROM agenda WHERE at <= ? ORDER BY at, event, subject LIMIT 1", (until,))
    if first is not None:
        store.write("DELETE FROM agenda WHERE at = ? AND event = ? AND subject = ?", tuple(first))
    return first
