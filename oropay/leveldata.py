"""Level 2 and 3 data of card payments: how much may be sent, and what is missing for more. Pure, no I/O.

Card networks charge less for a business card when they are told what was bought, but only if every sum agrees. Sums
that disagree lower the level sent; they never change the amount. What is merely missing is named, so that somebody can
fill it in for the next payment.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from commerce.money import exponent, rounded
from oropay.gateway.port import DataLevel, OrderData, OrderItem

ZERO = Decimal(0)
LONGEST_CODE = 50
"""What the gateway takes of a product code; a longer one is left out, because half of it names something else."""


class Place(StrEnum):
    """Where a person fills in what is missing."""

    NOWHERE = ""
    """It follows from the payment itself."""
    DOCUMENT = "document"
    """The order or invoice."""
    CUSTOMER = "customer"
    SELLER = "seller"
    PRODUCT = "product"
    UNIT = "unit"
    """The product's unit."""


class Need(StrEnum):
    """What a level asks for. Stored with payments: never renamed."""

    WHOLE = "whole"
    HEAD_FITS = "head_fits"
    TAX = "tax"
    PO_NUMBER = "po_number"
    SHIP_TO = "ship_to"
    SHIP_FROM = "ship_from"
    LINES = "lines"
    LINES_SUM = "lines_sum"
    LINE_TOTAL = "line_total"
    UNIT_PRICE = "unit_price"
    QUANTITY = "quantity"
    PRODUCT_CODE = "product_code"
    DESCRIPTION = "description"
    COMMODITY_CODE = "commodity_code"
    UNIT = "unit"


Found = Sequence[str]
"""The SKUs of the lines that lack it; one empty text when the whole document does; nothing when all is well."""


@dataclass(frozen=True)
class Requirement:
    """One thing a level asks for. Where a sum disagrees, `lowers` keeps the level from being sent at all."""

    level: DataLevel
    need: Need
    lowers: bool
    name: str | Promise
    """What it is called in a list of what is there."""
    sentence: str | Promise
    """What is wrong, to be read after the number of the level."""
    place: Place
    missing: Callable[[OrderData, Decimal], Found]

    @property
    def sent_from(self) -> DataLevel | None:
        """The lowest level at which the gateway is told of it; None: never, its API has no field for it."""
        return SENT_FROM.get(self.need, self.level)


@dataclass(frozen=True)
class Gap:
    """One requirement that is not met, and on which lines."""

    need: Need
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assessment:
    """What may be sent and what is missing for more."""

    level: DataLevel
    gaps: tuple[Gap, ...] = ()


def assess(*, order: OrderData, amount: Decimal) -> Assessment:
    """The highest level whose sums agree with `amount` (major units), and everything that is missing for Level 3.

    Source: Σ lines + tax + freight − discount = amount, or the next lower level (card networks' commercial data).
    """
    gaps = []
    level = DataLevel.THREE
    for requirement in REQUIREMENTS:
        lines = tuple(requirement.missing(order, amount))
        if not lines:
            continue
        gaps.append(Gap(need=requirement.need, lines=tuple(line for line in lines if line)))
        if requirement.lowers:
            level = min(level, DataLevel(requirement.level - 1))
    return Assessment(level=level, gaps=tuple(gaps))


def combined(orders: Sequence[OrderData]) -> OrderData:
    """What one payment for several documents says about the goods: all of them, named after the first.

    A PO number is kept only if it is the number of all of them.
    """
    first = orders[0]
    if len(orders) == 1:
        return first
    numbers = {order.po_number for order in orders}
    return replace(
        first,
        total=sum((order.total for order in orders), ZERO),
        tax=sum((order.tax for order in orders), ZERO),
        shipping=sum((order.shipping for order in orders), ZERO),
        discount=sum((order.discount for order in orders), ZERO),
        po_number=first.po_number if len(numbers) == 1 else "",
        tax_exempt=all(order.tax_exempt for order in orders),
        items=tuple(item for order in orders for item in order.items),
    )


def store(gaps: Sequence[Gap]) -> list[dict[str, Any]]:
    """Gaps as plain JSON values, as a payment keeps them."""
    return [{"need": gap.need.value, "lines": list(gap.lines)} for gap in gaps]


def read(stored: Sequence[Mapping[str, Any]]) -> list[Gap]:
    """The inverse of `store`."""
    return [Gap(need=Need(one["need"]), lines=tuple(one["lines"])) for one in stored]


# --- the questions, one a requirement ----------------------------------------------------------------------------


def _if(missing: bool) -> Found:
    return ("",) if missing else ()


def _on(order: OrderData, missing: Callable[[OrderItem], bool]) -> Found:
    return [item.reference or item.label for item in order.items if missing(item)]


def _fits(amount: Decimal, currency: str) -> bool:
    """Whether the currency can express it without rounding, and it is not negative."""
    return amount.is_finite() and amount >= 0 and amount == amount.quantize(Decimal(1).scaleb(-exponent(currency)))


def _not_whole(order: OrderData, amount: Decimal) -> Found:
    return _if(order.total != amount)


def _head_unfit(order: OrderData, amount: Decimal) -> Found:
    parts = (order.tax, order.shipping, order.discount)
    return _if(not all(_fits(part, order.currency) for part in parts) or order.tax + order.shipping > order.total)


def _no_tax(order: OrderData, amount: Decimal) -> Found:
    return _if(order.tax == 0 and not order.tax_exempt)


def _no_po_number(order: OrderData, amount: Decimal) -> Found:
    return _if(not 0 < len(order.po_number.strip()) <= LONGEST_CODE)


def _no_ship_to(order: OrderData, amount: Decimal) -> Found:
    return _if(order.shipping_address is None or not order.shipping_address.postal_code.strip())


def _no_ship_from(order: OrderData, amount: Decimal) -> Found:
    return _if(order.ship_from is None or not order.ship_from.postal_code.strip())


def _no_lines(order: OrderData, amount: Decimal) -> Found:
    return _if(not order.items)


def _lines_disagree(order: OrderData, amount: Decimal) -> Found:
    """Lines + freight + tax on no line − discount on no line; what is on no line cannot be less than nothing."""
    tax_elsewhere = order.tax - sum((item.tax for item in order.items), ZERO)
    discount_elsewhere = order.discount - sum((item.discount for item in order.items), ZERO)
    lines = sum((item.total for item in order.items), ZERO)
    adds_up = lines + order.shipping + tax_elsewhere - discount_elsewhere == order.total
    return _if(bool(order.items) and not (adds_up and tax_elsewhere >= 0 and discount_elsewhere >= 0))


def _line_disagrees(order: OrderData, amount: Decimal) -> Found:
    def wrong(item: OrderItem) -> bool:
        subtotal = rounded(item.quantity * item.unit_amount, order.currency)
        return not _fits(item.total, order.currency) or subtotal - item.discount + item.tax != item.total

    return _on(order, wrong)


def _price_unfit(order: OrderData, amount: Decimal) -> Found:
    def unfit(item: OrderItem) -> bool:
        return not all(_fits(one, order.currency) for one in (item.unit_amount, item.tax, item.discount))

    return _on(order, unfit)


def _no_quantity(order: OrderData, amount: Decimal) -> Found:
    return _on(order, lambda item: item.quantity <= 0)


def _no_product_code(order: OrderData, amount: Decimal) -> Found:
    return _on(order, lambda item: not 0 < len(item.reference.strip()) <= LONGEST_CODE)


def _no_description(order: OrderData, amount: Decimal) -> Found:
    return _on(order, lambda item: not item.label.strip())


def _no_commodity_code(order: OrderData, amount: Decimal) -> Found:
    return _on(order, lambda item: not item.commodity_code.strip())


def _no_unit(order: OrderData, amount: Decimal) -> Found:
    return _on(order, lambda item: not item.unit.strip())


TWO, THREE = DataLevel.TWO, DataLevel.THREE

REQUIREMENTS: tuple[Requirement, ...] = (
    Requirement(
        TWO,
        Need.WHOLE,
        True,
        _("Pays the documents in full"),
        _("the payment is for another amount than its documents come to, so their tax and lines are not its own"),
        Place.NOWHERE,
        _not_whole,
    ),
    Requirement(
        TWO,
        Need.HEAD_FITS,
        True,
        _("Tax, freight and discount fit"),
        _("tax, freight or discount does not fit the currency, or is more than the total"),
        Place.DOCUMENT,
        _head_unfit,
    ),
    Requirement(
        TWO,
        Need.TAX,
        False,
        _("Tax amount"),
        _("no tax, and the customer is not marked as exempt"),
        Place.CUSTOMER,
        _no_tax,
    ),
    Requirement(
        TWO,
        Need.PO_NUMBER,
        False,
        _("PO number"),
        _("no PO number, or not one number for all its documents"),
        Place.DOCUMENT,
        _no_po_number,
    ),
    Requirement(
        TWO,
        Need.SHIP_TO,
        False,
        _("Ship-to postal code"),
        _("the delivery address has no postal code"),
        Place.DOCUMENT,
        _no_ship_to,
    ),
    Requirement(
        TWO,
        Need.SHIP_FROM,
        False,
        _("Ship-from postal code"),
        _("the seller has no postal code it ships from"),
        Place.SELLER,
        _no_ship_from,
    ),
    Requirement(THREE, Need.LINES, True, _("Lines"), _("the document has no lines"), Place.DOCUMENT, _no_lines),
    Requirement(
        THREE,
        Need.LINES_SUM,
        True,
        _("Lines, freight, tax and discount give the total"),
        _("lines + freight + tax − discount is not the total"),
        Place.DOCUMENT,
        _lines_disagree,
    ),
    Requirement(
        THREE,
        Need.LINE_TOTAL,
        True,
        _("Line totals"),
        _("quantity × unit price − discount + tax is not the line's total"),
        Place.DOCUMENT,
        _line_disagrees,
    ),
    Requirement(
        THREE,
        Need.UNIT_PRICE,
        True,
        _("Unit prices, discounts and tax of lines"),
        _("a price, discount or tax is finer than the currency and cannot be sent exactly"),
        Place.DOCUMENT,
        _price_unfit,
    ),
    Requirement(
        THREE,
        Need.QUANTITY,
        True,
        _("Quantities"),
        _("a quantity is not more than nothing"),
        Place.DOCUMENT,
        _no_quantity,
    ),
    Requirement(
        THREE,
        Need.PRODUCT_CODE,
        False,
        _("Product codes"),
        _("no SKU, or one of more than 50 characters"),
        Place.DOCUMENT,
        _no_product_code,
    ),
    Requirement(
        THREE, Need.DESCRIPTION, False, _("Descriptions"), _("no description"), Place.DOCUMENT, _no_description
    ),
    Requirement(
        THREE,
        Need.COMMODITY_CODE,
        False,
        _("Commodity codes"),
        _("no commodity code"),
        Place.PRODUCT,
        _no_commodity_code,
    ),
    Requirement(THREE, Need.UNIT, False, _("Units of measure"), _("no unit code"), Place.UNIT, _no_unit),
)
"""Everything Level 2 and 3 ask for, in the order people read it. Level 1 asks for nothing but the amount."""

SENT_FROM: Mapping[Need, DataLevel | None] = {Need.SHIP_TO: DataLevel.ONE, Need.SHIP_FROM: None}
"""What is told at another level than the one that asks for it. See docs/assumptions.md for where goods leave from."""
