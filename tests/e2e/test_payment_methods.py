"""Saving a card and a bank account without paying, in the browser."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from oropay.models import Instrument, InstrumentState, Payment
from tests.contract.sandbox import DECLINED_VISA
from tests.e2e.house import House, Shop, fill_card, press_pay
from tests.e2e.paying import choose, fill_bank

Visit = Callable[[str], Page]
NAMELESS = """
[...document.querySelectorAll("a, button, input:not([type=hidden]), select, summary")]
    .filter((one) => !(one.labels?.length || one.getAttribute("aria-label") || one.textContent.trim()))
    .map((one) => one.outerHTML)
"""


def test_a_card_is_saved_without_being_charged_named_and_removed(visit: Visit, house: House, shop: Shop) -> None:
    page = visit(shop.buyer.email)
    page.goto(f"{house.url}/payment-methods/")
    page.get_by_role("link", name="Add a payment method").click()
    page.get_by_label("Name it").fill("Travel")
    choose(page, "card")
    fill_card(page)

    press_pay(page)
    house.wait_for(page, "validated")
    page.goto(f"{house.url}/payment-methods/")

    expect(page.locator("[data-method]")).to_contain_text("Visa ending in 5262")
    expect(page.locator("[data-method]")).to_contain_text("Travel")
    card = Instrument.objects.get(owner=shop.buyer)
    assert (card.state, Payment.objects.get(instrument=card).amount) == (InstrumentState.ACTIVE, 0)

    page.get_by_label("Remove Visa ending in 5262").click()
    page.get_by_role("button", name="Yes, remove").click()
    expect(page.locator("#messages")).to_contain_text("was removed. Nothing was charged.")
    page.get_by_role("button", name="Bring back Visa ending in 5262").click()
    expect(page.locator("[data-method]")).to_contain_text("Visa ending in 5262")


def test_a_card_its_bank_refuses_is_not_saved(visit: Visit, house: House, shop: Shop) -> None:
    page = visit(shop.buyer.email)
    page.goto(f"{house.url}/payment-methods/add/")
    choose(page, "card")
    fill_card(page, DECLINED_VISA)

    press_pay(page)
    house.wait_for(page, "declined")
    page.goto(f"{house.url}/payment-methods/")

    expect(page.locator("#content")).to_contain_text("Nothing saved yet")


def test_a_bank_account_is_there_a_moment_after_it_was_added(visit: Visit, house: House, shop: Shop) -> None:
    page = visit(shop.buyer.email)
    page.goto(f"{house.url}/payment-methods/add/")
    fill_bank(page)

    press_pay(page)

    expect(page.locator("#methods[data-state=ready] [data-method]")).to_contain_text(
        "Checking account ending in 4536", timeout=20_000
    )
    assert Instrument.objects.get(owner=shop.buyer).fingerprint


def test_the_pages_fit_a_telephone_and_name_every_control(visit: Visit, house: House, shop: Shop) -> None:
    page = visit(shop.buyer.email)
    page.set_viewport_size({"width": 360, "height": 740})

    for path in ("/payment-methods/", "/payment-methods/add/"):
        page.goto(f"{house.url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert page.evaluate(NAMELESS) == []
