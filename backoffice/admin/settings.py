"""Configuration: every setting there is, its default, and what was chosen for an organization or a website."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from backoffice.dialogs import REFUSALS
from backoffice.display import list_of
from backoffice.history import HistoryMixin
from backoffice.scoping import ScopedAdmin, staff_of
from backoffice.unfolded import widgets
from commerce.models import Organization, Setting, Website
from commerce.services import setting_set, setting_use_default
from commerce.settings_registry import Definition, definitions
from plumbing.cardnumbers import CardNumbersRefused

Scope = Organization | Website


class ConfigurationForm(CardNumbersRefused, forms.Form):
    """A control and a "use default" tick for every definition, for one level."""

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope = scope
        self.chosen = {row.key: row for row in Setting.objects.filter(_at(scope))}
        wider = (
            {row.key: row for row in Setting.objects.filter(organization=scope.organization_id, website=None)}
            if isinstance(scope, Website)
            else {}
        )
        self.defaults = {
            one.key: one.from_json(wider[one.key].value) if one.key in wider else one.default for one in definitions()
        }
        for one in definitions():
            own = one.key in self.chosen
            value = one.from_json(self.chosen[one.key].value) if own else self.defaults[one.key]
            self.fields[one.key] = _field(one, value)
            self.fields[f"{one.key}:default"] = forms.BooleanField(
                label=_("Use default"), required=False, initial=not own, widget=widgets.UnfoldBooleanWidget()
            )

    def rows(self) -> Iterable[dict[str, Any]]:
        for one in definitions():
            yield {
                "definition": one,
                "field": self[one.key],
                "use_default": self[f"{one.key}:default"],
                "default": _shown(self.defaults[one.key]),
            }

    def save(self) -> int:
        """Write what differs from before; returns how many settings changed."""
        level: dict[str, Any] = (
            {"website": self.scope} if isinstance(self.scope, Website) else {"organization": self.scope}
        )
        changed = 0
        for one in definitions():
            if self.cleaned_data[f"{one.key}:default"]:
                if one.key in self.chosen:
                    setting_use_default(key=one.key, **level)
                    changed += 1
                continue
            value = _typed(one, self.cleaned_data[one.key])
            if one.key not in self.chosen or self.chosen[one.key].value != one.to_json(value):
                setting_set(key=one.key, value=value, **level)
                changed += 1
        return changed


@admin.register(Setting)
class SettingAdmin(HistoryMixin, ScopedAdmin):
    def scope(self, request: HttpRequest) -> Q:
        user = staff_of(request)
        if user.is_superuser:
            return Q()
        return Q(organization=user.organization_id) | Q(website__organization=user.organization_id)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The whole configuration of one level; the level is chosen above it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        scopes = self._scopes(request)
        if not scopes:
            raise Http404
        chosen = request.GET.get("scope", next(iter(scopes)))
        if chosen not in scopes:
            raise Http404
        form = ConfigurationForm(request.POST or None, scope=scopes[chosen])
        may_change = self.has_change_permission(request)
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            if form.is_valid():
                try:
                    changed = form.save()
                except REFUSALS as refused:
                    form.add_error(None, str(refused))
                else:
                    messages.success(request, _("{n} settings changed.").format(n=changed))
                    return HttpResponseRedirect(list_of(Setting, scope=chosen))
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            "backoffice/configuration.html",
            {
                **self.admin_site.each_context(request),
                "title": _("Configuration"),
                "opts": self.opts,
                "form": form,
                "scopes": [(key, _title(scope), key == chosen) for key, scope in scopes.items()],
                "may_change": may_change,
                **(extra_context or {}),
            },
        )

    def _scopes(self, request: HttpRequest) -> dict[str, Scope]:
        user = staff_of(request)
        organizations = Organization.objects.order_by("name")
        websites = Website.objects.select_related("organization").order_by("name")
        if not user.is_superuser:
            organizations = organizations.filter(staff=user)
            websites = websites.filter(organization__staff=user)
        found: dict[str, Scope] = {f"organization-{row.pk}": row for row in organizations}
        return found | {f"website-{row.pk}": row for row in websites}


def _title(scope: Scope) -> str:
    if isinstance(scope, Website):
        return _("Website {name}").format(name=scope.name)
    return _("Organization {name}").format(name=scope.name)


def _at(scope: Scope) -> Q:
    return Q(website=scope) if isinstance(scope, Website) else Q(organization=scope, website=None)


def _field(one: Definition[Any], value: Any) -> forms.Field:
    options: dict[str, Any] = {"label": one.label, "help_text": one.help, "initial": value, "required": False}
    if one.type is bool:
        return forms.BooleanField(widget=widgets.UnfoldBooleanSwitchWidget(), **options)
    if one.type is int:
        return forms.IntegerField(widget=widgets.UnfoldAdminIntegerFieldWidget(), **options)
    if one.type is Decimal:
        return forms.DecimalField(widget=widgets.UnfoldAdminTextInputWidget(), **options)
    if one.type is list:
        options["initial"] = "\n".join(value)
        return forms.CharField(widget=widgets.UnfoldAdminTextareaWidget(attrs={"rows": 3}), **options)
    return forms.CharField(widget=widgets.UnfoldAdminTextInputWidget(), **options)


def _typed(one: Definition[Any], value: Any) -> Any:
    if one.type is list:
        return [line.strip() for line in str(value).splitlines() if line.strip()]
    return one.default if value is None else value


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return _("on") if value else _("off")
    return ", ".join(value) if isinstance(value, list) else str(value)
