"""Saving a card and a bank account without paying, in the browser."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from oropay.models import Freeze, Instrument, InstrumentKind, InstrumentState, Payment
from oropay.services import instrument_delete
from oropay.services.ach import freeze_add
from tests.axe import axe_violations
from tests.contract.sandbox import DECLINED_VISA
from tests.e2e.conftest import PICTURES
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
    page.get_by_role("button", name="Bring it back: Visa ending in 5262").click()
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


@pytest.fixture
def thawed(house: House) -> Iterator[None]:
    """Everybody in these tests has the same account: it is not left frozen."""
    yield
    Freeze.objects.update(lifted_at=timezone.now(), note="the test is over")
    Instrument.objects.filter(state=InstrumentState.FROZEN).update(state=InstrumentState.ACTIVE)


@pytest.mark.usefixtures("thawed")
def test_a_frozen_account_is_refused_at_its_field(visit: Visit, house: House, shop: Shop) -> None:
    page = visit(shop.buyer.email)
    page.goto(f"{house.url}/payment-methods/add/")
    fill_bank(page)
    press_pay(page)
    expect(page.locator("#methods[data-state=ready] [data-method]")).to_be_visible(timeout=20_000)
    account = Instrument.objects.get(owner=shop.buyer)
    freeze_add(organization=house.seller.organization, instrument=account, cause=None, code="R02", now=timezone.now())
    other = house.company()

    theirs = visit(other.buyer.email)
    theirs.goto(f"{house.url}/payment-methods/add/")
    fill_bank(theirs)
    press_pay(theirs)

    expect(theirs.locator("#pay-form .field-error:visible")).to_contain_text(
        "This bank account cannot be debited: an earlier debit came back.", timeout=20_000
    )
    theirs.screenshot(path=PICTURES / "methods-frozen-1280.png", full_page=True)
    assert Instrument.objects.get(owner=other.buyer).state == InstrumentState.DELETED


@pytest.mark.parametrize("width", [360, 1280])
def test_the_pages_fit_the_screen_and_hold_nobody_off(visit: Visit, house: House, shop: Shop, width: int) -> None:
    """Cards of every state and an account: every badge, reason and button there is."""
    rows: dict[str, dict[str, Any]] = {
        "0001": {"nickname": "Travel"},
        "0002": {"state": InstrumentState.DEAD},
        "0003": {"state": InstrumentState.FROZEN},
        "0004": {"expiry_year": 2020, "owner": None},
        "0005": {},
    }
    cards = [saved_card(house, shop, last4=last4, **columns) for last4, columns in rows.items()]
    instrument_delete(instrument=cards[-1], by=shop.buyer, now=timezone.now())
    page = visit(shop.buyer.email)
    page.set_viewport_size({"width": width, "height": 800})

    for path in ("", "add/", f"{cards[0].uuid}/", f"{cards[1].uuid}/"):
        page.goto(f"{house.url}/payment-methods/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.screenshot(path=PICTURES / f"methods-{path.strip('/')[:4] or 'list'}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate(NAMELESS) == []
        assert axe_violations(page) == [], path


def saved_card(house: House, shop: Shop, *, last4: str, **columns: Any) -> Instrument:
    return Instrument.objects.create(
        **{
            "kind": InstrumentKind.CARD,
            "state": InstrumentState.ACTIVE,
            "customer": shop.customer,
            "owner": shop.buyer,
            "provider_account": house.seller.integration.provider,
            "token": f"PMT_{last4}",
            "fingerprint": last4,
            "brand": "VISA",
            "last4": last4,
            "expiry_month": 12,
            "expiry_year": 2030,
            "holder_name": "Ann Lee",
        }
        | columns
    )
