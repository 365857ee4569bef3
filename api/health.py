"""Whether this process lives, and whether the whole product is ready to work."""

from functools import lru_cache

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from plumbing.selectors import heartbeats_alive, late_tasks
from plumbing.services.sweeping import HEARTBEAT as SWEEP

PARTS = ("worker-gateway", "worker-default", "beat", SWEEP)
"""Processes that write a heartbeat, and the sweep, which beat runs: a beat that lives may hang in it."""


@lru_cache(maxsize=1)
def _valkey() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


@never_cache
@require_safe
def livez(request: HttpRequest) -> JsonResponse:
    """200 while the process answers at all; asks nobody else."""
    return JsonResponse({"state": "alive"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when database, Valkey, both workers, beat and its sweep answer; else 503. Names what is missing, no details.

    `behind_seconds` is the worst lag of periodic work: late work is for people to look at, requests are served.
    """
    parts = {"database": _database_answers(), "valkey": _valkey_answers()}
    alive = heartbeats_alive(PARTS, timezone.now()) if parts["database"] else frozenset()
    parts |= {name: name in alive for name in PARTS}
    ready = all(parts.values())
    return JsonResponse(
        {
            "state": "ready" if ready else "not ready",
            "parts": {name: "ok" if fine else "missing" for name, fine in parts.items()},
            "behind_seconds": _behind() if parts["database"] else None,
        },
        status=200 if ready else 503,
    )


def _behind() -> int:
    late = late_tasks(timezone.now())
    return int(late[0].behind.total_seconds()) if late else 0


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _valkey_answers() -> bool:
    try:
        return bool(_valkey().ping())
    except redis.RedisError:
        return False
