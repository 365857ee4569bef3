"""What somebody is about to order, as plain frozen values: read once by checkout, copied into the order's rows."""

from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any, Self

from commerce.models import Address, Customer, PaymentTerm, Product, User, Website
from commerce.pricing import PriceTag
from commerce.totals import LineTotals, OrderTotals, line_totals, order_totals


@dataclass(frozen=True)
class AddressSnapshot:
    """An address as it was when ordered. Stored as JSON with exactly these keys."""

    company: str = ""
    name: str = ""
    line_1: str = ""
    line_2: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    phone: str = ""

    @classmethod
    def of(cls, address: Address) -> Self:
        return cls(**{field.name: getattr(address, field.name) for field in fields(cls)})

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Read a stored snapshot; keys that a later release no longer knows are ignored."""
        return cls(**{field.name: str(value.get(field.name, "")) for field in fields(cls)})

    def as_json(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True)
class LineDraft:
    """So many of one product, at the price the buyer was shown."""

    product: Product
    quantity: Decimal
    price: PriceTag
    tax_rate: Decimal

    @property
    def totals(self) -> LineTotals:
        return line_totals(price=self.price, quantity=self.quantity, tax_rate=self.tax_rate)


@dataclass(frozen=True)
class OrderDraft:
    """Everything an order copies. `shipping` is in major units of the website's currency and is not taxed."""

    website: Website
    customer: Customer
    placed_by: User
    lines: tuple[LineDraft, ...]
    billing_address: AddressSnapshot
    shipping_address: AddressSnapshot
    shipping_method: str = ""
    shipping: Decimal = Decimal(0)
    po_number: str = ""
    notes: str = ""
    payment_term: PaymentTerm | None = None

    @property
    def currency(self) -> str:
        return self.website.currency

    @property
    def totals(self) -> OrderTotals:
        return order_totals(
            lines=[line.totals for line in self.lines], shipping=self.shipping, currency=self.website.currency
        )
