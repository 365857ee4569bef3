"""What is sold, and what it costs for whom."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from backoffice.admin.organizations import OwnedAdmin
from backoffice.display import moment
from backoffice.forms.base import OfficeForm, RowForm
from backoffice.scoping import ScopedMixin, ScopedRelatedFilter
from backoffice.unfolded import AnyTabularInline, display
from commerce.models import Category, Price, PriceList, PriceListAssignment, Product, ProductUnit


class SameSellerForm(OfficeForm):
    """Refuses to tie rows of different sellers together."""

    same: tuple[str, ...] = ()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        organization = cleaned.get("organization") or getattr(self.instance, "organization", None)
        for name in self.same:
            other = cleaned.get(name)
            if other is not None and organization is not None and other.organization_id != organization.pk:
                self.add_error(name, gettext_lazy("This belongs to another organization."))
        return cleaned


class ProductForm(SameSellerForm):
    same = ("category", "unit")
    card_numbers_allowed = frozenset({"sku"})

    class Meta:
        model = Product
        fields = [
            "organization",
            "sku",
            "name",
            "slug",
            "description",
            "category",
            "unit",
            "commodity_code",
            "is_active",
        ]


class CategoryForm(SameSellerForm):
    same = ("parent",)

    class Meta:
        model = Category
        fields = ["organization", "parent", "name", "slug", "position"]


class ProductPriceInline(ScopedMixin, AnyTabularInline):
    organization_path = "product__organization"
    model = Price
    extra = 0
    tab = True
    fields = ["price_list", "unit", "min_quantity", "amount"]
    ordering = ["price_list", "min_quantity"]


@admin.register(Product)
class ProductAdmin(OwnedAdmin):
    empty = gettext_lazy("A product appears here when somebody adds it; buyers see it once it has a price.")
    form = ProductForm
    inlines = [ProductPriceInline]
    list_display = ["sku", "name", "category", "unit", "commodity_code", "is_active"]
    list_filter = ["is_active", ("category", ScopedRelatedFilter), ("organization", ScopedRelatedFilter)]
    search_fields = ["sku", "name"]
    list_select_related = ["category", "unit"]
    prepopulated_fields = {"slug": ["name"]}
    ordering = ["sku"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Orders name it: it is switched off, never deleted."""
        return False


@admin.register(Category)
class CategoryAdmin(OwnedAdmin):
    empty = gettext_lazy("A category appears here when somebody adds it; products choose among them.")
    form = CategoryForm
    list_display = ["name", "parent", "position", "organization"]
    list_filter = [("organization", ScopedRelatedFilter)]
    search_fields = ["name"]
    list_select_related = ["parent", "organization"]
    prepopulated_fields = {"slug": ["name"]}
    ordering = ["position", "name"]


@admin.register(ProductUnit)
class ProductUnitAdmin(OwnedAdmin):
    empty = gettext_lazy("A unit appears here when somebody adds it; products choose among them.")
    list_display = ["code", "name", "uom_code", "precision", "organization"]
    search_fields = ["code", "name"]
    list_select_related = ["organization"]


class PriceInline(ScopedMixin, AnyTabularInline):
    organization_path = "price_list__organization"
    model = Price
    extra = 0
    tab = True
    per_page = 50
    fields = ["product", "unit", "min_quantity", "amount"]
    autocomplete_fields = ["product"]
    ordering = ["product__sku", "min_quantity"]


class AssignmentForm(RowForm):
    class Meta:
        model = PriceListAssignment
        fields = ["website", "group", "customer", "position"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        chosen = [name for name in ("website", "group", "customer") if cleaned.get(name)]
        if len(chosen) != 1:
            raise forms.ValidationError(gettext_lazy("Choose exactly one of website, group and customer."))
        organization_id = self.instance.price_list.organization_id if self.instance.price_list_id else None
        if organization_id is not None and cleaned[chosen[0]].organization_id != organization_id:
            self.add_error(chosen[0], gettext_lazy("This belongs to another organization."))
        return cleaned


class AssignmentInline(ScopedMixin, AnyTabularInline):
    organization_path = "price_list__organization"
    model = PriceListAssignment
    form = AssignmentForm
    extra = 0
    tab = True
    autocomplete_fields = ["customer"]
    verbose_name_plural = gettext_lazy("For whom")


@admin.register(PriceList)
class PriceListAdmin(OwnedAdmin):
    empty = gettext_lazy("A price list appears here when somebody adds it; it counts once it says for whom.")
    list_display = ["name", "currency", "starts", "ends", "prices_count", "is_active"]
    list_filter = ["is_active", "currency", ("organization", ScopedRelatedFilter)]
    search_fields = ["name"]
    inlines = [AssignmentInline, PriceInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PriceList]:
        rows: QuerySet[PriceList] = super().get_queryset(request)
        return rows.annotate(price_count=Count("prices"))

    @display(description=gettext_lazy("Valid from"), ordering="valid_from")
    def starts(self, row: PriceList) -> Any:
        return moment(row.valid_from)

    @display(description=gettext_lazy("Valid until"), ordering="valid_until")
    def ends(self, row: PriceList) -> Any:
        return moment(row.valid_until)

    @display(description=gettext_lazy("Prices"), ordering="price_count")
    def prices_count(self, row: Any) -> int:
        return int(row.price_count)
