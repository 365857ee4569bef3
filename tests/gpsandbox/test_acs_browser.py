"""Method page and challenge page in a real browser, in frames of a shop's page, from another origin."""

import html
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.gpsandbox.client import Client
from tests.gpsandbox.conftest import Running
from tests.gpsandbox.threeds import CHALLENGED, check, initiate_body, message, raw, result

SHOP = Path(__file__).parent / "shop"


@dataclass
class Shop:
    """A page of a merchant on its own origin, the pages that the bank posts to, and the sandbox behind."""

    address: str
    sandbox: Running
    client: Client


@pytest.fixture(scope="module")
def shop(running: Running) -> Iterator[Shop]:
    bank = f"http://acs.localhost:{running.port}"
    policy = (
        f"default-src 'none'; script-src 'self'; frame-src 'self' {bank}; form-action {bank}; "
        "base-uri 'none'; frame-ancestors 'self'"
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, name = (
                ("text/javascript", self.path[1:]) if self.path.endswith(".js") else ("text/html", "threeds.html")
            )
            self.answer(kind, (SHOP / name).read_text())

        def do_POST(self) -> None:
            posted = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            told = html.escape(json.dumps({"path": self.path, "from": self.headers["Origin"], **posted}))
            self.answer("text/html", f'<body data-posted="{told}"><script src="/back.js"></script></body>')

        def answer(self, kind: str, text: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Shop(f"http://127.0.0.1:{server.server_port}", running, running.client.with_token())
    server.shutdown()
    server.server_close()


def opened(shop: Shop) -> Any:
    returns = {
        "challenge_return_url": f"{shop.address}/3ds/challenge",
        "three_ds_method_return_url": f"{shop.address}/3ds/method",
    }
    return check(shop.client, raw(CHALLENGED), notifications=returns)


def challenged(page: Page, shop: Shop) -> tuple[Any, FrameLocator]:
    """The shop's page with the bank's challenge in its frame."""
    path = f"/authentications/{opened(shop)['id']}/initiate"
    begun = shop.client.call("POST", path, initiate_body(raw(CHALLENGED))).json
    page.goto(f"{shop.address}/pay")
    fields = {"creq": begun["three_ds"]["challenge_value"], "threeDSSessionData": "order-7"}
    page.evaluate(
        "([url, fields]) => post('challenge', url, fields)", [begun["three_ds"]["acs_challenge_request_url"], fields]
    )
    frame = page.frame_locator('iframe[title="Bank asks"]')
    expect(frame.get_by_role("heading", name="Confirm your payment")).to_be_visible()
    return begun, frame


def heard(page: Page) -> Any:
    page.wait_for_function("() => heard.events.length > 0")
    [event] = page.evaluate("heard.events")
    assert page.evaluate("heard.violations") == []
    return event


def test_method_page_runs_hidden_and_posts_back(page: Page, shop: Shop) -> None:
    authentication = opened(shop)
    three_ds = authentication["three_ds"]
    page.goto(f"{shop.address}/pay")

    data = {"threeDSMethodData": three_ds["method_data"]["encoded_method_data"]}
    page.evaluate("([url, fields]) => post('method', url, fields)", [three_ds["method_url"], data])

    event = heard(page)
    assert (event["path"], event["from"]) == ("/3ds/method", f"http://acs.localhost:{shop.sandbox.port}")
    assert message(event["threeDSMethodData"]) == {"threeDSServerTransID": authentication["id"]}


@pytest.mark.parametrize(
    ("button", "letter", "status"),
    [("Confirm", "Y", "SUCCESS_AUTHENTICATED"), ("Refuse", "N", "NOT_AUTHENTICATED"), ("Time out", "N", "FAILED")],
)
def test_card_holder_answers_in_the_frame_and_the_shop_hears(
    page: Page, shop: Shop, button: str, letter: str, status: str
) -> None:
    begun, frame = challenged(page, shop)
    expect(frame.get_by_text("19.99 USD")).to_be_visible()

    frame.get_by_label("Code from your bank").fill("1234")
    frame.get_by_role("button", name=button).click()

    event = heard(page)
    assert (event["path"], event["threeDSSessionData"]) == ("/3ds/challenge", "order-7")
    assert message(event["cres"])["transStatus"] == letter
    assert message(event["cres"])["threeDSServerTransID"] == begun["id"]
    assert result(shop.client, begun["id"])["status"] == status


def test_challenge_works_with_the_keyboard_alone_and_names_a_wrong_code(page: Page, shop: Shop) -> None:
    begun, frame = challenged(page, shop)

    page.keyboard.press("Tab")
    expect(frame.get_by_label("Code from your bank")).to_be_focused()
    page.keyboard.type("1111")
    page.keyboard.press("Enter")
    expect(frame.get_by_role("alert")).to_have_text("This is not the code. Try again.")
    assert result(shop.client, begun["id"])["status"] == "CHALLENGE_REQUIRED"
    page.keyboard.press("Tab")
    page.keyboard.type("1234")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert message(heard(page)["cres"])["transStatus"] == "Y"


def test_challenge_fits_the_smallest_window(page: Page, shop: Shop) -> None:
    _begun, frame = challenged(page, shop)

    page.evaluate("document.querySelector('[name=challenge]').width = 250")

    assert frame.locator("html").evaluate("root => [root.clientWidth, root.scrollWidth]") == [250, 250]


def test_stranger_s_page_cannot_frame_the_bank(page: Page, shop: Shop) -> None:
    begun = shop.client.call(
        "POST", f"/authentications/{opened(shop)['id']}/initiate", initiate_body(raw(CHALLENGED))
    ).json
    page.goto(f"{shop.address.replace('127.0.0.1', 'stranger.localhost')}/pay")
    fields = {"creq": begun["three_ds"]["challenge_value"]}

    with page.expect_event("requestfailed", lambda request: "/acs/challenge/" in request.url) as blocked:
        page.evaluate(
            "([url, fields]) => post('challenge', url, fields)",
            [begun["three_ds"]["acs_challenge_request_url"], fields],
        )

    assert blocked.value.failure == "net::ERR_BLOCKED_BY_RESPONSE"
    expect(page.frame_locator('iframe[title="Bank asks"]').get_by_text("Confirm your payment")).to_have_count(0)
    assert result(shop.client, begun["id"])["status"] == "CHALLENGE_REQUIRED"
