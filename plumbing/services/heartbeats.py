"""Signs of life."""

import os
import socket
from datetime import datetime, timedelta

from plumbing.models import Heartbeat

FORGOTTEN_AFTER = timedelta(days=1)
"""A host that is silent for so long will not come back under its name: containers get a new one each time."""


def heartbeat_beat(*, name: str, now: datetime, detail: str = "") -> None:
    """Say that the part `name` runs here and now; every 5 s. `detail` says what it could not do, blank if all is well.

    One statement. Each host beats for itself: a replica that died is not covered by one that lives.
    """
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, host=socket.gethostname(), pid=os.getpid(), beat_at=now, detail=detail)],
        update_conflicts=True,
        unique_fields=["name", "host"],
        update_fields=["pid", "beat_at", "detail"],
    )


def heartbeats_forget(*, now: datetime) -> int:
    """Remove the rows of hosts that are long gone; returns how many."""
    return Heartbeat.objects.filter(beat_at__lt=now - FORGOTTEN_AFTER).delete()[0]
