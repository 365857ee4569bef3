"""The whole house for the tests that need it: web, workers, beat and gpsandbox on a database of their own."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from pytest_django.plugin import DjangoDbBlocker

from config import parts, processes
from config.supervisor import Supervisor
from tests.databases import django_on, own_database
from tests.e2e.house import House, Shop, shop_open

SECRETS = (
    "SECRET_KEY",
    "OROPAY_VAULT_PUBLIC_KEYS",
    "OROPAY_VAULT_PRIVATE_KEYS",
    "OROPAY_SECRETBOX_KEYS",
    "OROPAY_FINGERPRINT_KEY",
)
READY_WITHIN = 90.0


@pytest.fixture(scope="session")
def house(django_db_blocker: DjangoDbBlocker) -> Iterator[House]:
    """One stack for all tests that need one; every test brings a company of its own."""
    with (
        django_db_blocker.unblock(),
        tempfile.TemporaryDirectory(prefix="oropay-e2e-") as folder,
        own_database("oropay_e2e", template=os.environ["TEMPLATE_DATABASE"]) as database_url,
        django_on(database_url),
    ):
        place = parts.Place(
            data=Path(folder),
            web_port=processes.free_port(),
            sandbox_port=processes.free_port(),
            database_url=database_url,
            redis_url=urlsplit(os.environ["REDIS_URL"])._replace(path="/9").geturl(),
            secrets={name: os.environ[name] for name in SECRETS}
            | {"GP_APP_ID": "contract-app", "GP_APP_KEY": "contract-key", "GPSANDBOX_SECRET": "open-sesame"},
            settings="config.settings.test",
        )
        os.environ["HOSTED_FIELDS_URL"] = f"{place.sandbox_url}/hosted/v1/fields.js"
        os.environ["GATEWAY_ORIGIN"] = place.sandbox_url
        os.environ["THREEDS_ORIGINS"] = f"http://acs.localhost:{place.sandbox_port}"
        os.environ["WEBSITE_PORT"] = f":{place.web_port}"
        redis.Redis.from_url(place.redis_url).flushdb()
        with Supervisor(logs=place.data / "log") as stack:
            stack.start(parts.sandbox(place))
            stack.wait_ready(seconds=READY_WITHIN)
            seller = shop_open(service_url=f"{place.sandbox_url}/ucp")
            for part in (parts.gateway_worker, parts.default_worker, parts.beat, parts.web):
                stack.start(part(place))
            stack.wait_ready(seconds=READY_WITHIN)
            yield House(place=place, seller=seller, stack=stack)


@pytest.fixture
def shop(house: House) -> Shop:
    """A company with a buyer and a colleague, and something to buy."""
    return house.company()
