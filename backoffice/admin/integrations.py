"""Integrations: the ways to pay of a seller, as an admin configures them."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import Script
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.admin.webhook import WebhookMixin
from backoffice.display import BAD, GOOD, QUIET, dash, tag
from backoffice.forms.integration import CHECKS, IntegrationForm, LabelForm, LabelFormSet, LimitForm, LimitFormSet
from backoffice.history import HistoryMixin
from backoffice.scoping import ScopedAdmin, ScopedRelatedFilter, websites_of
from backoffice.unfolded import AnyTabularInline, display
from oropay.models import Integration, IntegrationLabel, IntegrationLimit, IntegrationType
from oropay.services import integration_save


def _of_sellers(form: Any, request: HttpRequest, integration: Integration | None) -> None:
    """Give a form class, made for this request, the shops whose currencies and languages it offers."""
    shops = websites_of(request)
    form.websites = shops.filter(organization=integration.organization_id) if integration else shops


class OfSellersInline(AnyTabularInline):
    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        _of_sellers(formset.form, request, obj)
        return formset


class LabelInline(OfSellersInline):
    model = IntegrationLabel
    form = LabelForm
    formset = LabelFormSet
    verbose_name_plural = gettext_lazy("What buyers read: the label at checkout, the short label on orders")

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 0 if obj and obj.labels.exists() else 1


class LimitInline(OfSellersInline):
    model = IntegrationLimit
    form = LimitForm
    formset = LimitFormSet
    verbose_name = gettext_lazy("limit")
    verbose_name_plural = gettext_lazy("How much: outside these the method is shown, but off, with the reason")

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 0


@admin.register(Integration)
class IntegrationAdmin(WebhookMixin, HistoryMixin, ScopedAdmin):
    empty = gettext_lazy("A way to pay appears here when an administrator adds one; buyers see it once it is active.")
    form = IntegrationForm
    inlines = [LabelInline, LimitInline]
    list_display = ["name", "type", "provider_account", "payment_action", "bank", "currencies_shown", "status"]
    list_filter = ["is_active", "type", "payment_action", ("organization", ScopedRelatedFilter)]
    search_fields = ["name", "labels__label"]
    list_select_related = ["provider_account"]
    actions = ["activate", "deactivate"]
    actions_detail = ["check_webhook", "rotate_webhook"]
    warn_unsaved_form = True

    class Media:
        js = [Script("backoffice/integration.js", type="module")]

    def possible(self, request: HttpRequest, row: Integration) -> bool:
        """Only an OroPay integration hears from a gateway."""
        return row.type == IntegrationType.OROPAY

    # --- list

    @display(description=gettext_lazy("eCheck"))
    def bank(self, row: Integration) -> Any:
        if row.type != IntegrationType.OROPAY:
            return dash()
        return tag(_("Yes"), GOOD) if row.echeck else tag(_("No"), QUIET)

    @display(description=gettext_lazy("Currencies"))
    def currencies_shown(self, row: Integration) -> str:
        return ", ".join(row.currencies)

    @display(description=gettext_lazy("Status"), ordering="is_active")
    def status(self, row: Integration) -> Any:
        return tag(_("Active"), GOOD) if row.is_active else tag(_("Inactive"), BAD)

    @admin.action(description=gettext_lazy("Activate"), permissions=["change"])
    def activate(self, request: HttpRequest, rows: QuerySet[Integration]) -> None:
        self._switch(request, rows, is_active=True)

    @admin.action(description=gettext_lazy("Deactivate"), permissions=["change"])
    def deactivate(self, request: HttpRequest, rows: QuerySet[Integration]) -> None:
        self._switch(request, rows, is_active=False)

    def _switch(self, request: HttpRequest, rows: QuerySet[Integration], *, is_active: bool) -> None:
        switched = 0
        for row in rows.exclude(is_active=is_active):
            row.is_active = is_active
            try:
                integration_save(integration=row)
            except ValidationError as refused:
                messages.error(request, f"{row}: {' '.join(refused.messages)}")
                continue
            switched += 1
        told = (
            ngettext(
                "{n} integration is active; buyers see it now.",
                "{n} integrations are active; buyers see them now.",
                switched,
            )
            if is_active
            else ngettext(
                "{n} integration is inactive; buyers no longer see it.",
                "{n} integrations are inactive; buyers no longer see them.",
                switched,
            )
        )
        messages.success(request, told.format(n=switched))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    # --- form

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        _of_sellers(form, request, obj)
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        main = ["organization", "type", "name"]
        money = ["provider_account", "payment_action", "several_captures", "renew_holds", "echeck"]
        threeds = ["threeds", "threeds_challenge", "threeds_unavailable", "threeds_exemption"]
        limits = ["currencies"]
        rest = ["is_active", "owner", "log_warnings"]
        sections: list[tuple[Any, dict[str, Any]]] = [(None, {"fields": main})]
        if obj is None or obj.type == IntegrationType.OROPAY:
            sections.append((_("How the money is taken"), {"fields": money}))
            sections.append((_("Who is paying (3-D Secure)"), {"fields": threeds}))
        sections.append((_("For what"), {"fields": limits}))
        if obj is None or obj.type == IntegrationType.OROPAY:
            sections.append((_("Fraud"), {"fields": ["risk_mode", *CHECKS]}))
        if obj is not None and obj.type == IntegrationType.OROPAY:
            sections.append((_("Webhook"), {"fields": self.WEBHOOK_FIELDS}))
        sections.append((_("Status"), {"fields": rest}))
        return sections

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["organization", "type", *self.WEBHOOK_FIELDS] if obj else []

    def save_model(self, request: HttpRequest, obj: Integration, form: Any, change: bool) -> None:
        integration_save(integration=obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only before anything was paid with it; afterwards it is switched off."""
        allowed: bool = super().has_delete_permission(request, obj)
        return allowed and (obj is None or not obj.payments.exists())
