"""The shopping list: adding without leaving the page, changing, going to checkout."""

from dataclasses import dataclass
from decimal import Decimal

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from checkout.exceptions import CheckoutError, ProductNotSold
from checkout.models import ShoppingListItem
from checkout.selectors import list_of, list_priced, unfinished_of
from checkout.services import list_add, list_item_remove, list_item_set
from commerce.models import Product
from plumbing.cardnumbers import REFUSAL, holds_card_number
from storefront.context import seat_permissions
from storefront.middleware import ShopRequest, seat_now
from storefront.templatetags.shop import quantity as quantity_text
from storefront.typed import COMMA_MISPLACED, comma_misplaced, number_typed
from storefront.views.home import no_company


def quantity_of(text: str, *, name: str) -> Decimal:
    """A quantity as typed.

    Raises:
        ProductNotSold: not a number, or one of a card.
    """
    if holds_card_number(text):
        raise ProductNotSold(name=name, why=str(REFUSAL))
    value = number_typed(text)
    if value is None and comma_misplaced(text):
        raise ProductNotSold(name=name, why=str(COMMA_MISPLACED))
    if value is None:
        raise ProductNotSold(name=name, why=_("“{text}” is not a quantity.").format(text=text[:20]))
    return value


@dataclass(frozen=True)
class Refused:
    """A quantity that was not taken: which item's, what was typed, and why not."""

    item_id: int
    typed: str
    why: str


@login_required
@require_safe
def shopping_list(request: ShopRequest) -> HttpResponse:
    return _page(request)


def _page(request: ShopRequest, *, refused: Refused | None = None) -> HttpResponse:
    seat = seat_now(request)
    if seat is None:
        return no_company(request)
    found = list_of(user=request.user, customer=seat.customer, website=request.website)
    priced = (
        list_priced(shopping_list=found, website=request.website, customer=seat.customer, now=timezone.now())
        if found
        else None
    )
    request.list_count = len(priced.lines) if priced else 0
    context = {
        "section": "list",
        "priced": priced,
        "refused": refused,
        "may_order": seat_permissions(request)["create_order"],
        "unfinished": unfinished_of(shopping_list=found) if found else None,
    }
    partial = request.htmx and not request.htmx.boosted  # type: ignore[attr-defined]
    return render(
        request,
        "storefront/lists/_lines.html" if partial else "storefront/lists/list.html",
        context,
        status=422 if refused and not partial else 200,  # htmx shows no answer that is an error
    )


@login_required
@require_POST
def add(request: ShopRequest, product_id: int) -> HttpResponse:
    """Put a product on the list; with htmx the page stays and says what happened."""
    seat = seat_now(request)
    if seat is None:
        return no_company(request)
    product = get_object_or_404(
        Product.objects.select_related("unit"), pk=product_id, organization=request.website.organization_id
    )
    item, problem = None, ""
    try:
        amount = quantity_of(request.POST.get("quantity", "1"), name=product.name)
        item = list_add(
            user=request.user,
            customer=seat.customer,
            website=request.website,
            product=product,
            quantity=amount,
            now=timezone.now(),
        )
    except CheckoutError as error:
        problem = str(error)
    if request.htmx:
        count = item.shopping_list.items.count() if item else None
        return render(
            request,
            "storefront/lists/_added.html",
            {"item": item, "product": product, "problem": problem, "count": count},
        )
    if item is None:
        messages.error(request, problem)
    else:
        messages.success(
            request,
            _("{name}: {quantity} on your list.").format(name=product.name, quantity=quantity_text(item.quantity)),
        )
    return redirect("storefront:product", slug=product.slug)


@login_required
@require_POST
def change(request: ShopRequest, item_id: int) -> HttpResponse:
    """Another quantity, or off the list."""
    seat = seat_now(request)
    item = get_object_or_404(
        ShoppingListItem.objects.select_related("product__unit"),
        pk=item_id,
        shopping_list__user=request.user,
        shopping_list__customer=seat.customer_id if seat else None,
        shopping_list__website=request.website,
    )
    refused = None
    typed = request.POST.get("quantity", "")
    try:
        if "remove" in request.POST:
            list_item_remove(item=item)
        else:
            list_item_set(item=item, quantity=quantity_of(typed, name=item.product.name))
    except CheckoutError as error:
        shown = "" if holds_card_number(typed) else typed[:20]
        refused = Refused(item_id=item_id, typed=shown, why=str(error))
    if request.htmx or refused:
        return _page(request, refused=refused)
    return redirect("storefront:list")
