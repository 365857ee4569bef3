from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from checkout.models import Checkout, ShoppingListItem
from commerce.models import Level, Permission, User
from tests.checkout.shop import Shop
from tests.storefront.pages import text

HTMX = {"HX-Request": "true"}


def test_an_empty_list_says_how_to_fill_it(shop: Shop, browser: Client) -> None:
    assert "Your list is empty" in text(browser.get("/list/"))


def test_another_quantity_changes_the_totals_without_a_reload(shop: Shop, browser: Client) -> None:
    item = shop.put(shop.bolt).items.get()

    response = browser.post(f"/list/items/{item.pk}/", {"quantity": "10"}, headers=HTMX)

    assert "<html" not in response.content.decode()
    assert "Total $104.00" in text(response)


def test_a_refused_quantity_says_so_and_keeps_the_old_one(shop: Shop, browser: Client) -> None:
    item = shop.put(shop.bolt, "3").items.get()

    response = browser.post(f"/list/items/{item.pk}/", {"quantity": "1.5"}, headers=HTMX)

    page = response.content.decode()
    assert response.status_code == 200
    assert "Your list was not changed. Hex bolt: it is sold in whole units only." in text(response)
    assert f'id="quantity-{item.pk}_error" role="alert">Your list was not changed' in page
    assert f'required aria-invalid="true" aria-describedby="quantity-{item.pk}_error"' in page
    assert 'value="1.5"' in page
    assert "alert-danger" not in page
    assert ShoppingListItem.objects.get().quantity == 3


def test_without_scripts_a_refused_quantity_is_said_at_its_field_too(shop: Shop, browser: Client) -> None:
    item = shop.put(shop.bolt, "3").items.get()

    response = browser.post(f"/list/items/{item.pk}/", {"quantity": "many"})

    assert response.status_code == 422
    assert f'id="quantity-{item.pk}_error"' in response.content.decode()
    assert "“many” is not a quantity." in text(response)
    assert ShoppingListItem.objects.get().quantity == 3


@pytest.mark.parametrize(("typed", "quantity"), [("1,000", 1000), ("12", 12), (" 7 ", 7)])
def test_a_comma_between_thousands_is_no_point(shop: Shop, browser: Client, typed: str, quantity: int) -> None:
    item = shop.put(shop.bolt, "3").items.get()

    browser.post(f"/list/items/{item.pk}/", {"quantity": typed}, headers=HTMX)

    assert ShoppingListItem.objects.get().quantity == quantity


@pytest.mark.parametrize("typed", ["1,5", "10,00", "1,0000"])
def test_a_comma_anywhere_else_changes_nothing(shop: Shop, browser: Client, typed: str) -> None:
    item = shop.put(shop.bolt, "3").items.get()

    changed = browser.post(f"/list/items/{item.pk}/", {"quantity": typed}, headers=HTMX)
    added = browser.post(f"/list/add/{shop.glue.pk}/", {"quantity": typed}, headers=HTMX)

    for response in (changed, added):
        assert "A comma separates thousands only, as in 1,250." in text(response)
    assert [(row.product, row.quantity) for row in ShoppingListItem.objects.all()] == [(shop.bolt, Decimal(3))]


def test_removing_takes_it_off(shop: Shop, browser: Client) -> None:
    item = shop.put(shop.bolt).items.get()

    browser.post(f"/list/items/{item.pk}/", {"remove": "1"})

    assert ShoppingListItem.objects.count() == 0


def test_a_colleague_s_list_does_not_exist_for_me(
    shop: Shop, browser: Client, client_of: Callable[[User], Client]
) -> None:
    colleague = shop.person(shop.customer)
    item = shop.put(shop.bolt, user=colleague).items.get()

    response = browser.post(f"/list/items/{item.pk}/", {"remove": "1"})

    assert response.status_code == 404
    assert ShoppingListItem.objects.count() == 1


def test_create_order_leads_to_the_first_step_that_is_open(shop: Shop, browser: Client) -> None:
    shop.put(shop.bolt)

    response = browser.post("/checkout/", follow=True)

    assert response.redirect_chain[-1][0].endswith("/shipping/")  # the company's default addresses are chosen


def test_somebody_who_may_not_order_is_told_and_starts_nothing(shop: Shop, client_of: Callable[[User], Client]) -> None:
    looker = shop.person(shop.customer, {Permission.VIEW_ORDER: Level.DEPARTMENT})
    shop.put(shop.bolt, user=looker)
    browser = client_of(looker)

    page = browser.get("/list/")
    response = browser.post("/checkout/", follow=True)

    assert "Create order" not in text(page)
    assert "Nothing was ordered. You may not place orders for Acme" in text(response)
    assert Checkout.objects.count() == 0


def test_the_list_takes_few_queries(
    shop: Shop, browser: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    shop.put(shop.bolt)
    shop.put(shop.glue)

    with django_assert_max_num_queries(12):
        browser.get("/list/")
