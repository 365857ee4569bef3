"""Signs of life."""

import os
import socket
from datetime import datetime

from plumbing.models import Heartbeat


def heartbeat_beat(*, name: str, now: datetime, detail: str = "") -> None:
    """Say that the part `name` runs here and now; every 5 s. `detail` says what it could not do, blank if all is well.

    One statement: replicas of a part write the same row.
    """
    Heartbeat.objects.bulk_create(
        [Heartbeat(name=name, host=socket.gethostname(), pid=os.getpid(), beat_at=now, detail=detail)],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["host", "pid", "beat_at", "detail"],
    )
