"""Leaving a checkout, canceling an order that was never paid, and what its page offers meanwhile."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from checkout.models import Checkout, CheckoutState
from checkout.services import order_withdraw
from commerce.models import Level, Order, OrderState, Permission, User
from oropay.models import MoneyState, Payment, TransactionState
from tests.checkout.shop import Shop
from tests.factories import CustomerFactory, StaffFactory
from tests.storefront.pages import text


@pytest.fixture
def waiting(shop: Shop) -> Order:
    """An order whose card was declined: written, not paid."""
    checkout = shop.checkout()
    order = shop.place(checkout)
    payment = shop.pay(order)
    row = payment.transactions.get()
    for state in (TransactionState.SENDING, TransactionState.DECLINED):
        row.state = state
        row.save()
    payment.parts.update(live=False)
    Payment.objects.update(money_state=MoneyState.DECLINED)
    Checkout.objects.update(state=CheckoutState.OPEN)
    return order


def test_leaving_a_checkout_asks_first_and_keeps_the_list(shop: Shop, browser: Client) -> None:
    checkout = shop.checkout()

    page = text(browser.get(f"/checkout/{checkout.uuid}/payment/"))
    answer = browser.post(f"/checkout/{checkout.uuid}/leave/", follow=True)

    assert "Leave this checkout Nothing is ordered or charged; your list stays as it is. Yes, leave it" in page
    assert answer.redirect_chain == [("/list/", 302)]
    assert "You left the checkout. Nothing was ordered or charged; your list is as it was." in text(answer)
    assert "Hex bolt" in text(answer)
    assert Checkout.objects.get().state == CheckoutState.ABANDONED


def test_an_order_that_was_never_paid_is_canceled_by_its_buyer(waiting: Order, browser: Client) -> None:
    page = text(browser.get(f"/orders/{waiting.number}/"))

    answer = browser.post(f"/orders/{waiting.number}/cancel/", follow=True)

    waiting.refresh_from_db()
    assert "Cancel this order" in page
    assert f"Order {waiting.number} was canceled. Nothing was charged." in text(answer)
    assert (waiting.state, Checkout.objects.get().state) == (OrderState.CANCELED, CheckoutState.ABANDONED)
    assert "Cancel this order" not in text(answer)
    assert "Pay $" not in text(answer)


def test_while_it_is_being_paid_the_page_offers_neither_paying_nor_canceling(shop: Shop, browser: Client) -> None:
    order = shop.place(shop.checkout())
    shop.pay(order)

    page = text(browser.get(f"/orders/{order.number}/"))
    answer = browser.post(f"/orders/{order.number}/cancel/", follow=True)

    order.refresh_from_db()
    assert "This order is being paid right now." in page
    assert "Pay $" not in page
    assert "Cancel this order" not in page
    assert "is being paid right now; wait for the result." in text(answer)
    assert order.state == OrderState.AWAITING_PAYMENT


def test_a_placed_order_has_no_button_to_cancel_it(shop: Shop, browser: Client) -> None:
    shop.on_terms()
    order = shop.place(shop.checkout(), terms=True)

    assert "Cancel this order" not in text(browser.get(f"/orders/{order.number}/"))


def test_after_a_decline_with_an_emptied_list_the_page_offers_no_payment(
    shop: Shop, waiting: Order, browser: Client
) -> None:
    Checkout.objects.get().shopping_list.items.all().delete()

    page = text(browser.get(f"/orders/{waiting.number}/"))
    paying = browser.get(f"/pay/{Payment.objects.get().uuid}/").content.decode()

    assert "Pay $" not in page
    assert "This order cannot go on: your shopping list is empty." in page
    assert "Cancel this order" in page
    assert "Try another way to pay" not in paying


def test_after_a_decline_the_page_offers_what_the_list_costs_now(shop: Shop, waiting: Order, browser: Client) -> None:
    shop.put(shop.glue, "2")

    page = browser.get(f"/orders/{waiting.number}/")
    onward = browser.get(f"/orders/{waiting.number}/pay/")

    assert "Pay $113.90" in text(page)
    assert "Pay $104.00" not in text(page)
    assert "Your shopping list has changed since this order was written" in text(page)
    assert onward.headers["Location"] == f"/checkout/{Checkout.objects.get().uuid}/payment/"


def test_the_list_says_which_order_waits_and_where_to_cancel_it(waiting: Order, browser: Client) -> None:
    page = browser.get("/list/")

    assert f"Order {waiting.number} is written but not paid. See or cancel it" in text(page)


def test_a_checkout_whose_order_staff_canceled_leads_back_to_the_list(
    shop: Shop, waiting: Order, browser: Client
) -> None:
    stale = Checkout.objects.get()
    clerk = StaffFactory.create(organization=shop.organization)
    order_withdraw(order=waiting, note="declined", by=clerk, now=timezone.now())

    answer = browser.get(f"/checkout/{stale.uuid}/review/")
    begun = browser.post("/checkout/", follow=True)

    assert answer.headers["Location"] == "/list/"
    assert begun.redirect_chain[-1][0].endswith("/shipping/")
    assert str(stale.uuid) not in begun.redirect_chain[-1][0]


def test_strangers_and_lookers_cancel_nothing(shop: Shop, waiting: Order, client_of: Callable[[User], Client]) -> None:
    stranger = client_of(shop.person(CustomerFactory.create(organization=shop.organization)))
    looker = client_of(shop.person(shop.customer, {Permission.VIEW_ORDER: Level.DEPARTMENT}))

    answers = [person.post(f"/orders/{waiting.number}/cancel/").status_code for person in (stranger, looker)]
    leaving = looker.post(f"/checkout/{Checkout.objects.get().uuid}/leave/").status_code

    waiting.refresh_from_db()
    assert (answers, leaving) == ([404, 404], 404)
    assert waiting.state == OrderState.AWAITING_PAYMENT
