"""Every row lock of this room: payable (locked by the payment module) → checkout → order."""

from collections.abc import Iterable

from checkout.models import Checkout, ShoppingList
from commerce.models import Order


def checkout(*, pk: int) -> Checkout:
    """One checkout, read again under the lock."""
    return (
        Checkout.objects.select_for_update(of=("self",), no_key=True)
        .select_related("website__organization", "customer__group", "customer__organization", "user", "shopping_list")
        .get(pk=pk)
    )


def orders(*, ids: Iterable[int]) -> None:
    """Orders and the checkouts that wrote them, by id. The payables in front of them are locked already."""
    wanted = list(ids)
    list(Checkout.objects.select_for_update(no_key=True).filter(order__in=wanted).order_by("pk").values_list("pk"))
    list(Order.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk").values_list("pk"))


def shopping_list(*, pk: int) -> ShoppingList:
    """One list, so that two clicks start one checkout."""
    return ShoppingList.objects.select_for_update(of=("self",), no_key=True).select_related("customer").get(pk=pk)
