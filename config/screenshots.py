"""`make screenshots`: photographs of the running house for the README, so that they never lie.

Needs `make up` (or `make run`) and its demo company. Browser and playwright are development dependencies.
"""

import os
import sys

from playwright.sync_api import Browser, Page, sync_playwright

from config import browser
from config.env import Env
from config.node import ROOT

FOLDER = ROOT / "docs" / "screenshots"
PASSWORD = "demo-pass-2026"  # noqa: S105
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main() -> int:
    url = f"http://localhost:{Env().port('WEB_PORT', default=8000)}"
    os.environ |= browser.for_tests()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=FLAGS)
        for name, email, draw in (
            ("storefront", "anna@calder.example", storefront),
            ("back-office", "finance@fennmark.example", back_office),
        ):
            page = _logged_in(chromium, url, email)
            draw(page, url)
            page.screenshot(path=FOLDER / f"{name}.png")
            sys.stdout.write(f"docs/screenshots/{name}.png\n")
        chromium.close()
    return 0


def storefront(page: Page, url: str) -> None:
    """Paying an open invoice."""
    page.goto(f"{url}/invoices/")
    page.get_by_role("link", name="Pay").first.click()
    page.locator('input[data-pay-method="card"]').first.check()
    page.locator("[data-card-form][data-ready=yes]").first.wait_for(state="visible")
    page.mouse.wheel(0, -5000)
    page.wait_for_timeout(300)


def back_office(page: Page, url: str) -> None:
    """What staff see first."""
    page.goto(f"{url}/admin/")


def _logged_in(chromium: Browser, url: str, email: str) -> Page:
    page = chromium.new_page(viewport={"width": 1280, "height": 860})
    page.goto(f"{url}/account/login/")
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda address: "/login" not in address)
    return page


if __name__ == "__main__":
    sys.exit(main())
