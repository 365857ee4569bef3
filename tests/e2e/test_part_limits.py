"""How much of an invoice a way to pay takes at a time, told while the buyer types."""

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from invoices.models import Invoice
from oropay.models import IntegrationLimit, Payment
from tests.e2e.house import House, Shop, fill_card, press_pay
from tests.e2e.paying import ACCOUNT, choose, fill_bank

Visit = Callable[[str], Page]
TOO_LITTLE, TOO_MUCH = "This way to pay takes $10.00 or more.", "This way to pay takes $100.00 or less at a time."


@pytest.fixture(autouse=True)
def limited(house: House) -> Iterator[None]:
    """10.00 to 100.00 dollars at a time."""
    limit = IntegrationLimit.objects.create(
        integration=house.seller.integration, currency="USD", min_amount=Decimal(10), max_amount=Decimal(100)
    )
    yield
    limit.delete()


@pytest.fixture
def page(visit: Visit, house: House, shop: Shop) -> Page:
    """An invoice of 250.00, about to be paid."""
    invoice: Invoice = house.invoice(shop, "250.00")
    page = visit(shop.buyer.email)
    page.goto(f"{house.url}/invoices/{invoice.number}/pay/")
    return page


def test_an_amount_that_the_chosen_way_does_not_take_is_told_while_it_is_typed_and_no_card_is_sent(
    page: Page, house: House, shop: Shop
) -> None:
    refused, amount = page.locator("#amount-refused"), page.locator("input[name=other]")
    choose(page, "card")
    expect(page.locator(".pay-option").filter(has=page.locator("[data-pay-method=card]"))).to_contain_text(
        "From $10.00 to $100.00 per payment; a rest below $10.00 cannot be paid this way."
    )
    expect(refused).to_have_text(TOO_MUCH)
    fill_card(page)
    amount.fill("5")
    expect(refused).to_have_text(TOO_LITTLE)

    press_pay(page)

    expect(refused).to_be_visible()
    expect(amount).to_be_focused()
    assert page.locator("input[name=card_token]").input_value() == ""
    assert Payment.objects.filter(customer=shop.customer).count() == 0

    amount.fill("40")
    expect(refused).to_be_hidden()
    press_pay(page)
    house.wait_for(page, "captured")
    assert Payment.objects.get(customer=shop.customer).amount == 40


def test_a_bank_account_is_typed_once_though_the_amount_was_too_small(page: Page, house: House, shop: Shop) -> None:
    refused, amount = page.locator("#amount-refused"), page.locator("input[name=other]")
    fill_bank(page)
    amount.fill("9.99")

    press_pay(page)

    expect(refused).to_have_text(TOO_LITTLE)
    assert page.locator("input[name=bank_account]").input_value() == ACCOUNT

    amount.fill("10.00")
    press_pay(page)
    house.wait_for(page, "settling")
    assert Payment.objects.get(customer=shop.customer).amount == 10


def test_who_comes_back_to_the_amount_typed_before_reads_it_everywhere(page: Page) -> None:
    amount = page.locator("input[name=other]")
    words = page.locator("[data-ach-amount]").locator("visible=true")
    choose(page, "bank")
    amount.fill("40")
    page.locator('input[name=how][value="full"]').check()
    expect(words).to_have_text("$250.00")

    amount.click()

    expect(words).to_have_text("$40.00")
