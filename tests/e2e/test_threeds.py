"""3-D Secure in a real browser, with the gateway's own library and the pages of the card holder's bank."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pgtrigger
import pytest
from django.utils import timezone
from playwright.sync_api import FrameLocator, Page, Route, expect

from commerce.models import Order, OrderState
from invoices.models import Invoice
from oropay.models import (
    AuthenticationOutcome,
    ChallengeReason,
    Integration,
    MoneyState,
    Payable,
    Payment,
    PaymentTransaction,
    ThreeDS,
    TransactionState,
)
from tests.axe import axe_violations
from tests.contract.sandbox import VISA
from tests.e2e.conftest import PICTURES
from tests.e2e.house import House, Shop, fill_card, press_pay
from tests.e2e.paying import choose
from tests.e2e.test_checkout import to_review
from tests.oropay.threeds import CHALLENGE, actions

Visit = Callable[[str], Page]
BANK = "Your bank’s page: confirm the payment"


@pytest.fixture(autouse=True)
def always(house: House) -> Iterator[None]:
    rows = Integration.objects.filter(pk=house.seller.integration.pk)
    rows.update(threeds=ThreeDS.ALWAYS)
    yield
    rows.update(threeds=ThreeDS.NEVER)


def pay(page: Page, house: House, invoice: Invoice, card: str) -> Payment:
    page.goto(f"{house.url}/invoices/{invoice.number}/pay/")
    choose(page, "card")
    fill_card(page, card)
    press_pay(page)
    page.wait_for_url("**/pay/*/")
    return Payment.objects.filter(parts__payable=invoice.payable).latest("pk")


def bank(page: Page) -> FrameLocator:
    """The bank's page, inside the Paying page."""
    frame = page.frame_locator(f'iframe[title="{BANK}"]')
    expect(frame.get_by_role("heading", name="Confirm your payment")).to_be_visible(timeout=40_000)
    return frame


def violations(page: Page) -> list[str]:
    """What the content policy had to stop, as the browser tells it on its console."""
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text) if "Content Security" in message.text else None)
    return told


def test_a_card_that_needs_no_question_is_charged_without_one(visit: Visit, house: House, shop: Shop) -> None:
    page = visit(shop.buyer.email)
    stopped = violations(page)

    payment = pay(page, house, house.invoice(shop), VISA)
    house.wait_for(page, "captured")

    payment.refresh_from_db()
    asked = payment.authentication
    assert (asked.outcome, asked.liability_shift, asked.method_completion, asked.challenged) == (
        AuthenticationOutcome.AUTHENTICATED,
        True,
        "YES",
        False,
    )
    assert asked.browser["color_depth"] == "TWENTY_FOUR_BITS"
    assert asked.browser["screen_width"] > 0
    assert stopped == []


def test_a_buyer_confirms_with_the_keyboard_and_is_charged_once(visit: Visit, house: House, shop: Shop) -> None:
    page = visit(shop.buyer.email)
    stopped = violations(page)
    payment = pay(page, house, house.invoice(shop), CHALLENGE)
    house.wait_for(page, "action_required")
    frame = bank(page)
    expect(page.get_by_role("heading", name="Confirm with your bank")).to_be_focused()
    expect(page.locator("#paying-state")).to_contain_text("Nothing is charged yet. Your bank asks you to confirm.")

    page.keyboard.press("Tab")
    expect(frame.get_by_label("Code from your bank")).to_be_focused()
    page.keyboard.type("1234")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    house.wait_for(page, "captured")

    expect(page.locator("[data-threeds]")).to_be_hidden()
    assert actions(payment)[-1] == ("charge", TransactionState.APPROVED)
    assert payment.transactions.filter(action="charge").count() == 1
    payment.refresh_from_db()
    assert (payment.authentication.challenged, payment.authentication.liability_shift) == (True, True)
    assert stopped == []


def test_a_refused_challenge_charges_nothing_and_another_card_pays(visit: Visit, house: House, shop: Shop) -> None:
    page = visit(shop.buyer.email)
    invoice = house.invoice(shop)
    pay(page, house, invoice, CHALLENGE)

    bank(page).get_by_role("button", name="Refuse").click()
    house.wait_for(page, "declined")
    expect(page.locator("#paying-state")).to_contain_text("Nothing was charged.")
    expect(page.locator("#paying-state")).to_contain_text("Your bank could not confirm that it is you.")
    page.get_by_role("link", name="Try another way to pay").click()
    choose(page, "card")
    fill_card(page, VISA)
    press_pay(page)
    house.wait_for(page, "captured")

    states = Payment.objects.filter(parts__payable=invoice.payable).order_by("pk").values_list("money_state", flat=True)
    assert list(states) == [MoneyState.DECLINED, MoneyState.CAPTURED]


def test_a_reload_shows_the_bank_s_page_again(visit: Visit, house: House, shop: Shop) -> None:
    page = visit(shop.buyer.email)
    payment = pay(page, house, house.invoice(shop), CHALLENGE)
    bank(page)

    page.reload()
    frame = bank(page)
    frame.get_by_label("Code from your bank").fill("1234")
    frame.get_by_role("button", name="Confirm").click()
    house.wait_for(page, "captured")

    assert payment.transactions.filter(action="authenticate_initiate").count() == 1


def test_a_buyer_who_gives_up_may_pay_another_way_at_once(visit: Visit, house: House, shop: Shop) -> None:
    page = visit(shop.buyer.email)
    pay(page, house, house.invoice(shop), CHALLENGE)
    bank(page)

    page.get_by_role("button", name="Do not confirm; pay another way").click()
    house.wait_for(page, "canceled")

    expect(page.locator("#paying-state")).to_contain_text("Nothing was charged.")
    expect(page.get_by_role("link", name="Try another way to pay")).to_be_visible()


def test_an_abandoned_challenge_expires_and_the_invoice_is_open_again(visit: Visit, house: House, shop: Shop) -> None:
    page = visit(shop.buyer.email)
    invoice = house.invoice(shop)
    payment = pay(page, house, invoice, CHALLENGE)
    bank(page)
    soon(payment)

    house.wait_for(page, "expired")

    expect(page.locator("#paying-state")).to_contain_text(
        "Nothing was charged, and nothing is held: the payment was not finished in time."
    )
    expect(page.locator("[data-threeds]")).to_be_hidden()
    assert not payment.transactions.filter(action="charge").exists()
    assert Payable.objects.get(invoice=invoice).payable_now == invoice.total


def soon(payment: Payment) -> None:
    """The fifteen minutes are over; the sweep finds it."""
    past = timezone.now() - timedelta(seconds=1)
    with pgtrigger.ignore("oropay.Authentication:authenticated_for_this"):
        type(payment.authentication).objects.filter(payment=payment).update(expires_at=past)
    PaymentTransaction.objects.filter(payment=payment, state=TransactionState.ACTION_REQUIRED).update(next_at=past)


def test_a_method_page_that_never_answers_leads_on(visit: Visit, house: House, shop: Shop) -> None:
    """The library waits thirty seconds for the bank to look at the browser; the test lets them pass at once."""
    page = visit(shop.buyer.email)
    held: list[Route] = []
    page.route(re.compile(r"/acs/method$"), lambda route: held.append(route))
    page.clock.install()
    payment = pay(page, house, house.invoice(shop), VISA)
    page.wait_for_function("() => document.querySelector('iframe[name^=GlobalPayments]') !== null")

    page.clock.fast_forward(31_000)
    house.wait_for(page, "captured")

    payment.refresh_from_db()
    assert payment.authentication.method_completion == "NO"


def test_the_bank_s_page_fits_a_small_screen(visit: Visit, house: House, shop: Shop) -> None:
    page = visit(shop.buyer.email)
    page.set_viewport_size({"width": 360, "height": 740})
    payment = pay(page, house, house.invoice(shop), CHALLENGE)
    frame = bank(page)

    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert axe_violations(page) == []
    page.screenshot(path=PICTURES / "challenge-360.png", full_page=True)
    assert frame.locator("html").evaluate("root => root.scrollWidth <= root.clientWidth")
    payment.refresh_from_db()
    assert payment.authentication.browser["window_size"] == "WINDOWED_250X400"


def order_paid_by(page: Page, house: House, shop: Shop, card: str) -> Payment:
    """Place an order at checkout with this card."""
    to_review(page, house)
    fill_card(page, card)
    press_pay(page)
    page.wait_for_url("**/pay/*/")
    return Payment.objects.filter(customer=shop.customer).latest("pk")


def test_an_order_is_placed_when_its_buyer_has_confirmed(visit: Visit, house: House, shop: Shop) -> None:
    page = visit(shop.buyer.email)
    payment = order_paid_by(page, house, shop, CHALLENGE)
    frame = bank(page)
    state = page.locator("#paying-state")
    expect(state).to_contain_text("Nothing is charged yet. Your bank asks you to confirm.")
    expect(state).to_contain_text("If you leave, nothing is charged and nothing is held")
    expect(state).not_to_contain_text("close this page")
    assert Order.objects.get(customer=shop.customer).state == OrderState.AWAITING_PAYMENT

    frame.get_by_label("Code from your bank").fill("1234")
    frame.get_by_role("button", name="Confirm").click()
    house.wait_for(page, "captured")
    page.get_by_role("link", name="To your order").click()

    order = Order.objects.get(customer=shop.customer)
    expect(page.locator("body")).to_contain_text(order.number)
    assert order.state == OrderState.OPEN
    assert payment.transactions.filter(action="charge", state=TransactionState.APPROVED).count() == 1
    payment.refresh_from_db()
    assert (payment.authentication.eci, payment.authentication.liability_shift) == ("05", True)


def test_an_order_whose_buyer_walks_away_from_the_bank_is_paid_later_under_its_number(
    visit: Visit, house: House, shop: Shop
) -> None:
    page = visit(shop.buyer.email)
    payment = order_paid_by(page, house, shop, CHALLENGE)
    bank(page)
    page.goto(f"{house.url}/")
    soon(payment)
    house.until(lambda: Payment.objects.get(pk=payment.pk).money_state == MoneyState.EXPIRED)
    order = Order.objects.get(customer=shop.customer)
    assert order.state == OrderState.AWAITING_PAYMENT

    page.goto(f"{house.url}/pay/{payment.uuid}/")
    expect(page.locator("#paying-state")).to_contain_text("Nothing was charged, and nothing is held")
    page.get_by_role("link", name="Try another way to pay").click()
    page.locator('label.choice:has-text("card")').first.click()
    page.get_by_role("button", name="Continue to review").click()
    fill_card(page, VISA)
    press_pay(page)
    house.wait_for(page, "captured")

    order.refresh_from_db()
    assert (order.state, Order.objects.filter(customer=shop.customer).count()) == (OrderState.OPEN, 1)
    assert not payment.transactions.filter(action="charge").exists()


def test_a_bank_that_wants_its_card_holder_asked_is_asked_at_the_second_try(
    visit: Visit, house: House, shop: Shop
) -> None:
    Integration.objects.filter(pk=house.seller.integration.pk).update(threeds=ThreeDS.NEVER)
    wants_it = "4242420000000091"
    page = visit(shop.buyer.email)
    first = order_paid_by(page, house, shop, wants_it)
    house.wait_for(page, "declined")
    expect(page.locator("#paying-state")).to_contain_text("Your bank wants you to confirm this payment first.")

    page.get_by_role("link", name="Try again and confirm with your bank").click()
    page.locator('label.choice:has-text("card")').first.click()
    page.get_by_role("button", name="Continue to review").click()
    fill_card(page, wants_it)
    press_pay(page)
    frame = bank(page)
    frame.get_by_label("Code from your bank").fill("1234")
    frame.get_by_role("button", name="Confirm").click()
    house.wait_for(page, "captured")

    second = Payment.objects.filter(customer=shop.customer).latest("pk")
    assert second.authentication.challenge_reason == ChallengeReason.BANK
    assert actions(first) == [("charge", TransactionState.DECLINED)]
    assert actions(second)[-1] == ("charge", TransactionState.APPROVED)
