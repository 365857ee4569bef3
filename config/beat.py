"""Celery's beat, which does what is due itself instead of putting a message about it on a queue.

The sweep gives lost hints again, so it depends on none: on no broker, and on no queue where it would wait behind a mail
server that hangs or an hour of imports.
"""

import logging
from typing import Any

from celery.beat import Scheduler
from django.db import close_old_connections

logger = logging.getLogger(__name__)


class DoesItself(Scheduler):
    """`CELERY_BEAT_SCHEDULER`. It keeps nothing: what ran is known by rows, and two beats are harmless."""

    producer = None  # type: ignore[assignment]
    """Nothing is sent, so a broker that is gone does not hold it up."""

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Run what is due, to its end. What it raises is logged: the next time comes all the same."""
        close_old_connections()
        try:
            self.app.tasks[entry.task]()
        except Exception:
            logger.exception("“%s” was not done this time.", entry.name)
        finally:
            close_old_connections()
