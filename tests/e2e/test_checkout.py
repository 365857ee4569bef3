"""A buyer buys goods by card: the whole journey in a real browser, with real servers behind it."""

from collections.abc import Callable
from decimal import Decimal

from playwright.sync_api import Page, expect

from commerce.models import Order, OrderState
from oropay.models import MoneyState, Payment, PaymentTransaction
from tests.contract.sandbox import DECLINED_VISA
from tests.e2e.house import House, Shop, fill_card, press_pay

Visit = Callable[[str], Page]


def to_review(page: Page, house: House) -> None:
    """From the product to the last step, choosing a new card."""
    page.goto(f"{house.url}/products/hex-bolt/")
    page.get_by_role("button", name="Add to list").click()
    expect(page.locator(".added-here").first).not_to_be_empty()
    page.goto(f"{house.url}/list/")
    page.get_by_role("button", name="Create order").click()
    page.get_by_role("button", name="Continue to payment").click()
    page.locator('label.choice:has-text("card")').first.click()
    page.locator("input[name=po_number]").fill("PO-4711")
    page.get_by_role("button", name="Continue to review").click()


def test_a_buyer_pays_an_order_by_card(visit: Visit, house: House, shop: Shop) -> None:
    page = visit(shop.buyer.email)
    to_review(page, house)

    fill_card(page)
    press_pay(page)
    house.wait_for(page, "captured")
    page.get_by_role("link", name="To your order").click()

    order = Order.objects.get(customer=shop.customer)
    expect(page.locator("body")).to_contain_text(order.number)
    assert (order.state, order.po_number, order.total) == (OrderState.OPEN, "PO-4711", Decimal("100.00"))
    payment = Payment.objects.get(customer=shop.customer)
    assert (payment.money_state, payment.amount) == (MoneyState.CAPTURED, Decimal("100.00"))


def test_a_decline_then_another_card_pays_the_same_order(visit: Visit, house: House, shop: Shop) -> None:
    page = visit(shop.buyer.email)
    to_review(page, house)

    fill_card(page, DECLINED_VISA)
    press_pay(page)
    house.wait_for(page, "declined")
    expect(page.locator("#paying-state")).to_contain_text("Nothing was charged")
    page.get_by_role("link", name="Try another way to pay").click()
    if page.get_by_role("button", name="Continue to review").count():
        page.locator('label.choice:has-text("card")').first.click()
        page.get_by_role("button", name="Continue to review").click()
    fill_card(page)
    press_pay(page)
    house.wait_for(page, "captured")

    order = Order.objects.get(customer=shop.customer)
    assert order.state == OrderState.OPEN
    states = Payment.objects.filter(customer=shop.customer).order_by("pk").values_list("money_state", flat=True)
    assert list(states) == [MoneyState.DECLINED, MoneyState.CAPTURED]


def test_a_page_reloaded_while_paying_shows_the_same_payment(visit: Visit, house: House, shop: Shop) -> None:
    page = visit(shop.buyer.email)
    to_review(page, house)
    slow = {"match": {"endpoint": "/transactions", "method": "POST"}, "action": {"slow": {"ms": 1500}}}
    fill_card(page)
    house.sandbox.control("/rules", slow)

    press_pay(page)
    page.wait_for_url("**/pay/*/")
    page.reload()
    house.wait_for(page, "captured")

    assert PaymentTransaction.objects.filter(payment__customer=shop.customer).count() == 1


def test_an_answer_that_was_lost_ends_paid_once_and_the_buyer_was_told_to_wait(
    visit: Visit, house: House, shop: Shop
) -> None:
    page = visit(shop.buyer.email)
    to_review(page, house)
    fill_card(page)
    lost = {
        "match": {"endpoint": "/transactions", "method": "POST"},
        "action": {"timeout": {"ms": 8000, "when": "after"}},
    }
    house.sandbox.control("/rules", lost)
    nothing_said = {"match": {"endpoint": "/transactions", "method": "GET"}, "action": {"html_502": {}}, "times": 5}
    house.sandbox.control("/rules", nothing_said)  # the first look-ups: a slow browser sees the doubt too

    press_pay(page)
    house.wait_for(page, "unknown")
    expect(page.locator("#paying-state")).to_contain_text("you will not be charged twice")
    house.wait_for(page, "captured")

    row = PaymentTransaction.objects.get(payment__customer=shop.customer)
    assert row.payment.money_state == MoneyState.CAPTURED
    assert [answer.status for answer in house.sandbox.gateway().find_by_reference(reference=row.reference).found] == [
        "CAPTURED"
    ]
