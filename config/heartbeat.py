"""Workers and beat say "I am here" every five seconds, in a row that /readyz, `make up` and health checks read.

A row is named after its part, the first half of the Celery node name (`worker-gateway`, `worker-default`, `beat`), and
its host: each replica of a part has its own.
"""

import logging
import threading
import time

EVERY = 5.0
"""Seconds between two beats."""
SILENT_AFTER = 15.0
"""Seconds without a beat after which a part counts as gone: two beats may be late, not three."""

logger = logging.getLogger(__name__)


def heartbeat_start(*, name: str) -> threading.Thread:
    """Beat in a thread of its own for as long as the process lives."""
    thread = threading.Thread(target=_beat_forever, args=(name,), name="heartbeat", daemon=True)
    thread.start()
    return thread


def _beat_forever(name: str) -> None:
    while True:
        _beat(name)
        time.sleep(EVERY)


def _beat(name: str) -> None:
    """One beat on a connection of its own, closed at once: a forked child must never inherit it open."""
    from django.db import DatabaseError, connection, transaction
    from django.utils import timezone

    from plumbing.services import heartbeat_beat

    try:
        with transaction.atomic():
            heartbeat_beat(name=name, now=timezone.now())
    except DatabaseError as error:
        logger.warning("no heartbeat of %s: %s", name, error)
    finally:
        connection.close()
