from decimal import Decimal

import pytest
from django.utils import timezone

from checkout.exceptions import ProductNotSold
from checkout.models import ShoppingListItem
from checkout.selectors import list_priced
from checkout.services import list_add, list_item_remove, list_item_set
from tests.checkout.shop import Shop
from tests.factories import ProductFactory, WebsiteFactory


def test_adding_a_product_twice_adds_up(shop: Shop) -> None:
    shop.put(shop.bolt, "3")

    shop.put(shop.bolt, "4")

    assert [item.quantity for item in ShoppingListItem.objects.all()] == [Decimal(7)]


def test_each_person_has_a_list_of_their_own_per_company(shop: Shop) -> None:
    colleague = shop.person(shop.customer)

    mine = shop.put(shop.bolt)
    theirs = shop.put(shop.bolt, user=colleague)

    assert mine.pk != theirs.pk


@pytest.mark.parametrize("quantity", ["0", "-1", "2.5", "1000001"])
def test_a_quantity_that_is_not_sold_changes_nothing(shop: Shop, quantity: str) -> None:
    with pytest.raises(ProductNotSold, match="Your list was not changed"):
        shop.put(shop.bolt, quantity)

    assert ShoppingListItem.objects.count() == 0


def test_a_product_of_another_seller_cannot_be_added(shop: Shop) -> None:
    foreign = ProductFactory.create()

    with pytest.raises(ProductNotSold, match="it is not sold here"):
        shop.put(foreign)

    assert ShoppingListItem.objects.count() == 0


def test_a_list_costs_what_the_customer_pays_at_its_quantities(shop: Shop) -> None:
    shop.put(shop.bolt, "10")
    shopping_list = shop.put(shop.glue, "2")

    priced = list_priced(shopping_list=shopping_list, website=shop.website, customer=shop.customer, now=timezone.now())

    totals = priced.totals
    assert [line.net for line in priced.lines] == [Decimal("90.00"), Decimal("9.00")]
    assert (totals.subtotal, totals.discount, totals.tax) == (Decimal("109.00"), Decimal("10.00"), Decimal("9.90"))
    assert (totals.shipping, totals.total) == (Decimal("5.00"), Decimal("113.90"))
    assert priced.orderable


def test_a_product_no_longer_sold_stays_on_the_list_and_says_so(shop: Shop) -> None:
    shop.put(shop.glue)
    shopping_list = shop.put(shop.bolt)
    shop.bolt.is_active = False
    shop.bolt.save()

    priced = list_priced(shopping_list=shopping_list, website=shop.website, customer=shop.customer, now=timezone.now())

    assert priced.problems == ("Hex bolt is no longer sold; take it off the list.",)
    assert priced.totals.total == Decimal("9.95")
    assert not priced.orderable


def test_an_empty_list_costs_nothing_not_even_delivery(shop: Shop) -> None:
    shopping_list = shop.put(shop.bolt)
    list_item_remove(item=shopping_list.items.get())

    priced = list_priced(shopping_list=shopping_list, website=shop.website, customer=shop.customer, now=timezone.now())

    assert priced.totals.total == 0
    assert not priced.orderable


def test_a_refused_quantity_keeps_the_old_one(shop: Shop) -> None:
    item = shop.put(shop.bolt, "3").items.get()

    with pytest.raises(ProductNotSold, match="whole units"):
        list_item_set(item=item, quantity=Decimal("1.5"))

    assert ShoppingListItem.objects.get().quantity == 3


def test_lists_of_two_websites_are_apart(shop: Shop) -> None:
    north = WebsiteFactory.create(organization=shop.organization)
    shop.put(shop.bolt)

    other = list_add(
        user=shop.buyer,
        customer=shop.customer,
        website=north,
        product=shop.bolt,
        quantity=Decimal(1),
        now=timezone.now(),
    )

    assert other.shopping_list.items.count() == 1
    assert ShoppingListItem.objects.count() == 2
