"""What a buyer gathers, and the way from there to a placed order."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, TextChoices, UniqueConstraint
from django.utils.translation import gettext_lazy as _


class ShoppingList(models.Model):
    """Products a person gathers for one company on one website. Prices are looked up, never kept."""

    website = models.ForeignKey("commerce.Website", on_delete=models.PROTECT, related_name="shopping_lists")
    customer = models.ForeignKey("commerce.Customer", on_delete=models.PROTECT, related_name="shopping_lists")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="shopping_lists")
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("shopping list")
        constraints = [
            UniqueConstraint(fields=["website", "customer", "user"], name="one_shopping_list_per_person_and_company"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.customer}"


class ShoppingListItem(models.Model):
    """So many of one product."""

    shopping_list = models.ForeignKey(ShoppingList, on_delete=models.CASCADE, related_name="items")
    product = models.ForeignKey("commerce.Product", on_delete=models.CASCADE, related_name="+")
    quantity = models.DecimalField(_("quantity"), max_digits=12, decimal_places=4)
    added_at = models.DateTimeField(_("added"))

    class Meta:
        verbose_name = _("shopping list item")
        ordering = ["pk"]
        constraints = [
            UniqueConstraint(fields=["shopping_list", "product"], name="product_once_per_list"),
            CheckConstraint(condition=Q(quantity__gt=0), name="list_item_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} × {self.quantity}"


class CheckoutState(TextChoices):
    OPEN = "open", _("Open")
    """The buyer chooses. An order may be written already, by a try that ended without money."""

    PAYING = "paying", _("Paying")
    """A payment of its order has no outcome yet: nothing may change."""

    PLACED = "placed", _("Placed")
    """The order is placed: paid, held, debit accepted, on terms, or free."""

    ABANDONED = "abandoned", _("Abandoned")
    """Left by its buyer, or its order was canceled: the list starts a new one."""


MOVES: dict[CheckoutState, frozenset[CheckoutState]] = {
    CheckoutState.OPEN: frozenset({CheckoutState.PAYING, CheckoutState.PLACED, CheckoutState.ABANDONED}),
    CheckoutState.PAYING: frozenset({CheckoutState.OPEN, CheckoutState.PLACED}),
    CheckoutState.PLACED: frozenset(),
    CheckoutState.ABANDONED: frozenset(),
}
"""Every legal move; the services below make no other."""


class Checkout(models.Model):
    """One buyer's way from a list to an order. Its lines are the list's until the order is written."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=12, choices=CheckoutState, default=CheckoutState.OPEN)
    website = models.ForeignKey("commerce.Website", on_delete=models.PROTECT, related_name="checkouts")
    customer = models.ForeignKey("commerce.Customer", on_delete=models.PROTECT, related_name="checkouts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="checkouts")
    shopping_list = models.ForeignKey(ShoppingList, on_delete=models.PROTECT, related_name="checkouts")
    order = models.OneToOneField(
        "commerce.Order", null=True, blank=True, on_delete=models.PROTECT, related_name="checkout"
    )
    """Written before money moves; the same row and number through every try."""
    billing_address = models.ForeignKey(
        "commerce.Address", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    shipping_address = models.ForeignKey(
        "commerce.Address", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    shipping_method = models.CharField(_("shipping"), max_length=20, blank=True)
    payment_choice = models.CharField(_("way to pay"), max_length=40, blank=True)
    """Which option of the payment step: "card:3", "saved:3:17", "bank:3", "terms:5". Never a number of a card."""
    po_number = models.CharField(_("PO number"), max_length=50, blank=True)
    notes = models.TextField(_("notes"), blank=True, max_length=2000)
    created_at = models.DateTimeField(_("created"))
    placed_at = models.DateTimeField(_("placed"), null=True, blank=True)

    class Meta:
        verbose_name = _("checkout")
        ordering = ["-created_at"]
        constraints = [
            UniqueConstraint(
                fields=["shopping_list"],
                condition=Q(state__in=["open", "paying"]),
                name="one_unfinished_checkout_per_list",
            ),
            CheckConstraint(
                condition=~Q(state__in=["paying", "placed"]) | Q(order__isnull=False),
                name="checkout_paying_has_an_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} · {self.state}"
