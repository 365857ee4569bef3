"""Leaving a checkout, and what canceling its order does to it."""

from decimal import Decimal

import pytest
from django.utils import timezone

from checkout.exceptions import CheckoutBeingPaid, CheckoutNotLeft, NotAllowedToOrder
from checkout.models import Checkout, CheckoutState, ShoppingListItem
from checkout.services import checkout_abandon, checkout_start, order_withdraw
from commerce.models import Order, OrderState
from commerce.services import order_cancel
from oropay.models import Payable
from plumbing.selectors import notes_on
from tests.checkout.shop import Shop
from tests.factories import StaffFactory


def test_staff_canceling_an_unpaid_order_let_its_buyer_start_anew(shop: Shop) -> None:
    checkout = shop.checkout()
    order = shop.place(checkout)
    clerk = StaffFactory.create(organization=shop.organization)

    order_withdraw(order=order, note="card declined", by=clerk, now=timezone.now())
    fresh = checkout_start(shopping_list=checkout.shopping_list, by=shop.buyer, now=timezone.now())

    checkout.refresh_from_db()
    assert checkout.state == CheckoutState.ABANDONED
    assert (fresh.pk != checkout.pk, fresh.state, fresh.order) == (True, CheckoutState.OPEN, None)


def test_a_checkout_whose_order_was_canceled_elsewhere_locks_nobody_out(shop: Shop) -> None:
    checkout = shop.checkout()
    order_cancel(order=shop.place(checkout))

    fresh = checkout_start(shopping_list=checkout.shopping_list, by=shop.buyer, now=timezone.now())

    checkout.refresh_from_db()
    assert (checkout.state, fresh.state) == (CheckoutState.ABANDONED, CheckoutState.OPEN)
    assert fresh.pk != checkout.pk


def test_a_placed_order_that_staff_cancel_leaves_its_checkout_placed(shop: Shop) -> None:
    shop.on_terms()
    order = shop.place(shop.checkout(), terms=True)

    order_withdraw(order=order, note="out of stock", by=StaffFactory.create(), now=timezone.now())

    assert Checkout.objects.get().state == CheckoutState.PLACED


def test_a_buyer_leaves_a_checkout_and_the_list_stays(shop: Shop) -> None:
    checkout = shop.checkout()

    checkout_abandon(checkout=checkout, by=shop.buyer, now=timezone.now())
    again = checkout_abandon(checkout=checkout, by=shop.buyer, now=timezone.now())

    assert again.state == CheckoutState.ABANDONED
    assert ShoppingListItem.objects.count() == 1
    assert Order.objects.count() == 0


def test_leaving_cancels_the_order_that_awaits_its_payment(shop: Shop) -> None:
    checkout = shop.checkout()
    order = shop.place(checkout)

    checkout_abandon(checkout=checkout, by=shop.buyer, now=timezone.now())

    order.refresh_from_db()
    payable = Payable.objects.get()
    assert order.state == OrderState.CANCELED
    assert (payable.is_closed, payable.payable_now) == (True, Decimal(0))
    assert [(note.text, note.by_id) for note in notes_on(order)] == [
        ("left by the buyer before it was paid", shop.buyer.pk)
    ]


def test_while_a_payment_runs_nobody_leaves(shop: Shop) -> None:
    checkout = shop.checkout()
    order = shop.place(checkout)
    shop.pay(order)

    with pytest.raises(CheckoutBeingPaid, match="wait for the result"):
        checkout_abandon(checkout=checkout, by=shop.buyer, now=timezone.now())

    order.refresh_from_db()
    assert (order.state, Checkout.objects.get().state) == (OrderState.AWAITING_PAYMENT, CheckoutState.PAYING)


def test_with_money_attached_nobody_leaves(shop: Shop) -> None:
    checkout = shop.checkout()
    order = shop.place(checkout)
    Payable.objects.update(held=order.total)

    with pytest.raises(CheckoutNotLeft, match=r"Nothing was canceled and no money moved.*money is attached to it"):
        checkout_abandon(checkout=checkout, by=shop.buyer, now=timezone.now())

    order.refresh_from_db()
    assert order.state == OrderState.AWAITING_PAYMENT


def test_a_placed_order_is_not_canceled_by_leaving(shop: Shop) -> None:
    shop.on_terms()
    checkout = shop.checkout()
    order = shop.place(checkout, terms=True)

    with pytest.raises(CheckoutNotLeft, match="it is placed already; ask us to cancel it"):
        checkout_abandon(checkout=checkout, by=shop.buyer, now=timezone.now())

    order.refresh_from_db()
    assert order.state == OrderState.OPEN


def test_somebody_who_may_not_order_cancels_nothing(shop: Shop) -> None:
    checkout = shop.checkout()

    with pytest.raises(NotAllowedToOrder):
        checkout_abandon(checkout=checkout, by=shop.person(shop.customer, {}), now=timezone.now())

    assert Checkout.objects.get().state == CheckoutState.OPEN
