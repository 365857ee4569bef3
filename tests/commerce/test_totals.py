"""Lines and orders add up, to the cent, whatever the prices and rates."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce.exceptions import QuantityNotSold
from commerce.money import rounded
from commerce.pricing import PriceTag, Tier
from commerce.totals import line_totals, order_totals

PRICES = st.decimals(min_value=0, max_value=100_000, places=4)
QUANTITIES = st.decimals(min_value="0.01", max_value=10_000, places=2)
RATES = st.decimals(min_value=0, max_value="0.3", places=5)


def tag(list_price, unit_price, currency="USD"):
    return PriceTag(
        product_id=1,
        currency=currency,
        list_price=Decimal(list_price),
        tiers=(Tier(Decimal("0.01"), Decimal(unit_price)),),
    )


def test_discount_is_list_price_less_tier_price_over_the_quantity():
    line = line_totals(price=tag("12.50", "10.00"), quantity=Decimal(3), tax_rate=Decimal("0.08875"))

    assert (line.subtotal, line.discount) == (Decimal("37.50"), Decimal("7.50"))
    assert (line.tax, line.total) == (Decimal("2.66"), Decimal("32.66"))


def test_a_line_is_rounded_once_after_tax():
    line = line_totals(price=tag("0.333", "0.333"), quantity=Decimal(1), tax_rate=Decimal("0.05"))

    assert line.total == Decimal("0.35")
    assert line.tax == Decimal("0.02")


def test_a_customer_who_pays_more_than_everybody_gets_no_negative_discount():
    line = line_totals(price=tag("10.00", "12.00"), quantity=Decimal(2), tax_rate=Decimal(0))

    assert (line.list_price, line.discount, line.total) == (Decimal("12.00"), Decimal("0.00"), Decimal("24.00"))


def test_an_order_is_the_sum_of_its_lines_and_untaxed_shipping():
    lines = [
        line_totals(price=tag("10.00", "9.00"), quantity=Decimal(5), tax_rate=Decimal("0.10")),
        line_totals(price=tag("3.99", "3.99"), quantity=Decimal(1), tax_rate=Decimal(0)),
    ]

    order = order_totals(lines=lines, shipping=Decimal("12.505"), currency="USD")

    assert order.subtotal == Decimal("53.99")
    assert order.discount == Decimal("5.00")
    assert order.tax == Decimal("4.50")
    assert order.shipping == Decimal("12.51")
    assert order.total == Decimal("66.00")


def test_an_order_in_yen_has_no_fraction():
    line = line_totals(price=tag("99.5", "99.5", "JPY"), quantity=Decimal(3), tax_rate=Decimal("0.10"))

    assert (line.subtotal, line.tax, line.total) == (Decimal(299), Decimal(29), Decimal(328))


@given(
    lines=st.lists(st.tuples(PRICES, PRICES, QUANTITIES, RATES), max_size=20),
    shipping=PRICES,
    currency=st.sampled_from(["USD", "JPY", "KWD"]),
)
def test_every_order_adds_up_in_whole_minor_units(lines, shipping, currency):
    totals = [
        line_totals(price=tag(list_price, unit_price, currency), quantity=quantity, tax_rate=rate)
        for list_price, unit_price, quantity, rate in lines
    ]

    order = order_totals(lines=totals, shipping=shipping, currency=currency)

    for line in totals:
        assert line.total == line.subtotal - line.discount + line.tax
        assert min(line.subtotal, line.discount, line.tax, line.total) >= 0
    assert order.total == order.subtotal - order.discount + order.shipping + order.tax
    assert all(rounded(value, currency) == value for value in vars(order).values())


def test_a_quantity_below_the_first_tier_has_no_price():
    price = PriceTag(product_id=1, currency="USD", list_price=Decimal(9), tiers=(Tier(Decimal(6), Decimal(9)),))

    with pytest.raises(QuantityNotSold, match="order at least 6"):
        line_totals(price=price, quantity=Decimal(5), tax_rate=Decimal(0))
