"""A small stock of hosted-field tokens per provider account: minted by the worker, handed out by web, one per form.

A token lets one card form send one card to the gateway for ten minutes and nothing else. The stock lives in Valkey; if
it is lost it is minted again. Without stock there is no token, and the page says that the form is loading. Who may have
one is asked before: `services.card_form_guard`.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import lru_cache

import redis
from django.conf import settings

from oropay.engine.gateways import gateway_of
from oropay.exceptions import CardFormUnavailable, VaultError
from oropay.gateway.port import GatewayUnavailable
from oropay.models import ProviderAccount
from plumbing.services import hint

logger = logging.getLogger(__name__)

SIZE = 8
LOW = 4
LEFT_TO_LIVE = timedelta(minutes=4)
"""A token is handed out only with at least this much of its life left, so that a slow typist can finish."""
ASKED_AGAIN_AFTER = timedelta(seconds=2)
"""The worker is asked to fill the stock no more often."""


@lru_cache(maxsize=1)
def _store() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2, decode_responses=True)


def _key(provider_account_id: int) -> str:
    return f"oropay:hosted-tokens:{provider_account_id}"


def fill(*, provider_account_id: int, now: datetime) -> int:
    """Mint tokens until the stock is full; worker only. Returns how many were minted."""
    account = ProviderAccount.objects.get(pk=provider_account_id)
    store, key = _store(), _key(provider_account_id)
    _drop_stale(provider_account_id=provider_account_id, now=now)
    lock = store.lock(f"{key}:filling", timeout=60)
    if not lock.acquire(blocking=False):
        return 0
    try:
        minted = 0
        while int(store.llen(key)) < SIZE:
            token = gateway_of(account=account).mint_hosted_token()
            store.rpush(key, json.dumps({"token": token.token, "expires_at": token.expires_at.isoformat()}))
            store.expire(key, 3600)
            minted += 1
        return minted
    finally:
        with suppress(redis.exceptions.LockError):  # a gateway slower than the lock lives: another worker has it now
            lock.release()


def fill_all(*, now: datetime) -> None:
    """Keep every active account's stock full; beat calls it often. One that cannot be filled starves no other."""
    for pk in ProviderAccount.objects.filter(is_active=True).values_list("pk", flat=True):
        try:
            fill(provider_account_id=pk, now=now)
        except (GatewayUnavailable, VaultError, redis.RedisError):
            logger.warning("no hosted-field tokens for provider account %s", pk, exc_info=True)


def require_stock(*, provider_account_id: int, now: datetime) -> None:
    """Raise CardFormUnavailable unless there is a token to hand out; the worker has been asked to fill the stock.

    Asked before a card form counts as opened: a page that asks again and again while there is none locks nobody out.
    """
    with _reached():
        _drop_stale(provider_account_id=provider_account_id, now=now)
        left = int(_store().llen(_key(provider_account_id)))
    if not left:
        _fill_soon(provider_account_id)
        raise CardFormUnavailable


def take(*, provider_account_id: int, now: datetime) -> str:
    """One token for one card form.

    Raises:
        CardFormUnavailable: the stock is empty, or cannot be reached; the worker has been asked to fill it.
    """
    with _reached():
        token = _pop(provider_account_id=provider_account_id, now=now)
        left = int(_store().llen(_key(provider_account_id)))
    if left < LOW:
        _fill_soon(provider_account_id)
    if token is None:
        raise CardFormUnavailable
    return token


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        logger.exception("the token stock cannot be reached")
        raise CardFormUnavailable from error


def _fill_soon(provider_account_id: int) -> None:
    """Ask the worker, at most once in a while however many pages wait."""
    with _reached():
        first = _store().set(f"{_key(provider_account_id)}:asked", 1, nx=True, ex=ASKED_AGAIN_AFTER)
    if first:
        hint("oropay.tasks.pool_fill", provider_account_id, queue="gateway-interactive")


def _pop(*, provider_account_id: int, now: datetime) -> str | None:
    while (raw := _store().lpop(_key(provider_account_id))) is not None:
        found = json.loads(str(raw))
        if datetime.fromisoformat(found["expires_at"]) - now >= LEFT_TO_LIVE:
            return str(found["token"])
    return None


def _drop_stale(*, provider_account_id: int, now: datetime) -> None:
    """The oldest lie in front: throw away those too old to hand out."""
    store, key = _store(), _key(provider_account_id)
    while (raw := store.lindex(key, 0)) is not None:
        if datetime.fromisoformat(json.loads(str(raw))["expires_at"]) - now >= LEFT_TO_LIVE:
            return
        store.lrem(key, 1, str(raw))
