"""Real Chromium, beside the whole house."""

import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.e2e.house import House

FAILED = pytest.StashKey[bool]()
PICTURES = Path(__file__).resolve().parents[2] / ".data" / "e2e"

# Playwright keeps an event loop in this thread; Django would refuse to touch the database beside it.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

NORMAL_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=NORMAL_FLAGS)
        yield browser
        browser.close()


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
