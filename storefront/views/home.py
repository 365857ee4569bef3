"""The first page: what is open and where to go on."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from checkout.selectors import list_of, unfinished_of
from commerce.models import Category, OrderState, Product
from commerce.selectors import orders_visible_to
from storefront.context import seat_permissions
from storefront.middleware import ShopRequest, seat_now
from storefront.views.catalog import cards_of

FOR_EVERY_COMPANY = frozenset({"/", "/catalog/", "/list/", "/orders/", "/invoices/", "/payment-methods/"})
"""Pages that exist whichever company a person acts for."""


def home(request: ShopRequest) -> HttpResponse:
    seat = seat_now(request)
    categories = Category.objects.filter(organization=request.website.organization_id, parent=None).order_by(
        "position", "name"
    )
    if seat is None:
        products = Product.objects.filter(organization=request.website.organization_id, is_active=True)
        cards = cards_of(request, products=list(products.select_related("unit", "category").order_by("name")[:8]))
        return render(request, "storefront/home.html", {"categories": categories, "cards": cards})
    may = seat_permissions(request)
    orders = (
        list(
            orders_visible_to(user=request.user)
            .filter(customer=seat.customer_id)
            .select_related("payable")
            .order_by("-created_at")[:5]
        )
        if may["view_order"]
        else []
    )
    shopping_list = list_of(user=request.user, customer=seat.customer, website=request.website)
    unfinished = unfinished_of(shopping_list=shopping_list) if shopping_list else None
    return render(
        request,
        "storefront/dashboard.html",
        {
            "categories": categories,
            "orders": orders,
            "unfinished": unfinished,
            "awaiting": [order for order in orders if order.state == OrderState.AWAITING_PAYMENT],
        },
    )


@login_required
@require_POST
def seat_choose(request: ShopRequest) -> HttpResponse:
    """Act for another of this person's companies from now on."""
    wanted = request.POST.get("customer", "")
    if wanted.isdecimal() and any(seat.customer_id == int(wanted) for seat in request.seats):
        request.session["customer_id"] = int(wanted)
    back = request.POST.get("next", "")
    # A page of one company's document would be a 404 for the other.
    return redirect(back if back in FOR_EVERY_COMPANY else "storefront:home")


def no_company(request: HttpRequest) -> HttpResponse:
    """For a person who logged in but has no seat on this website."""
    return render(request, "storefront/no_company.html", status=403)
