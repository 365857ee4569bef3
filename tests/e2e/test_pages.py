"""What only a browser shows: how much room the header takes, and what a card form says about mistakes."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e.house import House, Shop, field, press_pay
from tests.e2e.paying import choose

Visit = Callable[[str], Page]
TWO_ROWS = 110


def test_at_360_pixels_the_header_takes_two_rows(visit: Visit, house: House, shop: Shop) -> None:
    page = visit(shop.buyer.email)
    page.set_viewport_size({"width": 360, "height": 740})

    page.goto(f"{house.url}/")

    boxes = {name: page.locator(f".site-header {name}").bounding_box() for name in (".brand", ".site-search", ".menu")}
    header = page.locator(".site-header").bounding_box()
    assert header is not None
    assert header["height"] < TWO_ROWS
    middles = [box["y"] + box["height"] / 2 for box in boxes.values() if box is not None]
    assert len(middles) == 3
    assert max(middles) - min(middles) < 8
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_a_card_form_says_each_mistake_once_and_that_nothing_was_charged(
    visit: Visit, house: House, shop: Shop
) -> None:
    invoice = house.invoice(shop, "45.00")
    page = visit(shop.buyer.email)
    page.goto(f"{house.url}/invoices/{invoice.number}/pay/")
    choose(page, "card")
    expect(page.locator("[data-card-form][data-ready=yes]").first).to_be_visible(timeout=20_000)
    expect(page.locator("[data-card-form] [data-pay-amount-shown]").first).to_have_text("$45.00")

    press_pay(page)

    expect(field(page, "card-number").locator("#problem")).not_to_be_empty()
    expect(page.locator("[data-card-problem]").first).to_have_text(
        "Nothing was charged. Please correct the marked fields."
    )
