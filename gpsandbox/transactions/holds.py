"""Authorizations end: what nobody captured within a week is given back to the card holder."""

from datetime import datetime

from gpsandbox import agenda, clock, timetable
from gpsandbox.agenda import Event
from gpsandbox.call import Call
from gpsandbox.store import Row, Store


def watch(call: Call, transaction_id: str) -> None:
    """Let the authorization made now lapse in time."""
    agenda.plan(call.store, Event.HOLD_EXPIRE, at=call.now + timetable.HOLD_LASTS, subject=transaction_id)


def is_over(call: Call, authorization: Row) -> bool:
    """Whether it is too late to capture, or to capture the rest of what was captured in part."""
    return clock.read(authorization["created_at"]) + timetable.HOLD_LASTS <= call.now


def expire(store: Store, transaction_id: str, now: datetime) -> list[str]:
    """Give an authorization back, unless it was captured or reversed before. See `life.handlers`."""
    lapsed = store.write(
        "UPDATE transactions SET status = 'REVERSED', updated_at = ? WHERE id = ? AND status = 'PREAUTHORIZED'",
        (clock.stamp(now), transaction_id),
    )
    return [transaction_id] if lapsed else []


def unfreeze(call: Call) -> None:
    """Released money may be overdue: the next deposits look for it."""
    agenda.plan(call.store, Event.PAYDAY, at=timetable.payday_after(call.now))
