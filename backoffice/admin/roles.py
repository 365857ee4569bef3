"""Roles of buyers: what a seat may do in its company, and how far."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from backoffice.admin.organizations import OwnedAdmin
from backoffice.forms.roles import RoleForm
from backoffice.scoping import ScopedRelatedFilter
from backoffice.unfolded import display
from commerce.models import CustomerRole, Level, RolePermission


@admin.register(CustomerRole)
class CustomerRoleAdmin(OwnedAdmin):
    empty = gettext_lazy("A role appears here when somebody adds one; seats of customers choose among them.")
    form = RoleForm
    list_display = ["name", "organization", "customer", "summary", "seats"]
    list_filter = [("organization", ScopedRelatedFilter)]
    search_fields = ["name", "customer__name"]
    list_select_related = ["organization", "customer"]
    autocomplete_fields = ["customer"]
    fieldsets = [(None, {"fields": ["organization", "customer", "name"]}), (None, {"fields": ["levels"]})]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CustomerRole]:
        rows: QuerySet[CustomerRole] = super().get_queryset(request)
        given = RolePermission.objects.filter(level__gt=Level.NONE).order_by("permission")
        return rows.prefetch_related(Prefetch("permissions", given)).annotate(seat_count=Count("seats"))

    @display(description=gettext_lazy("May"))
    def summary(self, row: CustomerRole) -> str:
        return ", ".join(str(one) for one in row.permissions.all()) or "–"

    @display(description=gettext_lazy("Seats"), ordering="seat_count")
    def seats(self, row: Any) -> int:
        return int(row.seat_count)

    def save_model(self, request: HttpRequest, obj: CustomerRole, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        for permission, level in form.cleaned_data["levels"].items():
            RolePermission.objects.update_or_create(role=obj, permission=permission, defaults={"level": level})
