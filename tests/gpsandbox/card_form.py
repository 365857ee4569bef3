"""A merchant's page with the hosted card fields on it, and what a buyer does there."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import FrameLocator, Page, expect

from tests.gpsandbox.client import VISA, Client
from tests.gpsandbox.conftest import Running

HERE = Path(__file__).parent
SPACED = "4263 9700 0000 5262"


@dataclass
class Shop:
    """A page of a merchant on its own origin, and the sandbox it takes cards with."""

    address: str
    sandbox: Running

    @property
    def client(self) -> Client:
        return self.sandbox.client


@contextmanager
def shop_open(folder: Path) -> Iterator[Shop]:
    pages: dict[str, tuple[str, str]] = {}
    policy = ""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            media_type, text = pages.get(self.path.split("?")[0], ("text/plain", ""))
            token, _, form = self.path.partition("?")[2].partition("&")
            body = text.replace("{{token}}", token).replace("{{form}}", form).encode()
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://127.0.0.1:{server.server_port}"
    sandbox = Running(folder=folder, GPSANDBOX_ALLOWED_ORIGINS=address)
    origin = f"http://127.0.0.1:{sandbox.port}"
    policy = (  # the storefront's, on pages with a card form
        f"default-src 'self'; script-src 'nonce-shop' {origin}; style-src 'self'; img-src 'self'; font-src 'self'; "
        f"connect-src 'self' {origin}; frame-src {origin}; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )
    html = (HERE / "shop" / "card.html").read_text().replace("{{loader}}", f"{origin}/hosted/v1/fields.js")
    pages["/pay"] = ("text/html", html)
    pages["/shop.js"] = ("text/javascript", (HERE / "shop" / "shop.js").read_text())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Shop(address, sandbox)
    server.shutdown()
    server.server_close()
    sandbox.stop()


def open_form(page: Page, shop: Shop, *, kind: str = "card", token: str = "") -> None:
    permission = {"permissions": ["PMT_POST_Create_Single"], "restricted_token": "YES"}
    token = token or shop.client.with_token(**permission).token
    page.goto(f"{shop.address}/pay?{token}&{kind}")
    expect(page.locator("body")).to_have_attribute("data-state", "ready")


def field(page: Page, title: str) -> FrameLocator:
    return page.frame_locator(f'iframe[title="{title}"]')


def fill(
    page: Page, *, number: str = VISA["number"], expiry: str = "0535", cvv: str = "123", name: str = "Ada"
) -> None:
    for title, label, text in (
        ("Card number", "Card number", number),
        ("Expiry date", "Expiry date", expiry),
        ("Security code", "Security code", cvv),
        ("Name on the card", "Name on the card", name),
    ):
        box = field(page, title).get_by_label(label)
        box.click()
        box.press_sequentially(text)


def pay(page: Page) -> None:
    field(page, "Pay $19.99").get_by_role("button", name="Pay $19.99").click()


def heard(page: Page, *names: str) -> list[Any]:
    """The events of these names the shop has heard, once the first of them arrived."""
    page.wait_for_function("names => heard.events.some(([name]) => names.includes(name))", arg=list(names))
    events: list[Any] = page.evaluate("heard.events")
    return [event for event in events if event[0] in names]
