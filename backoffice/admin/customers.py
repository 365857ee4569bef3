"""Companies that buy: their tree, people with seats, addresses."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin.organizations import OwnedAdmin
from backoffice.display import BAD, GOOD, tag
from backoffice.forms.base import OfficeForm, RowForm
from backoffice.scoping import ScopedMixin, ScopedRelatedFilter
from backoffice.unfolded import AnyTabularInline, display
from commerce.models import Address, Customer, CustomerGroup, CustomerUser
from commerce.services import customer_move


class CustomerForm(OfficeForm):
    class Meta:
        model = Customer
        fields = [
            "organization",
            "parent",
            "name",
            "number",
            "group",
            "payment_term",
            "tax_exemption",
            "email",
            "is_active",
        ]
        help_texts = {
            "parent": gettext_lazy("The company above it. People with corporate permissions there see this one too."),
            "group": gettext_lazy("Shares prices and terms with others of the group."),
            "payment_term": gettext_lazy("Empty: the group's term; without one, no purchase on terms."),
            "is_active": gettext_lazy("Off: its seats show nothing from the next page on."),
        }

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        organization = cleaned.get("organization") or getattr(self.instance, "organization", None)
        parent = cleaned.get("parent")
        if parent is not None and self.instance.pk and parent.path.startswith(self.instance.path):
            self.add_error("parent", _("A company cannot belong to itself or to a company below it."))
        for name in ("parent", "group", "payment_term"):
            other = cleaned.get(name)
            if other is not None and organization is not None and other.organization_id != organization.pk:
                self.add_error(name, _("This belongs to another organization."))
        return cleaned


class SeatForm(RowForm):
    class Meta:
        model = CustomerUser
        fields = ["user", "role", "is_active"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        role = cleaned.get("role")
        customer = self.instance.customer if self.instance.customer_id else None
        if role is not None and customer is not None and role.customer_id not in {None, customer.pk}:
            self.add_error("role", _("This role belongs to another company."))
        if role is not None and customer is not None and role.organization_id != customer.organization_id:
            self.add_error("role", _("This role belongs to another organization."))
        return cleaned


class SeatInline(ScopedMixin, AnyTabularInline):
    organization_path = "customer__organization"
    model = CustomerUser
    form = SeatForm
    extra = 0
    tab = True
    autocomplete_fields = ["user", "role"]
    verbose_name_plural = gettext_lazy("Users and roles")


class AddressInline(ScopedMixin, AnyTabularInline):
    organization_path = "customer__organization"
    model = Address
    extra = 0
    tab = True
    verbose_name_plural = gettext_lazy("Addresses")


@admin.register(Customer)
class CustomerAdmin(OwnedAdmin):
    empty = gettext_lazy(
        "A company appears here when somebody adds it; then its people and addresses are added on its page."
    )
    form = CustomerForm
    inlines = [SeatInline, AddressInline]
    list_display = ["tree", "number", "group", "payment_term", "seats", "status"]
    list_display_links = ["tree"]
    list_filter = ["is_active", ("group", ScopedRelatedFilter), ("organization", ScopedRelatedFilter)]
    search_fields = ["name", "number", "email"]
    list_select_related = ["group", "payment_term"]
    autocomplete_fields = ["parent", "group"]
    ordering = ["path"]
    fieldsets = [
        (None, {"fields": ["organization", "parent", "name", "number", "email", "is_active"]}),
        (gettext_lazy("Prices and terms"), {"fields": ["group", "payment_term", "tax_exemption"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Customer]:
        rows: QuerySet[Customer] = super().get_queryset(request)
        return rows.annotate(seat_count=Count("seats"))

    @display(description=gettext_lazy("Company"), ordering="path")
    def tree(self, row: Customer) -> Any:
        depth = len(row.path_ids) - 1
        return format_html("{}{}", "\u2003" * depth + ("└ " if depth else ""), row.name)

    @display(description=gettext_lazy("Seats"), ordering="seat_count")
    def seats(self, row: Any) -> int:
        return int(row.seat_count)

    @display(description=gettext_lazy("Status"), ordering="is_active")
    def status(self, row: Customer) -> Any:
        return tag(_("Active"), GOOD) if row.is_active else tag(_("Inactive"), BAD)

    def save_model(self, request: HttpRequest, obj: Customer, form: Any, change: bool) -> None:
        """A new parent moves the whole branch under the tree's lock."""
        if not change or "parent" not in form.changed_data:
            super().save_model(request, obj, form, change)
            return
        parent, obj.parent_id = obj.parent, form.initial["parent"]
        super().save_model(request, obj, form, change)
        customer_move(customer=obj, parent=parent)


@admin.register(CustomerGroup)
class CustomerGroupAdmin(OwnedAdmin):
    empty = gettext_lazy("A group appears here when somebody adds it; its customers share prices and terms.")
    list_display = ["name", "organization", "payment_term"]
    search_fields = ["name"]
    list_filter = [("organization", ScopedRelatedFilter)]
    list_select_related = ["organization", "payment_term"]
