"""Sellers, their websites and their payment terms."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.forms.base import OfficeForm
from backoffice.history import HistoryMixin
from backoffice.scoping import ScopedAdmin, ScopedRelatedFilter
from backoffice.unfolded import display
from commerce.models import Organization, PaymentTerm, TermKind, Website


class OwnedAdmin(HistoryMixin, ScopedAdmin):
    """A row that stays with its organization for good."""

    form = OfficeForm

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["organization"] if obj and self.organization_path == "organization" else []


@admin.register(Organization)
class OrganizationAdmin(HistoryMixin, ScopedAdmin):
    empty = gettext_lazy("A seller appears here when an operator has opened it.")
    organization_path = "pk"
    list_display = ["name", "code", "legal_name", "time_zone", "currency"]
    search_fields = ["name", "code", "legal_name"]
    fieldsets = [
        (None, {"fields": ["name", "legal_name", "code", "time_zone", "currency", "tax_id"]}),
        (gettext_lazy("Goods leave from"), {"fields": ["ship_from_postal_code", "ship_from_country"]}),
        (
            gettext_lazy("Address on documents"),
            {"fields": ["line_1", "line_2", "city", "region", "postal_code", "country", "email", "phone"]},
        ),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["code", "time_zone", "currency"] if obj else []

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A seller is opened by an operator, together with its roles, terms and units."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Website)
class WebsiteAdmin(OwnedAdmin):
    empty = gettext_lazy("A website appears here when somebody adds it: its host name, brand and currency.")
    list_display = ["name", "domain", "organization", "language", "currency", "is_default"]
    list_filter = [("organization", ScopedRelatedFilter)]
    search_fields = ["name", "domain", "code"]
    list_select_related = ["organization"]
    fieldsets = [
        (None, {"fields": ["organization", "name", "code", "domain", "is_default", "language"]}),
        (gettext_lazy("Money"), {"fields": ["currency", "tax_rate", "shipping_flat_rate"]}),
    ]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(PaymentTerm)
class PaymentTermAdmin(OwnedAdmin):
    empty = gettext_lazy("A payment term appears here when somebody adds it; customers and invoices choose among them.")
    list_display = ["name", "organization", "rule", "discount"]
    list_filter = ["kind", ("organization", ScopedRelatedFilter)]
    search_fields = ["name"]
    list_select_related = ["organization"]
    fieldsets = [
        (None, {"fields": ["organization", "name", "kind", "days", "day_of_month", "cut_off_day"]}),
        (gettext_lazy("Early payment"), {"fields": ["discount_percent", "discount_days"]}),
    ]

    @display(description=gettext_lazy("Due"))
    def rule(self, row: PaymentTerm) -> str:
        match TermKind(row.kind):
            case TermKind.NET:
                return _("{n} days after the invoice date").format(n=row.days)
            case TermKind.END_OF_MONTH:
                return _("{n} days after the end of the month").format(n=row.days)
            case TermKind.DAY_OF_MONTH:
                return _("on day {n} of the following month").format(n=row.day_of_month)

    @display(description=gettext_lazy("Discount"))
    def discount(self, row: PaymentTerm) -> str:
        if not row.discount_percent:
            return "–"
        return _("{percent} % within {n} days").format(percent=row.discount_percent.normalize(), n=row.discount_days)
