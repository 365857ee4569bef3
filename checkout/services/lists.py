"""What a person gathers."""

from datetime import datetime
from decimal import Decimal

from django.db.models import F
from django.utils.translation import gettext as _

from checkout.exceptions import ProductNotSold
from checkout.models import ShoppingList, ShoppingListItem
from commerce.models import Customer, Product, User, Website

MOST = Decimal(1_000_000)
"""More of one product than this is a typing mistake."""


def list_add(
    *, user: User, customer: Customer, website: Website, product: Product, quantity: Decimal, now: datetime
) -> ShoppingListItem:
    """Put so many more of a product on the person's list for this company.

    Raises:
        ProductNotSold: not active, of another seller, or a quantity its unit does not allow.
    """
    if not product.is_active or product.organization_id != website.organization_id:
        raise ProductNotSold(name=product.name, why=_("it is not sold here."))
    quantity_check(product=product, quantity=quantity)
    shopping_list, _made = ShoppingList.objects.get_or_create(
        user=user, customer=customer, website=website, defaults={"created_at": now}
    )
    item, made = ShoppingListItem.objects.get_or_create(
        shopping_list=shopping_list, product=product, defaults={"quantity": quantity, "added_at": now}
    )
    if not made:
        quantity_check(product=product, quantity=item.quantity + quantity)
        ShoppingListItem.objects.filter(pk=item.pk).update(quantity=F("quantity") + quantity)
        item.refresh_from_db()
    return item


def list_item_set(*, item: ShoppingListItem, quantity: Decimal) -> ShoppingListItem:
    """Change how many of it.

    Raises:
        ProductNotSold: a quantity its unit does not allow.
    """
    quantity_check(product=item.product, quantity=quantity)
    item.quantity = quantity
    item.save(update_fields=["quantity"])
    return item


def list_item_remove(*, item: ShoppingListItem) -> None:
    """Take a product off the list."""
    item.delete()


def quantity_check(*, product: Product, quantity: Decimal) -> None:
    """Refuse nothing, too much, and parts of what is sold whole."""
    if quantity <= 0:
        raise ProductNotSold(name=product.name, why=_("the quantity must be more than nothing."))
    if quantity > MOST:
        raise ProductNotSold(name=product.name, why=_("that is more than we can deliver."))
    if quantity % Decimal(f"1E-{product.unit.precision}"):
        why = _("it is sold in whole units only.") if product.unit.precision == 0 else _("too many digits.")
        raise ProductNotSold(name=product.name, why=why)
