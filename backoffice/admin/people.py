"""People: buyers and staff. Nobody gives more than they have."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.display import BAD, GOOD, QUIET, moment, tag
from backoffice.forms.base import OfficeForm
from backoffice.history import HistoryMixin
from backoffice.scoping import ScopedAdmin, ScopedMixin, staff_of
from backoffice.unfolded import AnyTabularInline, display, widgets
from commerce.models import CustomerUser, User


class UserForm(OfficeForm):
    groups = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Back-office groups"),
        queryset=Group.objects.order_by("name"),
        required=False,
        widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text=gettext_lazy("What a staff person may do. You can give only what you may do yourself."),
    )

    class Meta:
        model = User
        fields = ["email", "first_name", "last_name", "organization", "is_staff", "is_active", "is_superuser", "groups"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("is_staff") and not cleaned.get("organization") and not cleaned.get("is_superuser"):
            self.add_error("organization", _("A staff person works for one organization."))
        return cleaned


class SeatsInline(ScopedMixin, AnyTabularInline):
    organization_path = "customer__organization"
    model = CustomerUser
    fields = ["customer", "role", "is_active"]
    readonly_fields = ["customer", "role", "is_active"]
    extra = 0
    can_delete = False
    verbose_name_plural = gettext_lazy("Seats (edited at the customer)")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(HistoryMixin, ScopedAdmin):
    empty = gettext_lazy("A person appears here when somebody adds them, or gives them a seat in a customer.")
    form = UserForm
    inlines = [SeatsInline]
    list_display = ["email", "name", "kind", "organization", "companies", "status", "seen"]
    list_filter = ["is_staff", "is_active", "groups"]
    search_fields = ["email", "first_name", "last_name"]
    list_select_related = ["organization"]
    ordering = ["email"]
    fieldsets = [
        (
            None,
            {
                "fields": ["email", "first_name", "last_name", "is_active"],
                "description": gettext_lazy(
                    "No password is typed here: a new person chooses one through “Forgot your password?” on the log-in "
                    "page."
                ),
            },
        ),
        (gettext_lazy("Back-office"), {"fields": ["is_staff", "organization", "groups", "is_superuser"]}),
    ]

    def scope(self, request: HttpRequest) -> Q:
        """Colleagues, and buyers with a seat in a customer of the organization; never superusers, unless one asks."""
        user = staff_of(request)
        if user.is_superuser:
            return Q()
        seats = CustomerUser.objects.filter(customer__organization=user.organization_id)
        buyers = Q(pk__in=seats.values("user"), is_staff=False)
        return (Q(organization=user.organization_id) | buyers) & Q(is_superuser=False)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        rows: QuerySet[User] = super().get_queryset(request)
        return rows.prefetch_related("seats__customer")

    @display(description=gettext_lazy("Name"), ordering="last_name")
    def name(self, row: User) -> str:
        return row.get_full_name()

    @display(description=gettext_lazy("Kind"))
    def kind(self, row: User) -> Any:
        if row.is_superuser:
            return tag(_("Superuser"), BAD)
        return tag(_("Staff"), GOOD) if row.is_staff else tag(_("Buyer"), QUIET)

    @display(description=gettext_lazy("Companies"))
    def companies(self, row: User) -> str:
        return ", ".join(seat.customer.name for seat in row.seats.all()) or "–"

    @display(description=gettext_lazy("Last log-in"), ordering="last_login")
    def seen(self, row: User) -> Any:
        return moment(row.last_login)

    @display(description=gettext_lazy("Status"), ordering="is_active")
    def status(self, row: User) -> Any:
        return tag(_("Active"), GOOD) if row.is_active else tag(_("Inactive"), BAD)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [] if staff_of(request).is_superuser else ["is_superuser"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        if "groups" in form.base_fields:
            groups: Any = form.base_fields["groups"]
            groups.queryset = groups_givable(staff_of(request))
        return form

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Groups that this person cannot give, they cannot take away either."""
        kept = (
            form.instance.groups.exclude(pk__in=groups_givable(staff_of(request))) if change else Group.objects.none()
        )
        kept = list(kept)
        super().save_related(request, form, formsets, change)
        form.instance.groups.add(*kept)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def groups_givable(user: User) -> QuerySet[Group]:
    """Groups that hold nothing this person may not do."""
    groups = Group.objects.order_by("name")
    if user.is_superuser:
        return groups
    mine = user.get_all_permissions()
    held = {
        group.pk: {f"{one.content_type.app_label}.{one.codename}" for one in group.permissions.all()}
        for group in groups.prefetch_related("permissions__content_type")
    }
    return groups.filter(pk__in=[pk for pk, names in held.items() if names <= mine])
