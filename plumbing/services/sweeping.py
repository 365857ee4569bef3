"""The one loop that finds what was committed and not yet done."""

import logging
from datetime import datetime

from plumbing.ports import due_rows
from plumbing.services.heartbeats import heartbeat_beat

logger = logging.getLogger(__name__)

LIMIT = 500
"""Rows per port and sweep; the next sweep, two seconds later, takes the rest."""

HEARTBEAT = "sweep"


def sweep(*, now: datetime) -> int:
    """Hint at every due row of every room and return how many; it claims nothing, so two sweeps at once are harmless.

    A port that raises is logged with its traceback and named in the heartbeat "sweep" until it works again; the ports
    after it still run.
    """
    published = 0
    broken = []
    for port in due_rows.all():
        try:
            published += port.publish_due(now=now, limit=LIMIT)
        except Exception as error:
            logger.exception("Due rows of “%s” were not published.", port.name)
            broken.append(f"{port.name}: {type(error).__name__}: {error}")
    heartbeat_beat(name=HEARTBEAT, now=now, detail="\n".join(broken))
    return published
