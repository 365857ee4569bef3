"""The hosted card fields: what they say to a buyer, to a keyboard and to a screen reader."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Request, expect

from tests.gpsandbox.card_form import Shop, field, fill, heard, open_form, pay, shop_open
from tests.gpsandbox.client import VISA


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop_open(tmp_path_factory.mktemp("hosted")) as opened:
        yield opened


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
