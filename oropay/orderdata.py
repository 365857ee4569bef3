"""Freezes what goes to the gateway about the goods into JSON, and back. Amounts are kept as exact text."""

from decimal import Decimal
from typing import Any

from commerce.models import Organization
from oropay.gateway.port import OrderData, OrderItem, Payer, PostalAddress

AMOUNTS = ("total", "tax", "shipping", "discount")
ADDRESSES = ("billing_address", "shipping_address", "ship_from")
ITEM_AMOUNTS = ("quantity", "unit_amount", "discount", "tax", "total")


def ships_from(seller: Organization) -> PostalAddress:
    """Where goods leave from: what the seller says of its warehouse, else the address on its documents."""
    return PostalAddress(
        postal_code=seller.ship_from_postal_code or seller.postal_code,
        country=seller.ship_from_country or seller.country,
    )


def freeze(order: OrderData) -> dict[str, Any]:
    """Turn order data into plain JSON values."""
    frozen = dict(vars(order))  # a field at a time: `asdict` copies what is never changed
    for name in AMOUNTS:
        frozen[name] = str(frozen[name])
    frozen["items"] = [vars(item) | {name: str(getattr(item, name)) for name in ITEM_AMOUNTS} for item in order.items]
    for name in (*ADDRESSES, "payer"):
        if frozen[name] is not None:
            frozen[name] = dict(vars(frozen[name]))
    return frozen


def thaw(frozen: dict[str, Any]) -> OrderData:
    """The inverse of `freeze`."""
    data = dict(frozen)
    for name in AMOUNTS:
        data[name] = Decimal(data[name])
    data["items"] = tuple(
        OrderItem(**{**item, **{name: Decimal(item[name]) for name in ITEM_AMOUNTS}}) for item in data["items"]
    )
    for name in ADDRESSES:
        if data.get(name) is not None:
            data[name] = PostalAddress(**data[name])
    if data["payer"] is not None:
        data["payer"] = Payer(**data["payer"])
    return OrderData(**data)
