import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from checkout.models import ShoppingListItem
from tests.checkout.shop import Shop
from tests.factories import PriceFactory, ProductFactory
from tests.storefront.pages import text


def test_the_catalog_shows_your_price_and_the_quantity_break(shop: Shop, browser: Client) -> None:
    words = text(browser.get("/catalog/"))

    assert "Hex bolt $10.00 / each $9.00 from 10" in words


@pytest.mark.parametrize(("words", "found"), [("bolt hex", ["Hex bolt"]), ("glue-1", ["Glue"]), ("anchor", [])])
def test_searching_finds_words_in_name_and_sku_in_any_order(
    shop: Shop, browser: Client, words: str, found: list[str]
) -> None:
    response = browser.get("/catalog/", {"q": words})

    assert [card.product.name for card in response.context["cards"]] == found


def test_a_category_shows_its_own_products(shop: Shop, browser: Client) -> None:
    response = browser.get("/catalog/", {"category": "hardware"})

    assert [card.product.name for card in response.context["cards"]] == ["Hex bolt"]


def test_the_product_page_lists_the_tiers(shop: Shop, browser: Client) -> None:
    words = text(browser.get("/products/hex-bolt/"))

    assert "From Price each 1 each $10.00 10 each $9.00" in words


def test_products_of_another_seller_or_switched_off_do_not_exist(shop: Shop, browser: Client) -> None:
    foreign = ProductFactory.create()
    shop.glue.is_active = False
    shop.glue.save()

    assert browser.get(f"/products/{foreign.slug}/").status_code == 404
    assert browser.get("/products/glue/").status_code == 404


def test_a_picture_is_drawn_the_same_every_time_and_runs_nothing(shop: Shop, browser: Client) -> None:
    first, second = browser.get("/products/glue/picture.svg"), browser.get("/products/glue/picture.svg")

    assert first.content == second.content
    assert first.headers["Content-Type"] == "image/svg+xml"
    assert b"<script" not in first.content


def test_adding_keeps_the_page_and_counts(shop: Shop, browser: Client) -> None:
    response = browser.post(f"/list/add/{shop.bolt.pk}/", {"quantity": "12"}, headers={"HX-Request": "true"})

    assert "12 on your list." in text(response)
    assert 'id="list-count" hx-swap-oob="true">1<' in response.content.decode()
    assert ShoppingListItem.objects.get().quantity == 12


def test_a_wrong_quantity_says_so_beside_the_button(shop: Shop, browser: Client) -> None:
    response = browser.post(f"/list/add/{shop.bolt.pk}/", {"quantity": "many"}, headers={"HX-Request": "true"})

    assert "Your list was not changed. Hex bolt: “many” is not a quantity." in text(response)
    assert ShoppingListItem.objects.count() == 0


def test_adding_works_without_scripts(shop: Shop, browser: Client) -> None:
    response = browser.post(f"/list/add/{shop.bolt.pk}/", {"quantity": "2"}, follow=True)

    assert "Hex bolt: 2 on your list." in text(response)


def test_a_visitor_sees_prices_and_is_asked_to_log_in(shop: Shop, client: Client) -> None:
    assert "Log in to order" in text(client.get("/catalog/"))

    response = client.post(f"/list/add/{shop.bolt.pk}/", {"quantity": "1"})

    assert response.headers["Location"].startswith("/account/login/")


def test_the_catalog_takes_few_queries_however_many_products(
    shop: Shop, browser: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    prices = shop.bolt.prices.first().price_list  # type: ignore[union-attr]
    for _number in range(20):
        PriceFactory.create(product=ProductFactory.create(organization=shop.organization), price_list=prices)

    with django_assert_max_num_queries(12):
        response = browser.get("/catalog/")

    assert len(response.context["cards"]) == 22
