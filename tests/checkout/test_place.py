from decimal import Decimal

import pytest
from django.utils import timezone

from checkout.exceptions import (
    CheckoutBeingPaid,
    CheckoutEnded,
    CheckoutIncomplete,
    EmptyList,
    LinesInvalid,
    NotAllowedToOrder,
    TermsNotOffered,
    TotalChanged,
)
from checkout.models import Checkout, CheckoutState, ShoppingListItem
from checkout.services import checkout_addresses_set, checkout_payment_set, checkout_start
from commerce.models import Level, Order, OrderState, Permission, Price
from oropay.models import Payable, PayableKind, Payment
from tests.checkout.shop import Shop
from tests.factories import AddressFactory, CustomerFactory


def test_starting_twice_goes_on_with_the_same_checkout(shop: Shop) -> None:
    shopping_list = shop.put(shop.bolt)

    first = checkout_start(shopping_list=shopping_list, by=shop.buyer, now=timezone.now())
    second = checkout_start(shopping_list=shopping_list, by=shop.buyer, now=timezone.now())

    assert first.pk == second.pk
    assert (first.billing_address, first.shipping_address) == (shop.billing, shop.shipping)


def test_an_empty_list_starts_no_checkout(shop: Shop) -> None:
    shopping_list = shop.put(shop.bolt)
    shopping_list.items.all().delete()

    with pytest.raises(EmptyList):
        checkout_start(shopping_list=shopping_list, by=shop.buyer, now=timezone.now())

    assert Checkout.objects.count() == 0


def test_without_the_permission_to_order_no_checkout_starts(shop: Shop) -> None:
    looker = shop.person(shop.customer, {Permission.VIEW_ORDER: Level.DEPARTMENT})
    shopping_list = shop.put(shop.bolt, user=looker)

    with pytest.raises(NotAllowedToOrder, match="Nothing was ordered"):
        checkout_start(shopping_list=shopping_list, by=looker, now=timezone.now())

    assert Checkout.objects.count() == 0


def test_an_address_of_another_company_cannot_be_chosen(shop: Shop) -> None:
    checkout = shop.checkout()
    foreign = AddressFactory.create(customer=CustomerFactory.create(organization=shop.organization))

    with pytest.raises(CheckoutIncomplete):
        checkout_addresses_set(checkout=checkout, billing=foreign, shipping=shop.shipping)

    checkout.refresh_from_db()
    assert checkout.billing_address == shop.billing


def test_the_order_is_written_before_money_moves(shop: Shop) -> None:
    checkout = shop.checkout()

    order = shop.place(checkout)

    checkout.refresh_from_db()
    payable = Payable.objects.get()
    assert (order.state, order.total, order.po_number) == (OrderState.AWAITING_PAYMENT, Decimal("104.00"), "PO-7")
    assert (payable.kind, payable.number, payable.payable_now) == (PayableKind.ORDER, order.number, Decimal("104.00"))
    assert (checkout.state, checkout.order) == (CheckoutState.OPEN, order)
    assert Payment.objects.count() == 0
    assert ShoppingListItem.objects.count() == 1


def test_a_total_that_changed_since_the_page_orders_nothing(shop: Shop) -> None:
    checkout = shop.checkout()
    Price.objects.filter(product=shop.bolt, min_quantity=10).update(amount=Decimal("9.50"))

    with pytest.raises(TotalChanged, match=r"Nothing was charged. The total changed from \$104.00 to \$109.50"):
        shop.place(checkout)

    assert Order.objects.count() == 0
    assert Payable.objects.count() == 0


def test_a_line_no_longer_sold_orders_nothing(shop: Shop) -> None:
    checkout = shop.checkout()
    shop.bolt.is_active = False
    shop.bolt.save()

    with pytest.raises(LinesInvalid, match="Hex bolt is no longer sold"):
        shop.place(checkout)

    assert Order.objects.count() == 0


def test_a_permission_taken_away_meanwhile_orders_nothing(shop: Shop) -> None:
    checkout = shop.checkout()
    shop.buyer.seats.all().delete()

    with pytest.raises(NotAllowedToOrder):
        shop.place(checkout)

    assert Order.objects.count() == 0


def test_a_second_try_uses_the_same_order_and_number_with_what_is_on_the_list_now(shop: Shop) -> None:
    checkout = shop.checkout()
    first = shop.place(checkout)
    shop.put(shop.glue, "2")

    second = shop.place(checkout, total="113.90")

    assert (second.pk, second.number, second.total) == (first.pk, first.number, Decimal("113.90"))
    assert second.lines.count() == 2
    assert Payable.objects.get().payable_now == Decimal("113.90")


def test_while_a_payment_has_no_outcome_nothing_changes(shop: Shop) -> None:
    checkout = shop.checkout()
    order = shop.place(checkout)
    shop.pay(order)

    with pytest.raises(CheckoutBeingPaid, match="Nothing more was charged"):
        shop.place(checkout)
    with pytest.raises(CheckoutBeingPaid):
        checkout_payment_set(checkout=checkout, choice="terms:1", po_number="other", notes="")

    checkout.refresh_from_db()
    order.refresh_from_db()
    assert checkout.state == CheckoutState.PAYING
    assert order.po_number == "PO-7"


def test_on_terms_the_order_is_placed_at_once_without_a_payment(shop: Shop) -> None:
    shop.on_terms()
    checkout = shop.checkout()

    order = shop.place(checkout, terms=True)

    checkout.refresh_from_db()
    assert order.state == OrderState.OPEN
    assert order.payment_term == shop.customer.payment_term
    assert checkout.state == CheckoutState.PLACED
    assert Payment.objects.count() == 0
    assert ShoppingListItem.objects.count() == 0


def test_terms_are_refused_to_a_company_that_has_none(shop: Shop) -> None:
    checkout = shop.checkout()

    with pytest.raises(TermsNotOffered, match="Nothing was ordered"):
        shop.place(checkout, terms=True)

    assert Order.objects.count() == 0


def test_a_placed_checkout_cannot_be_placed_again(shop: Shop) -> None:
    shop.on_terms()
    checkout = shop.checkout()
    shop.place(checkout, terms=True)

    with pytest.raises(CheckoutEnded, match="Nothing was charged again"):
        shop.place(checkout, terms=True)

    assert Order.objects.count() == 1


def test_an_order_for_nothing_is_placed_at_once(shop: Shop) -> None:
    Price.objects.update(amount=0)
    shop.website.shipping_flat_rate = Decimal(0)
    shop.website.save()
    checkout = shop.checkout()

    order = shop.place(checkout, total="0.00")

    assert order.state == OrderState.OPEN
    assert Payment.objects.count() == 0
