"""The hosted card fields, in a real browser on a page with a strict policy, from another origin."""

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, Request, expect, sync_playwright

from tests.gpsandbox.client import VISA, Client, sale
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


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
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
    sandbox = Running(folder=tmp_path_factory.mktemp("hosted"), GPSANDBOX_ALLOWED_ORIGINS=address)
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    find = "import('@sparticuz/chromium').then(async (m) => console.log(await m.default.executablePath()))"
    path = (
        os.environ.get("CHROMIUM")
        or subprocess.run(
            ["node", "-e", find], cwd=HERE.parents[1], capture_output=True, text=True, check=True, timeout=60
        ).stdout.strip()
    )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 740})
    yield context.new_page()
    context.close()


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


@pytest.mark.parametrize("kind", ["card", "ui"])
def test_card_becomes_a_single_use_token_that_pays(page: Page, shop: Shop, kind: str) -> None:
    open_form(page, shop, kind=kind)

    fill(page)
    pay(page)

    [[_, answer]] = heard(page, "token-success")
    assert answer["details"] == {
        "cardBin": "426397",
        "cardLast4": "5262",
        "cardType": "visa",
        "cardSecurityCode": True,
        "cardholderName": "Ada",
        "expiryMonth": "05",
        "expiryYear": "2035",
    }
    assert heard(page, "card-form-validity") == [["card-form-validity", True]]
    assert heard(page, "submit-click") == [["submit-click", None]]
    client = shop.client.with_token()
    paid = client.call("POST", "/transactions", sale(payment_method={"id": answer["paymentReference"]})).json
    again = client.call("POST", "/transactions", sale(payment_method={"id": answer["paymentReference"]}))
    assert paid["status"] == "CAPTURED"
    assert paid["payment_method"]["card"]["cvv_result"] == "MATCHED"
    assert again.error[2] == "40116"


def test_shop_page_never_sees_a_card_number_or_code_and_no_policy_is_broken(page: Page, shop: Shop) -> None:
    posted: list[Request] = []
    page.on("request", lambda request: posted.append(request) if request.method == "POST" else None)
    open_form(page, shop)

    fill(page, cvv="837")
    pay(page)
    heard(page, "token-success")

    told = "".join(page.evaluate("heard.messages")) + str(page.evaluate("heard.events"))
    told, content = (re.sub(r"[0-9a-f-]{32,}", "(id)", text) for text in (told, page.content()))
    assert "5262" in told
    for secret in (VISA["number"], SPACED, "70000000", "837"):
        assert secret not in told
        assert secret not in content
    assert page.evaluate("heard.violations") == []
    assert page.evaluate("document.querySelectorAll('style').length") == 0
    assert [request.url for request in posted] == [f"http://127.0.0.1:{shop.sandbox.port}/ucp/payment-methods"]


def test_mistakes_are_named_beside_each_field_and_nothing_is_sent(page: Page, shop: Shop) -> None:
    posted: list[Request] = []
    page.on("request", lambda request: posted.append(request) if request.method == "POST" else None)
    open_form(page, shop)

    fill(page, number="4263970000005261", expiry="0120", cvv="12", name=" ")
    pay(page)

    [[_, refusal]] = heard(page, "token-error")
    assert refusal == {
        "error": True,
        "reasons": [
            {
                "code": "INVALID_CARD_NUMBER",
                "message": "This card number has a typing mistake.",
                "field": "card-number",
            },
            {"code": "INVALID_CARD_EXPIRATION", "message": "This card has expired.", "field": "card-expiration"},
            {
                "code": "INVALID_CARD_SECURITY_CODE",
                "message": "Enter the 3-digit security code.",
                "field": "card-cvv",
            },
            {
                "code": "INVALID_CARD_HOLDER_NAME",
                "message": "Enter the name on the card.",
                "field": "card-holder-name",
            },
        ],
    }
    assert heard(page, "card-form-validity") == [["card-form-validity", False]]
    expect(field(page, "Card number").get_by_text("This card number has a typing mistake.")).to_be_visible()
    expect(field(page, "Security code").get_by_label("Security code")).to_have_attribute("aria-invalid", "true")
    expect(field(page, "Card number").get_by_label("Card number")).to_be_focused()
    assert posted == []


def test_form_works_with_the_keyboard_alone(page: Page, shop: Shop) -> None:
    open_form(page, shop)

    page.keyboard.press("Tab")
    page.keyboard.type(VISA["number"])
    page.keyboard.press("Tab")
    page.keyboard.type("05/35")
    page.keyboard.press("Tab")
    page.keyboard.type("123")
    page.keyboard.press("Tab")
    page.keyboard.type("Ada Payer")
    page.keyboard.press("Enter")

    [[_, answer]] = heard(page, "token-success")
    assert answer["details"]["cardholderName"] == "Ada Payer"


def test_number_is_grouped_and_its_brand_named_as_it_is_typed(page: Page, shop: Shop) -> None:
    open_form(page, shop)
    number, code = field(page, "Card number"), field(page, "Security code").get_by_label("Security code")

    number.get_by_label("Card number").press_sequentially("374101000000608")
    amex = number.get_by_label("Card number").input_value()
    expect(number.get_by_text("Amex")).to_be_visible()
    code.press_sequentially("123")
    code.blur()
    expect(field(page, "Security code").get_by_text("Enter the 4-digit security code.")).to_be_visible()
    number.get_by_label("Card number").fill("")
    number.get_by_label("Card number").press_sequentially(VISA["number"])

    assert amex == "3741 010000 00608"
    assert number.get_by_label("Card number").input_value() == SPACED
    assert [event[1]["cardType"] for event in heard(page, "card-type")][-1] == "visa"


def test_refused_token_is_told_and_a_new_one_can_be_configured(page: Page, shop: Shop) -> None:
    open_form(page, shop, token="long-dead-token")
    fill(page)

    pay(page)
    [[_, refusal]] = heard(page, "token-error")
    fresh = shop.client.with_token(permissions=["PMT_POST_Create_Single"]).token
    page.evaluate("token => GlobalPayments.configure({ accessToken: token })", fresh)
    pay(page)

    assert refusal["reasons"] == [
        {
            "code": "NOT_AUTHENTICATED",
            "message": "This form is too old. Please reload the page and try again.",
            "technical": "40001 Invalid access token",
        }
    ]
    assert len(heard(page, "token-success")) == 1


@pytest.mark.parametrize(
    ("rule", "code", "message"),
    [
        (
            "too_many",
            "TOO_MANY_REQUESTS",
            "Many people are paying at the moment. Nothing was charged. Please try again in a minute.",
        ),
        ("html_502", "ERROR", "The card could not be sent. Nothing was charged. Please try again."),
        ({"drop": {"when": "before"}}, "ERROR", "The card could not be sent. Nothing was charged. Please try again."),
        (
            {"http": {"status": 502, "body": {"error_code": "SYSTEM_ERROR_DOWNSTREAM"}}},
            "SYSTEM_ERROR_DOWNSTREAM",
            "The card could not be checked. Nothing was charged. Please try again.",
        ),
    ],
)
def test_trouble_is_told_in_words_that_a_buyer_understands(
    page: Page, shop: Shop, rule: object, code: str, message: str
) -> None:
    open_form(page, shop)
    fill(page)
    shop.client.rule(rule, endpoint="/payment-methods")

    pay(page)

    [[_, refusal]] = heard(page, "token-error")
    assert [(reason["code"], reason["message"]) for reason in refusal["reasons"]] == [(code, message)]
    pay(page)
    assert len(heard(page, "token-success")) == 1


def test_fields_can_be_filled_by_the_browser_and_read_out(page: Page, shop: Shop) -> None:
    open_form(page, shop)
    said = {
        "Card number": ("cc-number", "Card number", ""),
        "Expiry date": ("cc-exp", "Expiry date", "Month and year, as on the card"),
        "Security code": ("cc-csc", "Security code", "The 3 digits on the back of the card"),
        "Name on the card": ("cc-name", "Name on the card", ""),
    }

    for title, (token, name, description) in said.items():
        box = field(page, title).get_by_role("textbox")
        expect(box).to_have_attribute("autocomplete", token)
        expect(box).to_have_accessible_name(name)
        expect(box).to_have_accessible_description(description)
        assert box.evaluate("box => box.required")
    field(page, "Card number").get_by_role("textbox").press_sequentially("3741")
    expect(field(page, "Security code").get_by_role("textbox")).to_have_accessible_description(
        "The 4 digits on the front of the card"
    )


def test_a_mistake_is_announced_once_and_belongs_to_its_field(page: Page, shop: Shop) -> None:
    open_form(page, shop)
    number = field(page, "Card number")
    box, alert = number.get_by_role("textbox"), number.get_by_role("alert")
    box.evaluate(
        """box => {
            window.announced = [];
            const alert = document.querySelector('[role="alert"]');
            new MutationObserver(() => announced.push(alert.textContent)).observe(alert, { childList: true });
        }"""
    )

    box.press_sequentially("4263970000005261")
    box.blur()
    expect(alert).to_have_text("This card number has a typing mistake.")
    pay(page)
    heard(page, "token-error")
    pay(page)
    page.wait_for_function("() => heard.events.filter(([name]) => name === 'token-error').length === 2")

    assert box.evaluate("box => announced") == ["This card number has a typing mistake."]
    expect(box).to_have_accessible_description("This card number has a typing mistake.")
    expect(box).to_have_class("invalid")
    box.fill(VISA["number"])
    expect(alert).to_be_empty()
    expect(box).to_have_class("valid")


def test_button_keeps_the_focus_while_it_is_busy(page: Page, shop: Shop) -> None:
    open_form(page, shop)
    fill(page)
    shop.client.rule({"slow": {"ms": 300}}, endpoint="/payment-methods")
    button = field(page, "Pay $19.99").get_by_role("button")

    button.press("Enter")

    expect(button).to_have_attribute("aria-busy", "true")
    expect(button).to_be_focused()
    heard(page, "token-success")
    expect(button).to_have_attribute("aria-busy", "false")
    expect(button).to_be_focused()


def test_frames_obey_their_own_page_only(page: Page, shop: Shop) -> None:
    open_form(page, shop)
    fill(page)
    frame = next(frame for frame in page.frames if "card-number" in frame.url)
    form = page.evaluate("heard.messages.map(JSON.parse).find(message => message.gp === 'fields').form")

    # a message from the frame itself, and one to the page that no frame of the form has sent
    frame.evaluate(
        """form => window.postMessage({ gp: "fields", form, type: "configure", payload: { accessToken: "x" } }, "*")""",
        form,
    )
    page.evaluate(
        """form => window.postMessage({ gp: "fields", form, field: "card-number", type: "result",
            payload: { name: "token-success", data: { paymentReference: "PMT_false" } } }, "*")""",
        form,
    )
    pay(page)

    [[_, answer]] = heard(page, "token-success")
    assert answer["paymentReference"] != "PMT_false"


def test_double_click_makes_one_token(page: Page, shop: Shop) -> None:
    open_form(page, shop)
    fill(page)
    shop.client.rule({"slow": {"ms": 300}}, endpoint="/payment-methods")

    field(page, "Pay $19.99").get_by_role("button").dblclick()

    heard(page, "token-success")
    page.wait_for_timeout(300)
    assert len(heard(page, "token-success")) == 1


def test_form_fits_a_narrow_phone_and_takes_the_shops_look(page: Page, shop: Shop) -> None:
    open_form(page, shop, kind="ui")

    button = field(page, "Pay $19.99").get_by_role("button")
    expect(button).to_have_css("background-color", "rgb(0, 96, 0)")
    expect(field(page, "Card number").get_by_label("Card number")).to_have_css("border-radius", "0px")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    open_form(page, shop, kind="card")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_missing_place_is_an_error_the_shop_hears(page: Page, shop: Shop) -> None:
    open_form(page, shop)

    page.evaluate("GlobalPayments.creditCard.form('#nowhere')")

    [[_, problem]] = heard(page, "global-error")
    assert problem["reasons"][0]["code"] == "TARGET_NOT_FOUND"


def test_field_ignores_messages_and_pages_it_does_not_know(page: Page, shop: Shop) -> None:
    origin = f"http://127.0.0.1:{shop.sandbox.port}"
    setup = '{"form":"f","field":"card-number","origin":"https://evil.example"}'

    page.goto(f"{origin}/hosted/v1/field.html#{setup}")

    assert page.locator("input").count() == 0


def test_frames_carry_a_strict_policy_and_the_loader_may_be_loaded_from_anywhere(shop: Shop) -> None:
    frame = shop.client.send("GET", "/hosted/v1/field.html")
    loader = shop.client.send("GET", "/hosted/v1/fields.js")
    inner = [shop.client.send("GET", f"/hosted/v1/{name}") for name in ("field.js", "checks.js", "field.css")]

    assert frame.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        f"base-uri 'none'; form-action 'none'; frame-ancestors {shop.address}"
    )
    assert frame.headers["referrer-policy"] == "no-referrer"
    assert "x-frame-options" not in frame.headers
    assert f'content="{shop.address}"' in frame.text
    assert "<style" not in frame.text
    assert loader.headers["content-type"].startswith("text/javascript")
    assert loader.headers["cross-origin-resource-policy"] == "cross-origin"
    for reply in (frame, loader, *inner):
        assert reply.status == 200
        assert reply.headers["x-content-type-options"] == "nosniff"
    for reply in inner:
        assert reply.headers["cross-origin-resource-policy"] == "same-origin"
