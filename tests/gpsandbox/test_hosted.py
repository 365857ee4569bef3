"""The hosted card fields, in a real browser on a page with a strict policy, from another origin."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Request, expect

from tests.gpsandbox.card_form import SPACED, Shop, field, fill, heard, open_form, pay, shop_open
from tests.gpsandbox.client import VISA, sale


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop_open(tmp_path_factory.mktemp("hosted")) as opened:
        yield opened


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
