"""The whole house for the browser tests: web, workers, beat and gpsandbox on a database of their own; real Chromium."""

import os
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
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
FAILED = pytest.StashKey[bool]()
PICTURES = Path(__file__).resolve().parents[2] / ".data" / "e2e"

# Playwright keeps an event loop in this thread; Django would refuse to touch the database beside it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

NORMAL_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]


@pytest.fixture(scope="session")
def house(django_db_blocker: DjangoDbBlocker) -> Iterator[House]:
    """One stack for all browser tests; every test brings a company of its own."""
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
        os.environ["WEBSITE_PORT"] = str(place.web_port)
        redis.Redis.from_url(place.redis_url).flushdb()
        with Supervisor(logs=place.data / "log") as stack:
            stack.start(parts.sandbox(place))
            stack.wait_ready(seconds=READY_WITHIN)
            seller = shop_open(service_url=f"{place.sandbox_url}/ucp")
            for part in (parts.gateway_worker, parts.default_worker, parts.beat, parts.web):
                stack.start(part(place))
            stack.wait_ready(seconds=READY_WITHIN)
            yield House(place=place, seller=seller, stack=stack)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=NORMAL_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def shop(house: House) -> Shop:
    """A company with a buyer and a colleague, and something to buy."""
    return house.company()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember on the test whether it failed, so that its browsers can be photographed."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture
def visit(chromium: Browser, house: House, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Page]]:
    """Open a browser of one's own, logged in as a person. A failed test leaves pictures in `.data/e2e/`."""
    opened: list[BrowserContext] = []

    def visit(email: str) -> Page:
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(15_000)
        opened.append(context)
        page = context.new_page()
        house.log_in(page, email)
        return page

    yield visit
    for number, context in enumerate(opened, 1):
        if request.node.stash.get(FAILED, False):
            for page in context.pages:
                page.screenshot(path=PICTURES / f"{request.node.name}-{number}.png", full_page=True)
        context.close()
