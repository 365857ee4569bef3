"""Every row lock of this room: payable (locked by the payment module) → checkout → order."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from checkout.models import Checkout, ShoppingList
from commerce.models import Order


def checkout(*, pk: int) -> Checkout:
    """One checkout, read again under the lock."""
    return (
        Checkout.objects.select_for_update(of=("self",), no_key=True)
        .select_related("website__organization", "customer__group", "customer__organization", "user", "shopping_list")
        .get(pk=pk)
    )


@dataclass
class HeldOrder:
    """An order under its lock, with the checkouts that wrote it."""

    order: Order
    checkouts: list[Checkout] = field(default_factory=list)


def orders(*, ids: Iterable[int]) -> dict[int, HeldOrder]:
    """Orders and the checkouts that wrote them, by id. The payables in front of them are locked already."""
    wanted = list(ids)
    checkouts = list(Checkout.objects.select_for_update(no_key=True).filter(order__in=wanted).order_by("pk"))
    rows = (
        Order.objects.select_for_update(of=("self",), no_key=True)
        .select_related("customer", "placed_by")
        .filter(pk__in=wanted)
        .order_by("pk")
    )
    held = {order.pk: HeldOrder(order) for order in rows}
    for checkout in checkouts:
        if checkout.order_id is not None:
            held[checkout.order_id].checkouts.append(checkout)
    return held


def shopping_list(*, pk: int) -> ShoppingList:
    """One list, so that two clicks start one checkout."""
    return ShoppingList.objects.select_for_update(of=("self",), no_key=True).select_related("customer").get(pk=pk)
