"""What is being paid for, and by whom."""

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum


class DataLevel(IntEnum):
    """How much about the goods a card payment carries; more of it makes business cards cheaper to take."""

    ONE = 1
    """What it is called and what it costs."""
    TWO = 2
    """Also PO number, tax and freight."""
    THREE = 3
    """Also every line."""


@dataclass(frozen=True)
class PostalAddress:
    """As fraud filters and card holders' banks compare it."""

    name: str = ""
    company: str = ""
    line_1: str = ""
    line_2: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    phone: str = ""


@dataclass(frozen=True)
class Payer:
    """Who pays, as the gateway is told."""

    reference: str
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True)
class OrderItem:
    """One line of what is paid, in major units."""

    reference: str
    """SKU."""
    label: str
    quantity: Decimal
    unit: str
    unit_amount: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal
    """What the buyer pays for the line: quantity × unit amount − discount + tax. Major units, as everywhere here."""
    commodity_code: str = ""


@dataclass(frozen=True)
class OrderData:
    """What is being paid for; goes with every payment."""

    reference: str
    """The buyer's name for it: order or invoice number."""
    description: str
    currency: str
    total: Decimal
    tax: Decimal = Decimal(0)
    shipping: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    """All that was taken off, the discounts of the lines included."""
    po_number: str = ""
    tax_exempt: bool = False
    """No tax because the buyer is exempt, not because nobody computed it."""
    items: tuple[OrderItem, ...] = ()
    billing_address: PostalAddress | None = None
    shipping_address: PostalAddress | None = None
    ship_from: PostalAddress | None = None
    payer: Payer | None = None
    ip_address: str = ""
