"""Time passing: batches close, money is paid out, payments come back and holds lapse, each at its own moment."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from gpsandbox import agenda, batches, clock, settlement, webhooks
from gpsandbox.agenda import Event
from gpsandbox.settings import Settings
from gpsandbox.store import Store
from gpsandbox.transactions import holds

log = logging.getLogger("gpsandbox")

Handler = Callable[[Store, str, datetime], list[str]]
"""What an event does to its subject, at its moment; returns the transactions whose status changed.

The subject may be gone or past caring.
"""

AT_ONCE = 500
"""Events per database transaction, so that other processes get their turn."""


def handlers(*, return_codes: bool) -> Mapping[Event, Handler]:
    """What each event does; `return_codes` as in `Settings`."""
    return {
        Event.ACH_RETURN: partial(settlement.return_arrives, with_code=return_codes),
        Event.BATCH_CLOSE: batches.close_one,
        Event.HOLD_EXPIRE: holds.expire,
        Event.PAYDAY: settlement.payday_reached,
    }


def catch_up(store: Store, *, settings: Settings, now: datetime | None = None) -> None:
    """Let everything happen that is due by `now`, in order, each stamped with its own moment, and announce it where
    GPSANDBOX_NOTIFY_SETTLEMENT says so.

    Cheap when nothing is due: every call and control runs it first, and the ticker besides. Not inside `Store.atomic`.
    """
    until = clock.stamp(now or clock.now(store))
    while agenda.is_anything_due(store, until=until):
        with store.atomic():
            changed = happen(store, until=until, most=AT_ONCE, return_codes=settings.return_codes)
            for transaction_id in changed:
                webhooks.announce_settlement(store, settings, transaction_id)
        log.info("Time passed: %d transactions changed their status", len(changed))


def happen(store: Store, *, until: str, most: int = 0, return_codes: bool = False) -> list[str]:
    """The first `most` events due by `until`, or all, those they cause included. Call inside `Store.atomic`.

    Returns the transactions whose status changed, in the order of their changes.
    """
    taken, changed, does = 0, [], handlers(return_codes=return_codes)
    while (not most or taken < most) and (entry := agenda.take(store, until=until)):
        taken += 1
        changed += does[Event(entry["event"])](store, entry["subject"], clock.read(entry["at"]))
    return changed


async def tick(settings: Settings, store: Store) -> None:
    """The ticker's job: things happen even if nobody calls."""
    catch_up(store, settings=settings)
