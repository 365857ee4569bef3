"""The mail that confirms an order says what was ordered and what happened to the money."""

from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from checkout.models import Checkout
from checkout.services import OrderMoney, checkout_placed
from commerce.models import Order, OrderState, Price
from plumbing.models import Mail
from tests.checkout.shop import Shop


def placed(shop: Shop, money: OrderMoney) -> Order:
    order = shop.place(shop.checkout())
    with transaction.atomic():
        return open_paid(order, money)


def open_paid(order: Order, money: OrderMoney) -> Order:
    """As the payment module does once it has locked the order and the checkouts that wrote it."""
    return checkout_placed(
        order=order,
        checkouts=Checkout.objects.filter(order=order),
        money=money,
        amount=order.total,
        now=timezone.now(),
    )


def test_an_order_on_terms_is_confirmed_to_its_buyer(shop: Shop) -> None:
    shop.on_terms()

    order = shop.place(shop.checkout(), terms=True)

    mail = Mail.objects.get()
    assert (mail.to, mail.subject, mail.language) == (shop.buyer.email, f"Order {order.number}: $104.00", "en-us")
    assert "Nothing was charged. The invoice follows; it is due by your terms: Net 30." in mail.text
    assert "10 × Hex bolt (BOLT-8): $90.00\nDelivery: $5.00\nTax: $9.00\nTotal: $104.00" in mail.text
    assert "PO number: PO-7" in mail.text
    assert "2 Dock Road" in mail.text
    assert f"/orders/{order.number}/" in mail.text


@pytest.mark.parametrize(
    ("money", "says"),
    [
        (OrderMoney.PAID, "$104.00 was paid."),
        (OrderMoney.HELD, "Nothing was charged yet. $104.00 is held on your card; it is charged when we ship."),
        (OrderMoney.DEBIT, "Your bank accepted the debit of $104.00."),
    ],
)
def test_the_confirmation_says_what_happened_to_the_money(shop: Shop, money: OrderMoney, says: str) -> None:
    placed(shop, money)

    assert says in Mail.objects.get().text


def test_a_free_order_says_that_there_is_nothing_to_pay(shop: Shop) -> None:
    Price.objects.update(amount=0)
    shop.website.shipping_flat_rate = Decimal(0)
    shop.website.save()

    shop.place(shop.checkout(), total="0.00")

    assert "There is nothing to pay." in Mail.objects.get().text


def test_an_order_that_is_not_placed_after_all_sends_nothing(shop: Shop) -> None:
    order = shop.place(shop.checkout())

    with transaction.atomic():
        open_paid(order, OrderMoney.PAID)
        transaction.set_rollback(True)

    order.refresh_from_db()
    assert order.state == OrderState.AWAITING_PAYMENT
    assert Mail.objects.count() == 0


def test_an_order_that_staff_wrote_without_a_checkout_is_not_confirmed(shop: Shop) -> None:
    order = shop.place(shop.checkout())
    Checkout.objects.all().delete()

    with transaction.atomic():
        open_paid(order, OrderMoney.PAID)

    order.refresh_from_db()
    assert order.state == OrderState.OPEN
    assert Mail.objects.count() == 0
