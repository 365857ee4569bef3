"""What an invoice line and an invoice add up to. Pure arithmetic: each line is rounded once, after tax."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from commerce.models import OrderLine, Product
from commerce.money import rounded

ZERO = Decimal(0)


@dataclass(frozen=True)
class LineAsked:
    """One line as a person writes it. Prices are per unit, `discount` is off the whole line; major units."""

    name: str
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal = ZERO
    tax_rate: Decimal = ZERO
    sku: str = ""
    unit: str = ""
    commodity_code: str = ""
    product: Product | None = None


@dataclass(frozen=True)
class Line:
    """One line as it is billed: total = subtotal − discount + tax, where subtotal is at list price."""

    name: str
    quantity: Decimal
    list_price: Decimal
    unit_price: Decimal
    subtotal: Decimal
    discount: Decimal
    tax_rate: Decimal
    tax: Decimal
    total: Decimal
    sku: str = ""
    unit: str = ""
    commodity_code: str = ""
    product_id: int | None = None
    order_line_id: int | None = None


@dataclass(frozen=True)
class Totals:
    """A document in major units: total = subtotal − discount + shipping + tax."""

    subtotal: Decimal
    discount: Decimal
    shipping: Decimal
    tax: Decimal
    total: Decimal


def line_from_asked(asked: LineAsked, *, currency: str) -> Line:
    """Price one hand-written line. The tax is what rounding after tax leaves above the rounded net."""
    subtotal = rounded(asked.unit_price * asked.quantity, currency)
    discount = rounded(asked.discount, currency)
    net = subtotal - discount
    total = rounded(net * (1 + asked.tax_rate), currency)
    return Line(
        name=asked.name,
        quantity=asked.quantity,
        list_price=asked.unit_price,
        unit_price=asked.unit_price,
        subtotal=subtotal,
        discount=discount,
        tax_rate=asked.tax_rate,
        tax=total - net,
        total=total,
        sku=asked.sku,
        unit=asked.unit,
        commodity_code=asked.commodity_code,
        product_id=asked.product.pk if asked.product else None,
    )


def line_from_order(line: OrderLine) -> Line:
    """Bill an order's line exactly as it was ordered; nothing is computed anew."""
    return Line(
        name=line.name,
        quantity=line.quantity,
        list_price=line.list_price,
        unit_price=line.unit_price,
        subtotal=line.total - line.tax + line.discount,
        discount=line.discount,
        tax_rate=line.tax_rate,
        tax=line.tax,
        total=line.total,
        sku=line.sku,
        unit=line.unit,
        commodity_code=line.commodity_code,
        product_id=line.product_id,
        order_line_id=line.pk,
    )


def totals_of(*, lines: Sequence[Line], shipping: Decimal, currency: str) -> Totals:
    """Add up rounded lines and a shipping amount, which is rounded to the currency and not taxed."""
    zero = rounded(ZERO, currency)
    shipping = rounded(shipping, currency)
    return Totals(
        subtotal=sum((line.subtotal for line in lines), zero),
        discount=sum((line.discount for line in lines), zero),
        shipping=shipping,
        tax=sum((line.tax for line in lines), zero),
        total=sum((line.total for line in lines), zero) + shipping,
    )
