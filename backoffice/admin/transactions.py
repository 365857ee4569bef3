"""Transactions: every conversation with a gateway, across payments."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.display import badge, dash, link, moment, money
from backoffice.lineage import entries_of, name_of_entry, settlement_lines
from backoffice.records import Event, Facts, RecordAdmin, Section, Table, Timeline, Trail
from backoffice.unfolded import display
from oropay.models import PaymentTransaction, TransactionState


@admin.register(PaymentTransaction)
class PaymentTransactionAdmin(RecordAdmin):
    organization_path = "payment__organization"
    list_display = [
        "number",
        "created",
        "payment_link",
        "action",
        "amount_shown",
        "shown_state",
        "gateway_id",
        "settled",
    ]
    list_filter = ["state", "action", ("created_at", admin.DateFieldListFilter)]
    search_fields = [
        "=id",
        "reference",
        "gateway_id",
        "gateway_reference",
        "deposit_id",
        "payment__parts__payable__number",
    ]
    search_help_text = gettext_lazy("Our reference, the gateway's id, a deposit, or an order or invoice number")
    list_select_related = ["payment__customer"]

    @display(description=gettext_lazy("Transaction"), ordering="id")
    def number(self, row: PaymentTransaction) -> str:
        return f"#{row.pk}"

    @display(description=gettext_lazy("Created"), ordering="created_at")
    def created(self, row: PaymentTransaction) -> Any:
        return moment(row.created_at)

    @display(description=gettext_lazy("Payment"))
    def payment_link(self, row: PaymentTransaction) -> Any:
        return link(row.payment, f"#{row.payment_id} · {row.payment.customer}")

    @display(description=gettext_lazy("Amount"), ordering="amount")
    def amount_shown(self, row: PaymentTransaction) -> Any:
        return money(row.amount, row.currency)

    @display(description=gettext_lazy("State"), ordering="state")
    def shown_state(self, row: PaymentTransaction) -> Any:
        return badge(row, "state")

    @display(description=gettext_lazy("Settled"), ordering="settled_at")
    def settled(self, row: PaymentTransaction) -> Any:
        return moment(row.settled_at)

    def headline(self, request: HttpRequest, row: PaymentTransaction) -> Sequence[Any]:
        return (money(row.amount, row.currency), badge(row, "state"), row.get_action_display())

    def page_context(self, request: HttpRequest, row: PaymentTransaction) -> dict[str, Any]:
        return {"title": _("Transaction #{number}").format(number=row.pk)}

    def sections(self, request: HttpRequest, row: PaymentTransaction) -> Iterable[Section]:
        yield Facts(
            _("Details"),
            [
                (_("Payment"), link(row.payment, f"#{row.payment_id} · {row.payment}")),
                (_("Follows"), link(row.parent, f"#{row.parent_id} · {row.parent}") if row.parent else dash()),
                (_("Created"), moment(row.created_at)),
                (_("Ended"), moment(row.ended_at)),
                (_("By"), row.created_by or _("the system")),
                (_("Our reference"), row.reference),
                (_("Gateway id"), row.gateway_id or dash()),
                (_("Gateway status"), row.gateway_status or dash()),
                (_("Result"), " · ".join(part for part in (row.message, row.result_code) if part) or dash()),
                (_("Why it failed"), row.get_failure_reason_display() or dash()),
                (_("Authorization code"), row.auth_code or dash()),
                (
                    _("Address · postal code · CVV"),
                    " · ".join([row.avs_address or "–", row.avs_postal_code or "–", row.cvv or "–"]),
                ),
                (_("Batch"), row.batch_id or dash()),
                (_("Deposit"), row.deposit_id or dash()),
                (_("Settled"), moment(row.settled_at)),
            ],
        )
        lines = list(row.refund_lines.select_related("payable"))
        if lines:
            yield Table(
                _("Taken from"),
                [_("Source"), _("Of"), _("Amount")],
                [[one.get_source_display(), one.payable or dash(), money(one.amount, row.currency)] for one in lines],
                empty="",
                right=frozenset({2}),
            )
        settled = settlement_lines([row])
        yield Trail(
            _("Where the money came from and went"),
            [
                (_("Payment"), [link(row.payment)]),
                (_("Transaction"), [str(row)]),
                (_("Settled in"), [link(line) for line in settled]),
                (_("Deposits"), [link(line.deposit) for line in settled]),
                (_("Journal"), [link(entry, name_of_entry(entry)) for entry in entries_of([row])]),
            ],
        )
        yield Timeline(
            _("What happened"),
            [
                Event(
                    at=moment(step.pgh_created_at),
                    title=TransactionState(step.state).label,
                    detail=_("try {n}").format(n=step.tries) if step.tries else "",
                )
                for step in row.steps.order_by("pgh_id")  # type: ignore[attr-defined]
            ],
            empty=_("Every move will appear here, with its time."),
        )
