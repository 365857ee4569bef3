"""Freezes what goes to the gateway about the goods into JSON, and back. Amounts are kept as exact text."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from oropay.gateway.port import OrderData, OrderItem, Payer, PostalAddress

AMOUNTS = ("total", "tax", "shipping", "discount")
ITEM_AMOUNTS = ("quantity", "unit_amount", "discount", "tax", "total")


def freeze(order: OrderData) -> dict[str, Any]:
    """Turn order data into plain JSON values."""
    frozen = asdict(order)
    for name in AMOUNTS:
        frozen[name] = str(frozen[name])
    for item in frozen["items"]:
        for name in ITEM_AMOUNTS:
            item[name] = str(item[name])
    frozen["items"] = list(frozen["items"])
    return frozen


def thaw(frozen: dict[str, Any]) -> OrderData:
    """The inverse of `freeze`."""
    data = dict(frozen)
    for name in AMOUNTS:
        data[name] = Decimal(data[name])
    data["items"] = tuple(
        OrderItem(**{**item, **{name: Decimal(item[name]) for name in ITEM_AMOUNTS}}) for item in data["items"]
    )
    for name, kind in (("billing_address", PostalAddress), ("shipping_address", PostalAddress), ("payer", Payer)):
        if data[name] is not None:
            data[name] = kind(**data[name])
    return OrderData(**data)
