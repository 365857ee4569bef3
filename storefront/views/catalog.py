"""Finding products: by shelf, by name, by SKU; and one product with its prices."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from commerce.models import Category, Product
from commerce.pricing import PriceTag, price_tags
from storefront import pictures
from storefront.middleware import ShopRequest, seat_now

PER_PAGE = 24


@dataclass(frozen=True)
class Card:
    """A product with this customer's price; without a price it is not for sale here."""

    product: Product
    tag: PriceTag | None


def cards_of(request: ShopRequest, *, products: Sequence[Product]) -> list[Card]:
    seat = seat_now(request)
    tags = price_tags(
        customer=seat.customer if seat else None, website=request.website, products=products, now=timezone.now()
    )
    return [Card(product=product, tag=tags.get(product.pk)) for product in products]


@require_safe
def catalog(request: ShopRequest) -> HttpResponse:
    organization_id = request.website.organization_id
    categories = list(Category.objects.filter(organization=organization_id).order_by("position", "name"))
    chosen = next((row for row in categories if row.slug == request.GET.get("category")), None)
    products = Product.objects.filter(organization=organization_id, is_active=True).select_related("unit", "category")
    if chosen is not None:
        below = {chosen.pk} | {row.pk for row in categories if row.parent_id == chosen.pk}
        products = products.filter(category__in=below)
    words = request.GET.get("q", "").strip()[:80]
    for word in words.split():
        products = products.filter(Q(name__icontains=word) | Q(sku__icontains=word))
    page = Paginator(products.order_by("name", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "storefront/catalog/catalog.html",
        {
            "section": "catalog",
            "categories": [row for row in categories if row.parent_id is None],
            "children": [row for row in categories if chosen and row.parent_id == (chosen.parent_id or chosen.pk)],
            "chosen": chosen,
            "words": words,
            "page": page,
            "cards": cards_of(request, products=list(page.object_list)),
        },
    )


@require_safe
def product(request: ShopRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(
        Product.objects.select_related("unit", "category__parent"),
        organization=request.website.organization_id,
        slug=slug,
        is_active=True,
    )
    card = cards_of(request, products=[found])[0]
    return render(request, "storefront/catalog/product.html", {"section": "catalog", "card": card, "product": found})


@require_safe
@cache_control(public=True, max_age=86400)
def picture(request: ShopRequest, slug: str) -> HttpResponse:
    """The product's own picture, else a drawing made from the SKU: the same product always looks the same."""
    found = get_object_or_404(
        Product.objects.select_related("category", "picture"), organization=request.website.organization_id, slug=slug
    )
    if found.picture is not None and found.picture.content_type.startswith("image/"):
        return HttpResponse(bytes(found.picture.content), content_type=found.picture.content_type)
    shelf = found.category.slug if found.category else ""
    return HttpResponse(pictures.draw(sku=found.sku, shelf=shelf), content_type="image/svg+xml")
