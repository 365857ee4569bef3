"""Whose rows a person of the back-office sees: those of their organization; a superuser sees all.

Every list, page, dialog, choice and filter of this room starts from `ScopedAdmin.get_queryset`.
"""

from collections.abc import Mapping
from typing import Any, NoReturn

from django.contrib import admin
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.db.models import ForeignKey, Model, Q, QuerySet
from django.forms import ModelChoiceField
from django.http import Http404, HttpRequest

from backoffice.forms.base import RowForm
from backoffice.unfolded import AnyModelAdmin, Words
from commerce.models import Organization, User, Website


def staff_of(request: HttpRequest) -> User:
    """The person at the keyboard; the site lets only staff in."""
    user = request.user
    if not isinstance(user, User):
        raise Http404
    return user


class ScopedMixin:
    """Rows of the person's organization. `organization_path` leads from the row to the organization."""

    form: Any = RowForm

    organization_path: str | None = "organization"
    """None: the rows belong to no organization and only superusers see them."""

    def scope(self, request: HttpRequest) -> Q:
        user = staff_of(request)
        if user.is_superuser:
            return Q()
        if self.organization_path is None or user.organization_id is None:
            return Q(pk__in=())
        return Q(**{self.organization_path: user.organization_id})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        return rows.filter(self.scope(request))

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> "ModelChoiceField[Any] | None":
        related = self.admin_site._registry.get(db_field.remote_field.model)  # type: ignore[attr-defined]
        if "queryset" not in kwargs and isinstance(related, ScopedAdmin):
            kwargs["queryset"] = related.get_queryset(request)
        field: ModelChoiceField[Any] | None = super().formfield_for_foreignkey(  # type: ignore[misc]
            db_field, request, **kwargs
        )
        return field


class ScopedAdmin(ScopedMixin, AnyModelAdmin):
    """The base of every page about rows of an organization. What is out of scope does not exist: 404."""

    checks_class = admin.checks.ModelAdminChecks
    """Unfold's own would look permissions up in a database that may not be migrated yet; a test does it instead."""

    empty: Words = ""
    """What an empty list says: what will appear here, and how it comes to be."""

    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = False

    def row_or_404(self, request: HttpRequest, object_id: Any) -> Any:
        """One row within this person's scope that they may view, for dialogs and own pages."""
        row = self.get_object(request, str(object_id))
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return row

    def possible(self, request: HttpRequest, row: Any) -> bool | Mapping[str, object]:
        """Which buttons a row allows now, by the names of their functions; those not named it always allows."""
        return True

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only the buttons that the person may use and the row allows now."""
        offered = super().get_actions_detail(request, object_id)
        row = self.get_object(request, str(object_id)) if offered else None
        if row is None:
            return []
        possible = self.possible(request, row)
        if isinstance(possible, bool):
            return offered if possible else []
        return [one for one in offered if possible.get(one.method.original_function_name, True)]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Choose, without buttons that open other forms in pop-ups."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        widget = getattr(field, "widget", None)
        if isinstance(widget, RelatedFieldWidgetWrapper):
            widget.can_add_related = widget.can_change_related = False
            widget.can_delete_related = widget.can_view_related = False
        return field

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        if self.organization_path == "organization":
            mine = organizations_of(request)
            if len(mine) == 1:
                initial.setdefault("organization", mine[0].pk)
        return initial

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> NoReturn:
        raise Http404


def organizations_of(request: HttpRequest) -> list[Organization]:
    """The sellers this person may choose between, at most two of them: enough to know whether there is a choice."""
    user = staff_of(request)
    if not user.is_superuser:
        return [user.organization] if user.organization else []
    return list(Organization.objects.order_by("pk")[:2])


def websites_of(request: HttpRequest) -> QuerySet[Website]:
    """The shops of all sellers this person may see."""
    user = staff_of(request)
    shops = Website.objects.all()
    return shops if user.is_superuser else shops.filter(organization=user.organization_id)


class ScopedRelatedFilter(admin.RelatedFieldListFilter):
    """A side filter whose choices are within the person's scope too."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[Any, Any]]:
        related = model_admin.admin_site._registry.get(field.remote_field.model)
        rows: QuerySet[Model]
        if isinstance(related, ScopedAdmin):
            rows = related.get_queryset(request)
        else:
            rows = field.remote_field.model._default_manager.none()
        return [(row.pk, str(row)) for row in rows[:100]]
