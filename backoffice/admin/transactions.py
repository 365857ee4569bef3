"""Transactions: every conversation with a gateway, across payments."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.display import WATCH, badge, dash, link, moment, money, short_id, tag
from backoffice.downloads import Columns, DownloadMixin, stamp
from backoffice.lineage import entries_of, name_of_entry, settlement_lines
from backoffice.paid import answer_of
from backoffice.records import Event, Facts, RecordAdmin, Section, Table, Timeline, Trail
from backoffice.returnwindow import window_facts
from backoffice.timeline import LATE
from backoffice.unfolded import display
from commerce.money import rounded
from oropay.declines import reason_shown
from oropay.models import PaymentTransaction, TransactionState
from reconciliation.selectors import fees_of


class UndecidedFilter(admin.SimpleListFilter):
    """What no evidence decided in a day: two persons may."""

    title = gettext_lazy("unknown for more than a day")
    parameter_name = "undecided"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", _("Yes"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() != "yes":
            return queryset
        return queryset.filter(
            state=TransactionState.UNKNOWN, unknown_since__lte=timezone.now() - settings.OROPAY_VERDICT_AFTER
        )


@admin.register(PaymentTransaction)
class PaymentTransactionAdmin(DownloadMixin, RecordAdmin):
    empty = gettext_lazy(
        "Every conversation with a gateway appears here as soon as a buyer pays, or staff capture, cancel or refund."
    )
    organization_path = "payment__organization"
    list_display = [
        "number",
        "payment_link",
        "amount_shown",
        "action",
        "shown_state",
        "declined",
        "created",
        "settled",
        "gateway_shown",
    ]
    list_filter = ["state", "action", UndecidedFilter, ("created_at", admin.DateFieldListFilter)]
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

    def columns(self) -> Columns:
        return {
            _("Transaction"): lambda row: row.pk,
            _("Follows"): lambda row: row.parent_id,
            _("Payment"): lambda row: row.payment_id,
            _("Orders and invoices"): lambda row: " ".join(part.payable.number for part in row.payment.parts.all()),
            _("Customer"): lambda row: row.payment.customer.name,
            _("Type"): lambda row: row.get_action_display(),
            _("State"): lambda row: row.get_state_display(),
            _("Amount"): lambda row: rounded(row.amount, row.currency),
            _("Currency"): lambda row: row.currency,
            _("Method"): lambda row: row.payment.get_method_display(),
            _("Paid with"): lambda row: row.payment.instrument,
            _("Created"): lambda row: stamp(row.created_at),
            _("Ended"): lambda row: stamp(row.ended_at),
            _("Settled"): lambda row: stamp(row.settled_at),
            _("Answer"): answer_of,
            _("Result code"): lambda row: row.result_code,
            _("Our reference"): lambda row: row.reference,
            _("Gateway id"): lambda row: row.gateway_id,
            _("By"): lambda row: row.created_by or _("the system"),
            _("Reason"): lambda row: row.get_reason_display(),
        }

    def with_columns(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.select_related("payment__customer", "payment__instrument", "created_by").prefetch_related(
            "payment__parts__payable"
        )

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

    @display(description=gettext_lazy("Gateway id"), ordering="gateway_id")
    def gateway_shown(self, row: PaymentTransaction) -> Any:
        return short_id(row.gateway_id)

    @display(description=gettext_lazy("Decline reason"))
    def declined(self, row: PaymentTransaction) -> Any:
        return reason_shown(row) or dash()

    @display(description=gettext_lazy("Settled"), ordering="settled_at")
    def settled(self, row: PaymentTransaction) -> Any:
        return moment(row.settled_at)

    def heading(self, row: PaymentTransaction) -> str:
        return _("Transaction #{number}").format(number=row.pk)

    def heading_amount(self, row: PaymentTransaction) -> Any:
        return money(row.amount, row.currency)

    def headline(self, request: HttpRequest, row: PaymentTransaction) -> Sequence[Any]:
        late = [tag(_("Turned up late"), WATCH, state="late")] if row.late else []
        return (badge(row, "state"), row.get_action_display(), *late)

    def sections(self, request: HttpRequest, row: PaymentTransaction) -> Iterable[Section]:
        fee = fees_of(transaction_ids=[row.pk]).get(row.pk)
        yield Facts(
            _("Details"),
            [
                (_("Payment"), link(row.payment, f"#{row.payment_id} · {row.payment}")),
                (_("Follows"), link(row.parent, f"#{row.parent_id} · {row.parent}") if row.parent else dash()),
                (_("Created"), moment(row.created_at)),
                (_("Ended"), moment(row.ended_at)),
                (_("By"), row.created_by or _("the system")),
                *([(_("Reason"), row.get_reason_display())] if row.reason else []),
                (_("Our reference"), row.reference),
                *([(_("Reference at the gateway"), row.gateway_reference)] if row.gateway_reference else []),
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
                (_("Share of the deposit's fee"), money(fee, row.currency) if fee is not None else dash()),
                *window_facts(row),
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
                    detail=_step_words(row, step),
                )
                for step in row.steps.order_by("pgh_id")  # type: ignore[attr-defined]
            ],
            empty=_("Every move will appear here, with its time."),
        )


def _step_words(row: PaymentTransaction, step: Any) -> str:
    words = [_("try {n}").format(n=step.tries)] if step.tries else []
    if row.late and step.pgh_label == "born":
        words.append(str(LATE))
    return " · ".join(words)
