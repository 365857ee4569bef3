"""Disputes: what card holders' banks took back or ask about, by when we must answer, and the case file of each."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin.disputes import buttons, parts
from backoffice.admin.disputes.timeline import events_of
from backoffice.display import dash, link, moment, money
from backoffice.files import attachment
from backoffice.records import Facts, RecordAdmin, Section, Text, Timeline
from backoffice.scoping import ScopedRelatedFilter
from backoffice.unfolded import display
from oropay.engine.disputes import lost_of, split_shown, was_lost
from oropay.models import (
    Dispute,
    DisputeResult,
    DisputeStatus,
)
from oropay.selectors import answers_undelivered, cases_in_charge, linked_twin
from oropay.services.dispute import (
    answer_withdrawable,
    answerable,
    evidence_withdrawable,
)

WEEK = timedelta(days=7)
BESIDE = ("add_evidence", "withdraw_evidence", "withdraw_answer", "split")
"""Buttons in the tables of the page."""


class CaseFilter(admin.SimpleListFilter):
    """The questions people bring to the list; the tabs above it are some of them."""

    title = gettext_lazy("case")
    parameter_name = "case"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("answer", _("Waiting for our answer")),
            ("week", _("Due this week")),
            ("review", _("Under review")),
            ("won", _("Won")),
            ("lost", _("Lost or accepted")),
            ("unlinked", _("Payment unknown")),
            ("undelivered", _("Answer not delivered")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        in_charge = cases_in_charge(disputes=queryset)
        waiting = in_charge.filter(status=DisputeStatus.WITH_MERCHANT)
        return {
            None: queryset,
            "answer": waiting,
            "week": waiting.filter(respond_by__lte=timezone.now() + WEEK),
            "review": queryset.filter(status=DisputeStatus.UNDER_REVIEW),
            "won": queryset.filter(status=DisputeStatus.CLOSED, result=DisputeResult.WON),
            "lost": queryset.filter(
                status=DisputeStatus.CLOSED, result__in=[DisputeResult.LOST, DisputeResult.ACCEPTED]
            ),
            "unlinked": in_charge.filter(transaction=None),
            "undelivered": answers_undelivered(disputes=queryset),
        }.get(self.value(), queryset)


@admin.register(Dispute)
class DisputeAdmin(RecordAdmin):
    empty = gettext_lazy(
        "A dispute appears here when a card holder's bank takes money back or asks about a sale. The gateway is asked "
        "every two hours."
    )
    list_display = ["what", "shown_amount", "answer_by", "shown_state", "customer", "keeper", "opened"]
    list_filter = [
        CaseFilter,
        "stage",
        ("provider_account", ScopedRelatedFilter),
        ("owner", ScopedRelatedFilter),
        ("opened_at", admin.DateFieldListFilter),
    ]
    search_fields = [
        "gateway_id",
        "arn",
        "reference",
        "order_reference",
        "transaction__payment__customer__name",
        "transaction__payment__parts__payable__number",
    ]
    search_help_text = gettext_lazy(
        "The gateway's id, the ARN, our reference, an order or invoice number, the customer"
    )
    list_select_related = ["transaction__payment__customer", "owner"]
    actions_detail = [
        "challenge",
        "accept",
        "add_evidence",
        "withdraw_evidence",
        "withdraw_answer",
        "link_payment",
        "unlink_payment",
        "split",
        "write_off",
        "assign",
        "remark",
        "read_again",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dispute]:
        rows: QuerySet[Dispute] = super().get_queryset(request)
        return rows.select_related("organization", "provider_account", "transaction__payment__customer", "owner")

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """What stands above the page: the others are beside what they are about."""
        offered = self._offered(request, object_id)
        return [one for one in offered if one.method.original_function_name not in BESIDE]

    def _offered(self, request: HttpRequest, object_id: Any) -> list[Any]:
        return super().get_actions_detail(request, object_id)

    def possible(self, request: HttpRequest, row: Dispute) -> dict[str, bool]:
        ours = answerable(dispute=row, now=timezone.now()).now
        lost = lost_of(dispute=row) > 0
        return {
            "accept": ours,
            "challenge": ours,
            "add_evidence": row.is_open,
            "withdraw_evidence": evidence_withdrawable(dispute=row).exists(),
            "withdraw_answer": answer_withdrawable(dispute=row) is not None,
            "link_payment": row.transaction_id is None and linked_twin(dispute=row) is None,
            "unlink_payment": row.transaction_id is not None
            and (request.user.has_perm("oropay.write_off_dispute") or not was_lost(dispute=row)),
            "split": row.transaction_id is not None and (row.is_open or lost) and len(split_shown(dispute=row)) > 1,
            "write_off": lost and not row.not_pursued,
        }

    # --- buttons

    accept = buttons.accept
    challenge = buttons.challenge
    add_evidence = buttons.add_evidence
    withdraw_evidence = buttons.withdraw_evidence
    withdraw_answer = buttons.withdraw_answer
    link_payment = buttons.link_payment
    unlink_payment = buttons.unlink_payment
    split = buttons.split
    write_off = buttons.write_off
    assign = buttons.assign
    remark = buttons.remark
    read_again = buttons.read_again

    # --- list

    @display(description=gettext_lazy("Dispute"), ordering="stage")
    def what(self, row: Dispute) -> Any:
        reason = row.reason or row.reason_code
        return format_html(
            '<span class="office-words">{}<br><span class="office-quiet">{}</span></span>',
            row.get_stage_display(),
            reason,
        )

    @display(description=gettext_lazy("Amount"), ordering="amount")
    def shown_amount(self, row: Dispute) -> Any:
        return money(row.amount, row.currency)

    @display(description=gettext_lazy("Answer by"), ordering="respond_by")
    def answer_by(self, row: Dispute) -> Any:
        return parts.deadline(row, now=timezone.now())

    @display(description=gettext_lazy("State"), ordering="status")
    def shown_state(self, row: Dispute) -> Any:
        return parts.state_of(row)

    @display(description=gettext_lazy("Customer"))
    def customer(self, row: Dispute) -> Any:
        if row.transaction is None:
            return dash()
        payment = row.transaction.payment
        return link(payment, f"{payment.customer} · #{payment.pk}")

    @display(description=gettext_lazy("Looked after by"), ordering="owner")
    def keeper(self, row: Dispute) -> Any:
        return str(row.owner) if row.owner else dash()

    @display(description=gettext_lazy("Opened"), ordering="opened_at")
    def opened(self, row: Dispute) -> Any:
        return moment(row.opened_at)

    # --- page

    def heading(self, row: Dispute) -> str:
        return str(row.get_stage_display())

    def heading_amount(self, row: Dispute) -> Any:
        return money(row.amount, row.currency)

    def headline(self, request: HttpRequest, row: Dispute) -> Sequence[Any]:
        shown = [parts.state_of(row)]
        if row.is_ours_to_answer:
            shown.append(parts.deadline(row, now=timezone.now()))
        return shown

    def page_context(self, request: HttpRequest, row: Dispute) -> dict[str, Any]:
        return {"sentence": parts.sentence_of(row)}

    def sections(self, request: HttpRequest, row: Dispute) -> Iterable[Section]:
        yield Facts(_("Details"), parts.facts(row))
        beside = self._buttons(request, row)
        yield replace(parts.paid(row), buttons=beside("split"))
        yield parts.moved(row)
        yield replace(parts.evidence(row), buttons=beside("add_evidence", "withdraw_evidence"))
        yield replace(parts.answers(row), buttons=beside("withdraw_answer"))
        yield Timeline(_("What happened"), events_of(row), empty=_("Every step will appear here, with its time."))
        if request.user.has_perm("oropay.view_exchange"):
            yield Text(_("The gateway's last word, redacted"), parts.payload_of(row))

    def _buttons(self, request: HttpRequest, row: Dispute) -> Callable[..., list[tuple[str, str]]]:
        """The buttons of these names that are offered: words → the dialog's address."""
        offered = {one.method.original_function_name: one for one in self._offered(request, row.pk)}

        def found(*names: str) -> list[tuple[str, str]]:
            return [
                (str(offered[name].description), reverse(f"admin:{offered[name].action_name}", args=[row.pk]))
                for name in names
                if name in offered
            ]

        return found

    def get_custom_urls(self) -> tuple[tuple[str, str, Any], ...]:
        return (("<int:dispute_id>/evidence/<int:evidence_id>/", "oropay_dispute_evidence", self.evidence_view),)

    def evidence_view(
        self, request: HttpRequest, dispute_id: int, evidence_id: int, model_admin: Any = None
    ) -> HttpResponse:
        """One document of the case, for saving."""
        row = self.row_or_404(request, dispute_id)
        evidence = row.evidence.filter(pk=evidence_id).select_related("document").first()
        if evidence is None:
            raise Http404
        return attachment(evidence.document)
