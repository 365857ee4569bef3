"""Every row lock of this room: payable (locked by the payment module) → order → checkout.

A checkout alone is locked to be changed or to write its first order, which nobody else knows yet.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from checkout.models import Checkout, ShoppingList
from commerce.models import Order
from plumbing.compiled import compiled


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
    has_checkouts: bool
    """A checkout never leaves its order; staff write orders without one."""

    @cached_property
    def checkouts(self) -> list[Checkout]:
        """Locked and read by whoever wants them first."""
        if not self.has_checkouts:
            return []
        return list(Checkout.objects.select_for_update(no_key=True).filter(order=self.order).order_by("pk"))


def orders(*, ids: Iterable[int]) -> dict[int, HeldOrder]:
    """Orders by id. The payables in front of them are locked already."""
    return {order.pk: HeldOrder(order, has_checkouts=order.has_checkouts) for order in _orders(ids=ids)}


@compiled
def _orders(*, ids: Iterable[int]) -> QuerySet[Any]:
    return (
        Order.objects.select_for_update(of=("self",), no_key=True)
        .select_related("customer", "placed_by")
        .annotate(has_checkouts=Exists(Checkout.objects.filter(order=OuterRef("pk"))))
        .filter(pk__in=ids)
        .order_by("pk")
    )


def shopping_list(*, pk: int) -> ShoppingList:
    """One list, so that two clicks start one checkout."""
    return ShoppingList.objects.select_for_update(of=("self",), no_key=True).select_related("customer").get(pk=pk)
