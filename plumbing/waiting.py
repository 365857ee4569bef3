"""Waiting, inside a request, for what a worker does: a row is looked at again and again, and pages stay quick."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from django.db import connection

Seen = TypeVar("Seen")

LOOK_EVERY = 0.1
"""Seconds between two looks at the row."""
WAITS = threading.BoundedSemaphore(8)
"""As many requests may wait in one process; the rest is told at once what is known."""


def look_until(look: Callable[[], Seen], *, done: Callable[[Seen], bool], within: timedelta) -> Seen:
    """Look until there is something new, or the time is over, or too many wait already; returns what was seen last.

    Between looks the database connection is free for others.
    """
    seen = look()
    if done(seen) or not WAITS.acquire(blocking=False):
        return seen
    try:
        until = time.monotonic() + within.total_seconds()
        while not done(seen) and time.monotonic() < until:
            if not connection.in_atomic_block:
                connection.close()
            time.sleep(LOOK_EVERY)
            seen = look()
    finally:
        WAITS.release()
    return seen
