"""The stock of hosted-field tokens: minted by the worker, handed out one per form, failing closed."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis
from django.utils import timezone

from oropay import pool
from oropay.exceptions import CardFormUnavailable
from oropay.models import ProviderAccount
from tests.accounts import sandbox_account
from tests.contract.sandbox import Sandbox
from tests.hints import Hints


@pytest.fixture(autouse=True)
def empty_store() -> Iterator[None]:
    pool._store().flushdb()
    yield
    pool._store().flushdb()


def take(account: ProviderAccount, minutes: int = 0) -> str:
    return pool.take(provider_account_id=account.pk, now=timezone.now() + timedelta(minutes=minutes))


def require(account: ProviderAccount, minutes: int = 0) -> None:
    pool.require_stock(provider_account_id=account.pk, now=timezone.now() + timedelta(minutes=minutes))


def test_every_form_gets_a_token_of_its_own(account: ProviderAccount) -> None:
    minted = pool.fill(provider_account_id=account.pk, now=timezone.now())

    tokens = {take(account) for _ in range(minted)}

    assert minted == pool.SIZE
    assert len(tokens) == pool.SIZE


def test_an_empty_stock_says_that_the_form_is_loading(account: ProviderAccount) -> None:
    with pytest.raises(CardFormUnavailable, match="card form is loading"):
        take(account)


def test_a_token_too_old_for_a_slow_typist_is_not_handed_out(account: ProviderAccount) -> None:
    pool.fill(provider_account_id=account.pk, now=timezone.now())

    with pytest.raises(CardFormUnavailable):
        take(account, minutes=7)


def test_stale_tokens_are_replaced(account: ProviderAccount) -> None:
    pool.fill(provider_account_id=account.pk, now=timezone.now())

    again = pool.fill(provider_account_id=account.pk, now=timezone.now())
    later = pool.fill(provider_account_id=account.pk, now=timezone.now() + timedelta(minutes=7))

    assert (again, later) == (0, pool.SIZE)


def test_stock_is_there_as_long_as_one_token_can_be_handed_out(account: ProviderAccount, hints: Hints) -> None:
    with pytest.raises(CardFormUnavailable):
        require(account)
    told = hints.told()
    minted = pool.fill(provider_account_id=account.pk, now=timezone.now())

    for _form in range(minted):
        require(account)
        take(account)

    assert told == [("oropay.tasks.pool_fill", account.pk, "gateway-interactive")]
    with pytest.raises(CardFormUnavailable):
        require(account)


def test_however_many_pages_wait_the_worker_is_asked_once_in_a_while(account: ProviderAccount, hints: Hints) -> None:
    for _page in range(3):
        with pytest.raises(CardFormUnavailable):
            require(account)
    pool._store().delete(f"{pool._key(account.pk)}:asked")
    with pytest.raises(CardFormUnavailable):
        require(account)

    assert hints.told() == [("oropay.tasks.pool_fill", account.pk, "gateway-interactive")] * 2


def test_stock_that_is_too_old_is_none(account: ProviderAccount) -> None:
    pool.fill(provider_account_id=account.pk, now=timezone.now())

    with pytest.raises(CardFormUnavailable):
        require(account, minutes=7)


def test_without_its_store_no_token_is_handed_out(account: ProviderAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = redis.Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.2)
    with monkeypatch.context() as patched:
        patched.setattr(pool, "_store", lambda: nowhere)

        with pytest.raises(CardFormUnavailable):
            require(account)
        with pytest.raises(CardFormUnavailable):
            take(account)


def test_an_account_that_nobody_can_open_does_not_starve_the_next(account: ProviderAccount, sandbox: Sandbox) -> None:
    second = sandbox_account(organization=account.organization, url=sandbox.url, name="Second", currency="EUR")
    ProviderAccount.objects.filter(pk=account.pk).update(key_id="retired")

    pool.fill_all(now=timezone.now())

    assert take(second)


def test_two_workers_do_not_fill_one_stock_at_once(account: ProviderAccount) -> None:
    with pool._store().lock(f"{pool._key(account.pk)}:filling", timeout=5):
        minted = pool.fill(provider_account_id=account.pk, now=timezone.now())

    assert minted == 0
