"""The hosted pay page: in a real browser, and byte by byte."""

import hashlib
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.gpsandbox.client import APP_KEY, VISA, Client, Reply
from tests.gpsandbox.conftest import Running
from tests.gpsandbox.receiver import Receiver, receiving
from tests.gpsandbox.test_links import hosted, link

DECLINED = "4000120000001154"


@pytest.fixture
def gateway(running: Running) -> Iterator[Client]:
    yield running.client.with_token()
    running.client.emu("POST", "/clock", {"real": True})


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def made(gateway: Client, shop: Receiver, **changes: Any) -> dict[str, Any]:
    addresses = {
        "return_url": f"{shop.url}/return?order=7",
        "status_url": f"{shop.url}/status",
        "cancel_url": f"{shop.url}/cancel",
    }
    make = hosted if changes.get("type") == "HOSTED_PAYMENT" else link
    reply = gateway.call("POST", "/links", make(**{"notifications": addresses, **changes}))
    assert reply.status == 200, reply.text
    answer: dict[str, Any] = reply.json
    return answer


def read(gateway: Client, made_link: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = gateway.call("GET", f"/links/{made_link['id']}").json
    return answer


def fill(page: Page, *, number: str = VISA["number"], expiry: str = "05 / 35", cvv: str = "123") -> None:
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiry date").fill(expiry)
    page.get_by_label("Security code").fill(cvv)
    page.get_by_label("Name on the card").fill("Ada Payer")


def state(page: Page, wanted: str) -> None:
    expect(page.locator("main")).to_have_attribute("data-state", wanted)


def pay(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Pay ")).click()


def sent(gateway: Client, made_link: dict[str, Any], **changes: str) -> Reply:
    """The page's form, without a browser."""
    form = {
        "attempt": hashlib.sha256(made_link["id"].encode()).hexdigest()[:32],
        "number": VISA["number"],
        "expiry": "05/35",
        "cvv": "123",
        "name": "Ada Payer",
        **changes,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return gateway.send("POST", f"/pay/{made_link['id']}", urlencode(form).encode(), headers=headers)


def test_payer_sees_what_it_is_for_pays_and_goes_back_with_a_signed_address(
    page: Page,
    gateway: Client,
    shop: Receiver,
) -> None:
    made_link = made(gateway, shop, shippable="YES", shipping_amount="123", expiration_date="2099-01-31 10:00:00")
    violations: list[str] = []
    page.on("console", lambda message: violations.append(message.text) if message.type == "error" else None)

    page.goto(made_link["url"])
    state(page, "form")
    for text in ("Sandbox merchant test-app", "Mobile bill", "March and April", "1.23 GBP", "31 Jan 2099, 10:00 UTC"):
        expect(page.get_by_text(text, exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Pay 22.33 GBP")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    fill(page)
    pay(page)
    state(page, "paid")
    expect(page.get_by_text("Visa ending in 5262")).to_be_visible()
    page.get_by_role("link", name="Return to the shop").click()
    expect(page.get_by_text("Back in the shop")).to_be_visible()

    query = urlsplit(page.url).query
    signature, _, rest = query.partition("&")
    message = rest[rest.index("id=") :]
    assert signature == f"X-GP-Signature={hashlib.sha512((message + APP_KEY).encode()).hexdigest()}"
    assert rest.startswith("order=7&id=TRN_")
    values = {name: found[0] for name, found in parse_qs(message).items()}
    assert (values["status"], values["amount"], values["currency"]) == ("CAPTURED", "2233", "GBP")
    [paid] = read(gateway, made_link)["transactions"]["transaction_list"]
    assert (paid["id"], paid["reference"]) == (values["id"], made_link["reference"])
    assert violations == []


def test_decline_is_said_and_another_card_can_be_tried(page: Page, gateway: Client, shop: Receiver) -> None:
    made_link = made(gateway, shop)

    page.goto(made_link["url"])
    fill(page, number=DECLINED)
    pay(page)
    state(page, "declined")
    expect(page.get_by_role("alert")).to_have_text(
        "Your bank declined this card. Nothing was charged. Try another card."
    )
    assert page.get_by_label("Card number").input_value() == ""
    page.reload()
    state(page, "declined")
    fill(page)
    pay(page)
    state(page, "paid")
    page.reload()
    state(page, "paid")
    page.goto(made_link["url"])
    state(page, "paid")
    expect(page.get_by_role("heading", name="This has been paid already")).to_be_visible()

    made_payments = read(gateway, made_link)["transactions"]["transaction_list"]
    assert [item["status"] for item in made_payments] == ["DECLINED", "CAPTURED"]
    assert sorted(item.body["status"] for item in shop.wait(2)) == ["CAPTURED", "DECLINED"]


def test_mistakes_are_named_beside_their_fields_and_nothing_is_charged(
    page: Page,
    gateway: Client,
    shop: Receiver,
) -> None:
    made_link = made(gateway, shop)

    page.goto(made_link["url"])
    pay(page)
    state(page, "mistakes")
    expect(page.get_by_label("Card number")).to_have_accessible_description("Enter the card number.")
    expect(page.get_by_label("Expiry date")).to_have_accessible_description("Enter the expiry date as MM / YY.")
    fill(page, number="4263970000005261")
    pay(page)
    expect(page.get_by_label("Card number")).to_have_accessible_description("This card number has a typing mistake.")
    expect(page.get_by_label("Name on the card")).to_have_value("Ada Payer")
    fill(page, expiry="01/20")
    pay(page)
    expect(page.get_by_label("Expiry date")).to_have_accessible_description(
        "This card has expired, or the date does not exist."
    )
    fill(page, cvv="12")
    pay(page)
    expect(page.get_by_label("Security code")).to_have_accessible_description(
        "Security Code/CVV2/CVC must be 3 digits."
    )

    answer = read(gateway, made_link)
    assert (answer["status"], answer["transactions"]["transaction_list"]) == ("ACTIVE", [])
    assert shop.heard == []


def test_page_works_with_the_keyboard_alone(page: Page, gateway: Client, shop: Receiver) -> None:
    made_link = made(gateway, shop)

    page.goto(made_link["url"])
    for text in (VISA["number"], "05/35", "123", "Ada Payer"):
        page.keyboard.press("Tab")
        page.keyboard.type(text)
    page.keyboard.press("Enter")

    state(page, "paid")
    [paid] = gateway.found(made_link["reference"])
    assert (paid["status"], paid["amount"]) == ("CAPTURED", made_link["transactions"]["amount"])


def test_hosted_payment_is_posted_to_the_shop_whose_answer_the_payer_sees(
    page: Page,
    gateway: Client,
    shop: Receiver,
) -> None:
    made_link = made(gateway, shop, type="HOSTED_PAYMENT")
    shop.page = b"<h1>Thank you for order 7</h1>"
    shop.headers = {"Content-Type": "text/html; charset=utf-8"}

    page.goto(made_link["url"])
    expect(page.get_by_label("Name on the card")).to_have_value("Ada Payer")
    fill(page)
    pay(page)
    shop.wait(1)
    page.get_by_role("button", name="Return to the shop").click()
    expect(page.get_by_role("heading", name="Thank you for order 7")).to_be_visible()

    told = {heard.path: heard for heard in shop.wait(2)}
    back = told["/return?order=7"]
    assert back.genuine
    assert (back.body["status"], back.body["capture_mode"]) == ("PREAUTHORIZED", "LATER")
    assert back.body["order"]["reference"] == "order-7"
    assert back.body["link_data"]["reference"] == made_link["reference"]
    assert told["/status"].body["id"] == back.body["id"]


def test_hosted_payment_follows_the_shops_redirect(page: Page, gateway: Client, shop: Receiver) -> None:
    made_link = made(gateway, shop, type="HOSTED_PAYMENT")

    page.goto(made_link["url"])
    fill(page)
    pay(page)
    shop.wait(1)
    shop.answers, shop.headers = [303], {"Location": "/order/7"}
    page.get_by_role("button", name="Return to the shop").click()

    expect(page.get_by_text("Back in the shop")).to_be_visible()
    assert page.url == f"{shop.url}/order/7"


def test_answer_of_the_shop_is_shown_as_a_page_of_no_origin(gateway: Client, shop: Receiver) -> None:
    made_link = made(gateway, shop, type="HOSTED_PAYMENT")
    sent(gateway, made_link)
    [paid] = read(gateway, made_link)["transactions"]["transaction_list"]

    answer = gateway.send("POST", f"/pay/{made_link['id']}/return", f"transaction={paid['id']}".encode())
    foreign = gateway.send(
        "POST", f"/pay/{made_link['id']}/return", f"transaction={gateway.sale().json['id']}".encode()
    )

    assert answer.headers["content-security-policy"] == "sandbox allow-forms allow-scripts allow-top-navigation"
    assert foreign.status == 404


def test_form_sent_twice_charges_once(gateway: Client, shop: Receiver) -> None:
    made_link = made(gateway, shop, usage_mode="MULTIPLE", usage_limit=5)

    first, second = sent(gateway, made_link), sent(gateway, made_link)

    assert (first.status, second.status) == (303, 303)
    assert first.headers["location"] == second.headers["location"]
    assert read(gateway, made_link)["usage_count"] == "1"
    assert len(shop.wait(1)) == 1


def test_expired_closed_and_unknown_links_say_so_and_charge_nothing(gateway: Client, shop: Receiver) -> None:
    expiring, closed = made(gateway, shop, expiration_date="2099-01-31"), made(gateway, shop)
    gateway.call("PATCH", f"/links/{closed['id']}", {"status": "CLOSED"})
    gateway.emu("POST", "/clock", {"set": "2099-02-01"})

    pages = {name: gateway.send("GET", f"/pay/{name}") for name in (expiring["id"], closed["id"], "LNK_0")}
    tried = sent(gateway, expiring, expiry="12/99")
    gateway.emu("POST", "/clock", {"real": True})

    assert 'data-state="expired"' in pages[expiring["id"]].text
    assert 'data-state="expired"' in tried.text
    assert 'data-state="closed"' in pages[closed["id"]].text
    assert (pages["LNK_0"].status, 'data-state="unknown"' in pages["LNK_0"].text) == (404, True)
    assert read(gateway, expiring)["transactions"]["transaction_list"] == []


def test_broken_bank_charges_nothing_and_says_so(gateway: Client, shop: Receiver) -> None:
    made_link = made(gateway, shop)

    answer = sent(gateway, made_link, number="4009830000001985")

    assert "The bank could not be reached. Nothing was charged." in answer.text
    assert read(gateway, made_link)["transactions"]["transaction_list"] == []


def test_page_escapes_what_the_merchant_wrote_and_carries_a_strict_policy(gateway: Client, shop: Receiver) -> None:
    made_link = made(gateway, shop, name="<script>alert(1)</script>", description='"><img src=x>')

    shown = gateway.send("GET", f"/pay/{made_link['id']}")
    mistaken = sent(gateway, made_link, number="", name='"><img src=y>', attempt="0" * 32)
    paid = gateway.send("GET", sent(gateway, made_link).headers["location"])

    assert "<script" not in shown.text
    assert "<img" not in shown.text + mistaken.text
    assert "style=" not in shown.text
    policy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'{}; frame-ancestors 'none'"
    assert shown.headers["content-security-policy"] == policy.format("")
    assert paid.headers["content-security-policy"] == policy.format(f" {shop.url}")
    assert shown.headers["cache-control"] == "no-store"
    assert shown.headers["referrer-policy"] == "no-referrer"
    assert shown.headers["x-content-type-options"] == "nosniff"


def test_nothing_of_the_card_is_shown_again_or_kept(running: Running, gateway: Client, shop: Receiver) -> None:
    made_link = made(gateway, shop)
    number, code = "4012001037141112", "839"

    mistaken = sent(gateway, made_link, number=number, cvv=code, expiry="01/20", attempt="1" * 32)
    sent(gateway, made_link, number=number, cvv=code)
    journal = gateway.emu("GET", f"/requests?reference={made_link['reference']}").text
    kept = b"".join(path.read_bytes() for path in running.database.parent.iterdir())

    assert read(gateway, made_link)["status"] == "PAID"
    assert f"/pay/{made_link['id']}" in journal
    for secret in (number, f'"{code}"'):
        assert secret not in mistaken.text + journal
        assert secret.encode() not in kept


def test_views_are_counted(gateway: Client, shop: Receiver) -> None:
    made_link = made(gateway, shop)

    for _ in range(3):
        gateway.send("GET", f"/pay/{made_link['id']}")

    assert read(gateway, made_link)["viewed_count"] == "3"
