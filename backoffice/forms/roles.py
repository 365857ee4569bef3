"""A role as a table: a row for each permission, a column for each level."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from backoffice.forms.base import OfficeForm
from commerce.models import CustomerRole, Level, Permission


class LevelMatrix(forms.Widget):
    """One group of radio buttons per permission."""

    template_name = "backoffice/_matrix.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        chosen = value or {}
        context["levels"] = [(level.value, level.label) for level in Level]
        context["rows"] = [
            {
                "name": f"{name}_{permission.value}",
                "label": permission.label,
                "level": int(chosen.get(permission.value, Level.NONE)),
            }
            for permission in Permission
        ]
        return context

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> dict[str, Any]:
        return {permission.value: data.get(f"{name}_{permission.value}", Level.NONE) for permission in Permission}

    def use_required_attribute(self, initial: Any) -> bool:
        return False

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        return render_to_string(self.template_name, self.get_context(name, value, attrs))


class LevelsField(forms.Field):
    """A level for every permission."""

    widget = LevelMatrix

    def clean(self, value: Any) -> dict[Permission, Level]:
        try:
            return {permission: Level(int(value[permission.value])) for permission in Permission}
        except (KeyError, TypeError, ValueError):
            raise forms.ValidationError(gettext_lazy("Choose one level for each permission.")) from None


class RoleForm(OfficeForm):
    levels = LevelsField(
        label=gettext_lazy("How far each permission reaches"),
        required=False,
        help_text=gettext_lazy(
            "Own: what the person placed. Department: everything of the seat's company. Corporate: that, and all "
            "companies below it. Never upward."
        ),
    )

    class Meta:
        model = CustomerRole
        fields = ["organization", "customer", "name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            given = dict(self.instance.permissions.values_list("permission", "level"))
            self.fields["levels"].initial = given

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        organization = cleaned.get("organization") or getattr(self.instance, "organization", None)
        customer = cleaned.get("customer")
        if customer is not None and organization is not None and customer.organization_id != organization.pk:
            self.add_error("customer", gettext_lazy("This customer belongs to another organization."))
        return cleaned
