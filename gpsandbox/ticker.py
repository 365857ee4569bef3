"""What happens by itself while time passes. Every process ticks; each job claims its rows, so that it is done once."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from gpsandbox import life
from gpsandbox.disputes import deadlines
from gpsandbox.settings import Settings
from gpsandbox.store import Store
from gpsandbox.webhooks import deliver

log = logging.getLogger("gpsandbox")

Job = Callable[[Settings, Store], Awaitable[None]]

JOBS: tuple[Job, ...] = (life.tick, deadlines.enforce_due, deliver)
EVERY = 0.2
"""Seconds between two ticks."""


async def run(*, settings: Settings, store: Store) -> None:
    """Tick until cancelled. A job that fails is logged and tried again at the next tick."""
    while JOBS:
        for job in JOBS:
            try:
                await job(settings, store)
            except Exception:
                log.exception("%s failed", job.__name__)
        await asyncio.sleep(EVERY)
