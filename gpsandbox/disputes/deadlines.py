"""A merchant who does not respond in time has lost. Noticed when somebody looks, or by the ticker; dated as it was."""

from datetime import datetime

from gpsandbox import clock
from gpsandbox.disputes import changes, telling
from gpsandbox.disputes.changes import Dispute
from gpsandbox.disputes.life import LOST
from gpsandbox.settings import Settings
from gpsandbox.store import Store

DUE = "FROM disputes WHERE status = 'WITH_MERCHANT' AND specimen = 0 AND respond_by <= ?"


def enforce(store: Store, *, now: datetime) -> list[Dispute]:
    """Close what is overdue, each at its own deadline; returns it. To be called inside one atomic."""
    overdue = store.rows(f"SELECT * {DUE} ORDER BY respond_by", (clock.stamp(now),))
    return [changes.close(store, dict(row), result=LOST, now=clock.read(row["respond_by"])) for row in overdue]


async def enforce_due(settings: Settings, store: Store) -> None:
    """The ticker's job. Looks before it locks: nearly always nothing is due."""
    now = clock.now(store)
    if store.value(f"SELECT 1 {DUE} LIMIT 1", (clock.stamp(now),)):
        with store.atomic():
            for closed in enforce(store, now=now):
                telling.tell(store, settings, closed)
