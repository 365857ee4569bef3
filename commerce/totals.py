"""What a line and an order add up to. Pure arithmetic, used by the review page and by the order that follows it.

Each line is rounded once, after tax; the order is the sum of its rounded lines, plus shipping. Shipping is not taxed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from commerce.models import Customer, Website
from commerce.money import rounded
from commerce.pricing import PriceTag


@dataclass(frozen=True)
class LineTotals:
    """One line in major units. Prices are per unit and may be finer than the currency; the rest is rounded."""

    list_price: Decimal
    unit_price: Decimal
    subtotal: Decimal
    """Quantity at list price."""
    discount: Decimal
    """List price less tier price, over the quantity."""
    tax: Decimal
    total: Decimal
    """What is paid for the line: subtotal − discount + tax."""


@dataclass(frozen=True)
class OrderTotals:
    """An order in major units: total = subtotal − discount + shipping + tax."""

    subtotal: Decimal
    discount: Decimal
    shipping: Decimal
    tax: Decimal
    total: Decimal


def tax_rate_for(*, website: Website, customer: Customer) -> Decimal:
    """The rate an order is taxed with: the website's, or none for a customer with an exemption certificate."""
    return Decimal(0) if customer.tax_exemption else website.tax_rate


def line_totals(*, price: PriceTag, quantity: Decimal, tax_rate: Decimal) -> LineTotals:
    """Price one line. The tax is what rounding after tax leaves above the rounded net, so the line adds up exactly.

    Raises:
        QuantityNotSold: no price list has a price for so few.
    """
    list_price, unit_price = price.list_price_for(quantity), price.price_for(quantity)
    subtotal = rounded(list_price * quantity, price.currency)
    net = rounded(unit_price * quantity, price.currency)
    total = rounded(unit_price * quantity * (1 + tax_rate), price.currency)
    return LineTotals(
        list_price=list_price,
        unit_price=unit_price,
        subtotal=subtotal,
        discount=subtotal - net,
        tax=total - net,
        total=total,
    )


def order_totals(*, lines: Sequence[LineTotals], shipping: Decimal, currency: str) -> OrderTotals:
    """Add up rounded lines and a shipping amount, which is rounded to the currency."""
    zero = rounded(Decimal(0), currency)
    shipping = rounded(shipping, currency)
    return OrderTotals(
        subtotal=sum((line.subtotal for line in lines), zero),
        discount=sum((line.discount for line in lines), zero),
        shipping=shipping,
        tax=sum((line.tax for line in lines), zero),
        total=sum((line.total for line in lines), zero) + shipping,
    )
