"""The whole house for the tests that need it: web, workers, beat and gpsandbox on a database of their own."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from pytest_django.plugin import DjangoDbBlocker

from config import devenv, parts, processes
from config.supervisor import Supervisor
from tests.databases import django_on, own_database
from tests.e2e.house import House, Shop, shop_open

READY_WITHIN = 90.0


@contextmanager
def standing_house(
    name: str, *, redis_url: str, settings: str, prepare: Callable[[parts.Place], None] = lambda place: None
) -> Iterator[House]:
    """Sandbox, shop, workers, beat and web on a database of their own called `name`, all answering.

    `prepare` is called with the place before anything starts.
    """
    with (
        tempfile.TemporaryDirectory(prefix=f"{name}-") as folder,
        own_database(name, template=os.environ["TEMPLATE_DATABASE"]) as database_url,
        django_on(database_url),
    ):
        place = parts.Place(
            data=Path(folder),
            web_port=processes.free_port(),
            sandbox_port=processes.free_port(),
            database_url=database_url,
            redis_url=redis_url,
            secrets={secret: os.environ[secret] for secret in (*devenv.SHARED, *devenv.GATEWAY_WORKER)}
            | {"GP_APP_ID": "contract-app", "GP_APP_KEY": "contract-key", "GPSANDBOX_SECRET": "open-sesame"},
            settings=settings,
        )
        prepare(place)
        with Supervisor(logs=place.data / "log") as stack:
            stack.start(parts.sandbox(place))
            stack.wait_ready(seconds=READY_WITHIN)
            seller = shop_open(service_url=f"{place.sandbox_url}/ucp")
            for part in (parts.gateway_worker, parts.default_worker, parts.beat, parts.web):
                stack.start(part(place))
            stack.wait_ready(seconds=READY_WITHIN)
            yield House(place=place, seller=seller, stack=stack)


def _addresses_and_clean_broker(place: parts.Place) -> None:
    os.environ["HOSTED_FIELDS_URL"] = f"{place.sandbox_url}/hosted/v1/fields.js"
    os.environ["GATEWAY_ORIGIN"] = place.sandbox_url
    os.environ["THREEDS_ORIGINS"] = f"http://acs.localhost:{place.sandbox_port}"
    os.environ["WEBSITE_PORT"] = f":{place.web_port}"
    redis.Redis.from_url(place.redis_url).flushdb()


@pytest.fixture(scope="session")
def house(django_db_blocker: DjangoDbBlocker) -> Iterator[House]:
    """One stack for all tests that need one; every test brings a company of its own."""
    broker = urlsplit(os.environ["REDIS_URL"])._replace(path="/9").geturl()
    with (
        django_db_blocker.unblock(),
        standing_house(
            "oropay_e2e", redis_url=broker, settings="config.settings.test", prepare=_addresses_and_clean_broker
        ) as house,
    ):
        yield house


@pytest.fixture
def shop(house: House) -> Shop:
    """A company with a buyer and a colleague, and something to buy."""
    return house.company()
