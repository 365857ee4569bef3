"""How many messages a minute an address and a secret path may send, counted in Valkey.

Without Valkey the door stays open. What comes through it is a hint that is lost if it is refused, only those who know
the secret path can store anything, and a stored message is small; a gateway that is turned away may not come back for
hours. (The pool of card-form tokens decides the other way: there a stranger could use what it hands out.)
"""

import hashlib
import logging
import time
from dataclasses import dataclass
from functools import lru_cache

import redis
from django.conf import settings

logger = logging.getLogger(__name__)

WINDOW = 60
"""Seconds."""
HINT_EVERY = 250
"""Milliseconds in which one hint for an inbox is enough."""


@dataclass(frozen=True)
class Gate:
    """Whether a message may come in, after how many seconds to try again, and whether a worker must be told."""

    open: bool
    wait: int = 0
    hint: bool = True


@lru_cache(maxsize=1)
def _valkey() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)


def webhook_pass(*, key: str, address: str) -> Gate:
    """Count one message; one round trip. Never raises."""
    window, second = divmod(int(time.time()), WINDOW)
    inbox = hashlib.sha256(key.encode()).hexdigest()[:24]  # the key itself is nobody's business, Valkey's neither
    try:
        with _valkey().pipeline(transaction=False) as pipe:
            for name in (f"oropay:webhooks:{window}:{inbox}", f"oropay:webhooks:{window}:{address}"):
                pipe.incr(name)
                pipe.expire(name, 2 * WINDOW)
            pipe.set(f"oropay:webhooks:hinted:{inbox}", 1, nx=True, px=HINT_EVERY)
            by_inbox, _, by_address, _, first = pipe.execute()
    except redis.RedisError:
        logger.warning("Valkey does not count notifications; all are let in.", exc_info=True)
        return Gate(open=True)
    fits = (
        int(by_inbox) <= settings.OROPAY_WEBHOOKS_PER_INTEGRATION
        and int(by_address) <= settings.OROPAY_WEBHOOKS_PER_ADDRESS
    )
    return Gate(open=fits, wait=WINDOW - second, hint=bool(first))
