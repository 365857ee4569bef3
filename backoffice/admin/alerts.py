"""Alerts: something about money that a person must look at, until they say what they found."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import Words, dialog
from backoffice.display import GOOD, WATCH, link, moment, tag
from backoffice.forms.resolve import ResolveForm
from backoffice.nextsteps import next_of
from backoffice.records import Facts, RecordAdmin, Section
from backoffice.scoping import staff_of
from backoffice.unfolded import ActionVariant, display
from oropay.models import Alert
from oropay.services import alert_resolve


class OpenFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", _("Open")), ("no", _("Resolved"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        return queryset.filter(resolved_at__isnull=self.value() == "yes")


@admin.register(Alert)
class AlertAdmin(RecordAdmin):
    empty = gettext_lazy(
        "An alert appears here when something about money needs a person: an answer that does not fit, money that "
        "came late, a refund that could not be made."
    )
    organization_path = "transaction__payment__organization"
    list_display = ["what", "shown_state", "raised", "payment", "todo"]
    list_filter = [OpenFilter, "kind"]
    search_fields = ["text", "remark", "transaction__gateway_id", "transaction__reference"]
    list_select_related = ["transaction__payment__customer"]
    actions_detail = ["resolve"]

    def possible(self, request: HttpRequest, row: Alert) -> bool:
        return row.resolved_at is None

    @dialog(
        title=gettext_lazy("Resolve"),
        form=ResolveForm,
        permissions=["oropay.change_alert"],
        icon="task_alt",
        variant=ActionVariant.PRIMARY,
    )
    def resolve(self, request: HttpRequest, form: ResolveForm) -> Words:
        alert_resolve(alert=form.row, remark=form.cleaned_data["remark"], by=staff_of(request), now=timezone.now())
        return _("The alert is resolved.")

    @display(description=gettext_lazy("Alert"))
    def what(self, row: Alert) -> str:
        return row.get_kind_display()

    @display(description=gettext_lazy("Raised"), ordering="raised_at")
    def raised(self, row: Alert) -> Any:
        return moment(row.raised_at)

    @display(description=gettext_lazy("Payment"))
    def payment(self, row: Alert) -> Any:
        return link(row.transaction.payment, f"#{row.transaction.payment_id} · {row.transaction.payment.customer}")

    @display(description=gettext_lazy("What to do"))
    def todo(self, row: Alert) -> Any:
        """What happened and the next step; of a resolved one, what somebody found."""
        told = row.remark if row.resolved_at else next_of(row)
        return format_html(
            '<span class="office-words">{}<br><span class="office-quiet">{}</span></span>', row.text, told
        )

    @display(description=gettext_lazy("State"))
    def shown_state(self, row: Alert) -> Any:
        return tag(_("Resolved"), GOOD) if row.resolved_at else tag(_("Open"), WATCH)

    def heading(self, row: Alert) -> str:
        return str(row.get_kind_display())

    def sections(self, request: HttpRequest, row: Alert) -> Iterable[Section]:
        yield Facts(
            _("Details"),
            [
                (_("What happened"), row.text),
                (_("What to do"), next_of(row)),
                (_("State"), self.shown_state(row)),
                (_("Raised"), moment(row.raised_at)),
                (_("Payment"), link(row.transaction.payment)),
                (_("Transaction"), link(row.transaction)),
                (_("Resolved"), moment(row.resolved_at)),
                (_("Remark"), row.remark or "–"),
            ],
        )
