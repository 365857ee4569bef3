"""How many messages a minute an address and a secret path may send, counted in Valkey, a block at a time.

Asking Valkey about every message would cost as much as storing it. So each process takes leave for a block of messages
at once; what it does not use of a block is lost to the others for the rest of the minute, which is little beside the
limits.

Without Valkey the door stays open. What comes through it is a hint that is lost if it is refused, only those who know
the secret path can store anything, and a stored message is small; a gateway that is turned away may not come back for
hours. (The pool of card-form tokens decides the other way: there a stranger could use what it hands out.)
"""

import hashlib
import logging
import threading
import time
from dataclasses import dataclass
from functools import lru_cache

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

WINDOW = 60
"""Seconds."""
BLOCK = 50
"""Messages a process takes leave for at once."""
REMEMBERED = 10_000
"""Senders and paths a process keeps in mind within one minute."""
HINT_EVERY = 0.25
"""Seconds in which one hint of this process for an inbox is enough."""


@dataclass(frozen=True)
class Gate:
    """Whether a message may come in, and after how many seconds to try again."""

    open: bool
    wait: int = 0


class _Memory:
    """What this process may still let in during this minute, by name, and when it last gave hints."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.window = 0
        self.left: dict[str, int] = {}
        self.hinted: dict[int, float] = {}


_memory = _Memory()


@lru_cache(maxsize=1)
def _valkey() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)


def webhook_pass(*, key: str, address: str) -> Gate:
    """Count one message for its path and its sender. Never raises."""
    window, second = divmod(int(time.time()), WINDOW)
    path = hashlib.sha256(key.encode()).hexdigest()[:24]  # the key itself is nobody's business, Valkey's neither
    try:
        fits = _take(f"path:{path}", settings.OROPAY_WEBHOOKS_PER_INTEGRATION, window) and _take(
            f"from:{address}", settings.OROPAY_WEBHOOKS_PER_ADDRESS, window
        )
    except redis.RedisError:
        logger.warning("Valkey does not count notifications; all are let in.", exc_info=True)
        return Gate(open=True)
    return Gate(open=fits, wait=WINDOW - second)


def hint_is_due(*, integration_id: int) -> bool:
    """Whether to tell a worker now. The one told last takes all that is there, and the sweep finds what it missed."""
    now = time.monotonic()
    with _memory.lock:
        if now - _memory.hinted.get(integration_id, -HINT_EVERY) < HINT_EVERY:
            return False
        _memory.hinted[integration_id] = now
        return True


def forget() -> None:
    """Begin to count anew in this process, as in a new minute."""
    with _memory.lock:
        _memory.left.clear()
        _memory.hinted.clear()


def _take(name: str, limit: int, window: int) -> bool:
    """One message of this name, out of the block in hand or of a new one. Raises redis.RedisError."""
    with _memory.lock:
        if _memory.window != window or len(_memory.left) > REMEMBERED:
            _memory.window = window
            _memory.left.clear()
        if _memory.left.get(name, 0) > 0:
            _memory.left[name] -= 1
            return True
    block = min(BLOCK, limit)
    with _valkey().pipeline(transaction=False) as pipe:
        pipe.incrby(f"oropay:webhooks:{window}:{name}", block)
        pipe.expire(f"oropay:webhooks:{window}:{name}", 2 * WINDOW)
        taken = int(pipe.execute()[0])
    granted = block - max(0, taken - limit)
    if granted <= 0:
        return False
    with _memory.lock:
        _memory.left[name] = _memory.left.get(name, 0) + granted - 1
    return True
