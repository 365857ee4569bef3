"""Which price a customer sees: the nearest list wins, tier by tier."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError
from django.db.transaction import atomic

from commerce.exceptions import QuantityNotSold
from commerce.models import PriceListAssignment
from commerce.pricing import Tier, price_tags
from tests.factories import (
    NOON,
    CustomerFactory,
    CustomerGroupFactory,
    PriceFactory,
    PriceListAssignmentFactory,
    PriceListFactory,
    ProductFactory,
    ProductUnitFactory,
    WebsiteFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def website():
    return WebsiteFactory()


@pytest.fixture
def group(website):
    return CustomerGroupFactory(organization=website.organization)


@pytest.fixture
def customer(website, group):
    return CustomerFactory(organization=website.organization, group=group)


@pytest.fixture
def product(website):
    return ProductFactory(organization=website.organization)


def price_list(website, prices, *, product, position=0, serves=None, **columns):
    """A list for `product`, {quantity: amount}, that serves the website or whatever `serves` names."""
    made = PriceListFactory(organization=website.organization, **columns)
    PriceListAssignmentFactory(price_list=made, position=position, **(serves or {"website": website}))
    for quantity, amount in prices.items():
        PriceFactory(price_list=made, product=product, min_quantity=Decimal(quantity), amount=Decimal(amount))
    return made


def tag_of(product, *, customer, website, now=NOON):
    return price_tags(customer=customer, website=website, products=[product], now=now).get(product.pk)


def test_tiers_apply_from_their_quantity_on(website, customer, product):
    price_list(website, {1: "10.00", 10: "9.00", 100: "7.5025"}, product=product)

    tag = tag_of(product, customer=customer, website=website)

    assert (tag.list_price, tag.unit_price) == (Decimal("10.00"), Decimal("10.00"))
    assert [tag.price_for(Decimal(q)) for q in (1, 9, 10, 99, 100, 5000)] == [
        Decimal(amount) for amount in ("10.00", "10.00", "9.00", "9.00", "7.5025", "7.5025")
    ]


def test_the_customers_list_beats_the_groups_and_the_groups_the_websites(website, group, customer, product):
    price_list(website, {1: "10.00"}, product=product)
    price_list(website, {1: "9.00"}, product=product, serves={"group": group})
    in_group = CustomerFactory(organization=website.organization, group=group)
    price_list(website, {1: "11.00"}, product=product, serves={"customer": customer})

    assert tag_of(product, customer=None, website=website).unit_price == Decimal("10.00")
    assert tag_of(product, customer=in_group, website=website).unit_price == Decimal("9.00")
    own = tag_of(product, customer=customer, website=website)
    assert (own.unit_price, own.list_price) == (Decimal("11.00"), Decimal("10.00"))
    assert own.list_price_for(Decimal(1)) == Decimal("11.00")


def test_a_quantity_the_nearest_list_does_not_price_falls_to_the_next(website, customer, product):
    price_list(website, {1: "10.00", 20: "8.00"}, product=product)
    price_list(website, {10: "8.50"}, product=product, serves={"customer": customer})

    tag = tag_of(product, customer=customer, website=website)

    assert tag.tiers == (
        Tier(Decimal(1), Decimal("10.00")),
        Tier(Decimal(10), Decimal("8.50")),
        Tier(Decimal(20), Decimal("8.50")),
    )


def test_lists_of_the_same_kind_are_asked_by_position(website, customer, product):
    price_list(website, {1: "10.00"}, product=product, position=2)
    price_list(website, {1: "12.00"}, product=product, position=1)

    assert tag_of(product, customer=customer, website=website).unit_price == Decimal("12.00")


@pytest.mark.parametrize(
    "columns",
    [
        {"is_active": False},
        {"currency": "EUR"},
        {"valid_from": NOON + timedelta(seconds=1)},
        {"valid_until": NOON},
    ],
)
def test_a_list_that_does_not_hold_now_and_here_gives_no_price(website, customer, product, columns):
    price_list(website, {1: "5.00"}, product=product, **columns)

    assert tag_of(product, customer=customer, website=website) is None


def test_a_list_holds_from_its_first_instant_to_before_its_last(website, customer, product):
    price_list(website, {1: "5.00"}, product=product, valid_from=NOON, valid_until=NOON + timedelta(days=1))

    assert tag_of(product, customer=customer, website=website).unit_price == Decimal("5.00")
    assert tag_of(product, customer=customer, website=website, now=NOON - timedelta(seconds=1)) is None
    assert tag_of(product, customer=customer, website=website, now=NOON + timedelta(days=1)) is None


def test_prices_of_another_website_customer_or_unit_are_not_seen(website, customer, product):
    other_site = WebsiteFactory(organization=website.organization)
    price_list(other_site, {1: "1.00"}, product=product)
    other_customer = CustomerFactory(organization=website.organization)
    price_list(website, {1: "2.00"}, product=product, serves={"customer": other_customer})
    by_the_case = price_list(website, {}, product=product)
    case = ProductUnitFactory(organization=website.organization, code="case")
    PriceFactory(price_list=by_the_case, product=product, unit=case, amount=Decimal("3.00"))

    assert tag_of(product, customer=customer, website=website) is None


def test_too_small_a_quantity_is_not_sold(website, customer, product):
    price_list(website, {6: "5.00"}, product=product)

    tag = tag_of(product, customer=customer, website=website)

    with pytest.raises(QuantityNotSold, match="Nothing was ordered"):
        tag.price_for(Decimal(5))
    assert (tag.min_quantity, tag.price_for(Decimal(6))) == (Decimal(6), Decimal("5.00"))


def test_forty_products_take_as_many_queries_as_one(website, customer, django_assert_max_num_queries):
    products = [ProductFactory(organization=website.organization) for _ in range(40)]
    shared = price_list(website, {}, product=products[0])
    for product in products:
        PriceFactory(price_list=shared, product=product)

    with django_assert_max_num_queries(3):
        tags = price_tags(customer=customer, website=website, products=products, now=NOON)

    assert len(tags) == 40


def test_an_assignment_serves_exactly_one_audience(website, group):
    made = PriceListFactory(organization=website.organization)

    for audience in ({}, {"website": website, "group": group}):
        with pytest.raises(IntegrityError), atomic():
            PriceListAssignmentFactory(price_list=made, **audience)

    assert not PriceListAssignment.objects.exists()
