"""Differences between the gateway's list and ours, until finance has said what they found."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import Words, dialog
from backoffice.display import GOOD, QUIET, WATCH, dash, link, moment, short_id, tag
from backoffice.forms.resolve import ResolveForm
from backoffice.records import Facts, RecordAdmin, Section
from backoffice.scoping import ScopedRelatedFilter, staff_of
from backoffice.unfolded import ActionVariant, display
from oropay.models import DriftFinding, DriftKind
from oropay.services import finding_resolve

NEXT: dict[DriftKind, Words] = {
    DriftKind.MISSED: gettext_lazy("Nothing: it is recorded now."),
    DriftKind.DONE_OUTSIDE: gettext_lazy("It is in the books. Find out who did it at the gateway, and why."),
    DriftKind.UNKNOWN_TO_US: gettext_lazy(
        "Find it in the gateway's portal by its id. If it is a sale made there, record the money as an offline "
        "receipt; if nobody knows it, give it back there."
    ),
    DriftKind.MISSING: gettext_lazy("Ask the gateway where it went before anything is shipped or refunded for it."),
    DriftKind.AMOUNT_DIFFERS: gettext_lazy(
        "Read the payment's alerts: what is reversed by itself must not be given back by hand as well. Any other "
        "difference is settled in the gateway's portal."
    ),
    DriftKind.STATE_DIFFERS: gettext_lazy(
        "Read the payment and the gateway's portal: one of them is wrong about the money."
    ),
    DriftKind.TWICE: gettext_lazy("The buyer may have been charged twice. Give the second one back in the portal."),
}
"""What a person does about each kind."""


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", _("Open")), ("repaired", _("Repaired by itself")), ("no", _("Resolved"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[DriftFinding]) -> QuerySet[DriftFinding]:
        wanted = {
            "yes": Q(repaired="", resolved_at=None),
            "repaired": ~Q(repaired=""),
            "no": Q(resolved_at__isnull=False),
        }
        return queryset.filter(wanted.get(self.value() or "", Q()))


@admin.register(DriftFinding)
class DriftFindingAdmin(RecordAdmin):
    empty = gettext_lazy(
        "Every night the gateway's list of transactions is compared with ours. A difference appears here: something "
        "done at the gateway itself, another amount, a transaction that only one of the two knows."
    )
    organization_path = "provider_account__organization"
    list_display = ["what", "shown_state", "text_shown", "about", "transaction_shown", "account", "found"]
    list_filter = [
        StateFilter,
        "kind",
        ("provider_account", ScopedRelatedFilter),
        ("found_at", admin.DateFieldListFilter),
    ]
    search_fields = ["gateway_id", "text", "remark", "transaction__reference"]
    search_help_text = gettext_lazy("The gateway's id, our reference, or words of it")
    list_select_related = ["provider_account", "transaction"]
    actions_detail = ["resolve"]

    def possible(self, request: HttpRequest, row: DriftFinding) -> bool:
        return row.resolved_at is None

    @dialog(
        title=gettext_lazy("Resolve"),
        form=ResolveForm,
        permissions=["oropay.change_driftfinding"],
        icon="task_alt",
        variant=ActionVariant.PRIMARY,
    )
    def resolve(self, request: HttpRequest, form: ResolveForm) -> Words:
        finding_resolve(finding=form.row, remark=form.cleaned_data["remark"], by=staff_of(request), now=timezone.now())
        return _("The difference is resolved.")

    @display(description=gettext_lazy("Difference"), ordering="kind")
    def what(self, row: DriftFinding) -> str:
        return row.get_kind_display()

    @display(description=gettext_lazy("State"))
    def shown_state(self, row: DriftFinding) -> Any:
        if row.resolved_at:
            return tag(_("Resolved"), GOOD, state="resolved")
        return tag(_("Repaired"), QUIET, state="repaired") if row.repaired else tag(_("Open"), WATCH, state="open")

    @display(description=gettext_lazy("What differs"))
    def text_shown(self, row: DriftFinding) -> Any:
        told = row.remark if row.resolved_at else NEXT[DriftKind(row.kind)]
        return format_html(
            '<span class="office-words">{}<br><span class="office-quiet">{}</span></span>', row.text, told
        )

    @display(description=gettext_lazy("At the gateway"), ordering="gateway_id")
    def about(self, row: DriftFinding) -> Any:
        return short_id(row.gateway_id)

    @display(description=gettext_lazy("Transaction"))
    def transaction_shown(self, row: DriftFinding) -> Any:
        return link(row.transaction, f"#{row.transaction_id}") if row.transaction else dash()

    @display(description=gettext_lazy("Account"))
    def account(self, row: DriftFinding) -> Any:
        return link(row.provider_account)

    @display(description=gettext_lazy("Found"), ordering="found_at")
    def found(self, row: DriftFinding) -> Any:
        return moment(row.found_at)

    def heading(self, row: DriftFinding) -> str:
        return str(row.get_kind_display())

    def sections(self, request: HttpRequest, row: DriftFinding) -> Iterable[Section]:
        yield Facts(
            _("Details"),
            [
                (_("What differs"), row.text),
                (_("What to do"), NEXT[DriftKind(row.kind)]),
                (_("State"), self.shown_state(row)),
                (_("Repaired by itself"), row.repaired or dash()),
                (_("At the gateway"), row.gateway_id),
                (_("Transaction"), link(row.transaction)),
                (_("Payment"), link(row.transaction.payment) if row.transaction else dash()),
                (_("Account"), link(row.provider_account)),
                (_("Found"), moment(row.found_at)),
                (_("Last seen"), moment(row.seen_at)),
                (_("Resolved"), moment(row.resolved_at)),
                (_("By"), row.resolved_by or dash()),
                (_("Remark"), row.remark or dash()),
            ],
        )
