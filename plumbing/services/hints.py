"""Telling the queue that a row is due. The row is the truth: a hint may be lost, late or repeated."""

import logging
import os
import time
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from celery import current_app
from django.db import transaction
from kombu.exceptions import KombuError, OperationalError

from plumbing.queues import queue_length

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 0.5
ANSWER_SECONDS = 0.5
"""A page waits for the broker no longer than this, once; see PAUSE_SECONDS."""

PAUSE_SECONDS = 2.0
"""After a failure this process gives no hints for so long. The sweep finds the rows."""

AGAIN_LIVES = 60
"""Seconds. A repeated hint that nobody took by then is worth nothing: the row is swept again."""
AGAIN_UP_TO = 1_000
"""Messages. A longer queue is told nothing twice: it is not read, or has enough to do until the next repetition. So an
hour without workers leaves no mountain of old hints before the payments of the hour after.
"""

_silent_until = 0.0


def hint(task_name: str, pk: int, queue: str) -> None:
    """Tell a worker about a row once the transaction that wrote it has committed; at once if there is none."""
    transaction.on_commit(partial(hint_now, task_name, pk, queue))


def hint_due(task_name: str, pk: int, queue: str, *, due: datetime | None, hinted: datetime | None) -> None:
    """What the sweep tells of a row that has been `due` since then, and was last hinted at when it was `hinted`.

    The first hint since the row is due waits in the queue as long as it must. Those after it may be lost.
    """
    again = due is not None and hinted is not None and hinted >= due
    transaction.on_commit(partial(hint_now, task_name, pk, queue, again=again))


def hint_now(task_name: str, pk: int, queue: str, *, again: bool = False) -> None:
    """Tell a worker now. A broken broker is logged and costs at most about a second, then nothing for a while.

    `again` says that it has been told already: then the message does not last, and a long queue gets none.
    """
    global _silent_until
    if time.monotonic() < _silent_until:
        return
    try:
        with _connections(os.getpid(), current_app.conf.broker_write_url).acquire(
            block=True, timeout=CONNECT_SECONDS
        ) as connection:
            if again and queue_length(connection, queue) >= AGAIN_UP_TO:
                return
            expires = AGAIN_LIVES if again else None
            current_app.send_task(
                task_name, args=[pk], queue=queue, connection=connection, retry=False, expires=expires
            )
    except (KombuError, OperationalError, OSError) as error:
        _silent_until = time.monotonic() + PAUSE_SECONDS
        logger.warning("The broker did not take %s(%s) for queue %s: %s. The sweep will.", task_name, pk, queue, error)


def hints_resume() -> None:
    """Give hints again at once after a failure, as for a broker known to be back."""
    global _silent_until
    _silent_until = 0.0


@lru_cache(maxsize=1)
def _connections(pid: int, url: str) -> Any:
    """This process's own connections to the broker, with shorter patience than a worker's (a fork makes new ones)."""
    connection = current_app.connection_for_write(
        url,
        connect_timeout=CONNECT_SECONDS,
        transport_options={
            **current_app.conf.broker_transport_options,
            "socket_connect_timeout": CONNECT_SECONDS,
            "socket_timeout": ANSWER_SECONDS,
            "max_retries": 0,
        },
    )
    return connection.Pool(limit=32)
