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

from backoffice.admin.disputes import parts
from backoffice.admin.disputes.timeline import events_of
from backoffice.dialogs import Words, dialog
from backoffice.display import dash, link, moment, money
from backoffice.files import attachment
from backoffice.forms import dispute as forms
from backoffice.records import Facts, RecordAdmin, Section, Text, Timeline
from backoffice.scoping import ScopedRelatedFilter, staff_of
from backoffice.unfolded import ActionVariant, display
from commerce.money import format_money
from oropay.engine.disputes import dispute_link, dispute_split, dispute_write_off, lost_of, split_shown
from oropay.models import (
    Dispute,
    DisputeResult,
    DisputeStatus,
    EvidenceType,
)
from oropay.services.dispute import (
    answerable,
    dispute_accept,
    dispute_assign,
    dispute_challenge,
    dispute_remark,
    dispute_reread_ask,
    evidence_add,
    evidence_withdraw,
    evidence_withdrawable,
)

WEEK = timedelta(days=7)
BESIDE = ("add_evidence", "withdraw_evidence", "split")
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
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        waiting = queryset.filter(status=DisputeStatus.WITH_MERCHANT)
        return {
            None: queryset,
            "answer": waiting,
            "week": waiting.filter(respond_by__lte=timezone.now() + WEEK),
            "review": queryset.filter(status=DisputeStatus.UNDER_REVIEW),
            "won": queryset.filter(status=DisputeStatus.CLOSED, result=DisputeResult.WON),
            "lost": queryset.filter(
                status=DisputeStatus.CLOSED, result__in=[DisputeResult.LOST, DisputeResult.ACCEPTED]
            ),
            "unlinked": queryset.filter(transaction=None),
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
        "link_payment",
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
        """Only what the person may do and the dispute allows now."""
        offered = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        row = self.get_object(request, str(object_id))
        if row is None:
            return []
        ours = answerable(dispute=row, now=timezone.now()).now
        lost = lost_of(dispute=row) > 0
        possible = {
            "accept": ours,
            "challenge": ours,
            "add_evidence": row.is_open,
            "withdraw_evidence": evidence_withdrawable(dispute=row).exists(),
            "link_payment": row.transaction_id is None,
            "split": row.transaction_id is not None and (row.is_open or lost) and len(split_shown(dispute=row)) > 1,
            "write_off": lost and not row.not_pursued,
        }
        return [one for one in offered if possible.get(one.method.original_function_name, True)]

    # --- buttons

    @dialog(
        title=gettext_lazy("Accept"),
        form=forms.AcceptForm,
        permissions=["oropay.accept_dispute"],
        icon="money_off",
        variant=ActionVariant.DANGER,
    )
    def accept(self, request: HttpRequest, form: forms.AcceptForm) -> Words:
        dispute_accept(
            dispute=form.row,
            not_pursued=form.not_pursued(),
            note=form.cleaned_data["note"],
            by=staff_of(request),
            now=timezone.now(),
            after=form.cleaned_data["after"],
        )
        return _("The acceptance is on its way. The loss is booked once the gateway has confirmed it.")

    @dialog(
        title=gettext_lazy("Challenge"),
        form=forms.ChallengeForm,
        permissions=["oropay.challenge_dispute"],
        icon="gavel",
        variant=ActionVariant.PRIMARY,
    )
    def challenge(self, request: HttpRequest, form: forms.ChallengeForm) -> Words:
        dispute_challenge(
            dispute=form.row,
            evidence_ids=form.evidence_ids(),
            letter=form.cleaned_data["letter"],
            by=staff_of(request),
            now=timezone.now(),
            after=form.cleaned_data["after"],
        )
        return _("The challenge is on its way. This page shows when the gateway has it.")

    @dialog(
        title=gettext_lazy("Add evidence"),
        form=forms.EvidenceForm,
        permissions=["oropay.challenge_dispute"],
        icon="attach_file",
    )
    def add_evidence(self, request: HttpRequest, form: forms.EvidenceForm) -> Words:
        added = evidence_add(
            dispute=form.row,
            files=form.uploaded(),
            kind=EvidenceType(form.cleaned_data["type"]),
            description=form.cleaned_data["description"],
            by=staff_of(request),
            now=timezone.now(),
        )
        return _("{n} added. Nothing is sent before you challenge.").format(
            n=", ".join(one.document.name for one in added)
        )

    @dialog(
        title=gettext_lazy("Withdraw evidence"),
        form=forms.WithdrawForm,
        permissions=["oropay.challenge_dispute"],
        icon="remove_circle",
    )
    def withdraw_evidence(self, request: HttpRequest, form: forms.WithdrawForm) -> Words:
        evidence = form.row.evidence.get(pk=form.cleaned_data["evidence"])
        evidence_withdraw(evidence=evidence, by=staff_of(request), now=timezone.now())
        return _("The document does not go with a challenge any more.")

    @dialog(
        title=gettext_lazy("Link to a payment"),
        form=forms.LinkForm,
        permissions=["oropay.link_dispute"],
        icon="link",
        variant=ActionVariant.PRIMARY,
    )
    def link_payment(self, request: HttpRequest, form: forms.LinkForm) -> Words:
        linked = dispute_link(
            dispute=form.row,
            transaction=form.transaction(),
            note=form.cleaned_data["note"],
            by=staff_of(request),
            now=timezone.now(),
        )
        payment = linked.transaction.payment_id if linked.transaction is not None else ""
        return _("The dispute is about payment #{number} now; what it took is booked.").format(number=payment)

    @dialog(
        title=gettext_lazy("What a loss is taken from"),
        form=forms.SplitForm,
        permissions=["oropay.link_dispute"],
        icon="call_split",
    )
    def split(self, request: HttpRequest, form: forms.SplitForm) -> Words:
        dispute_split(
            dispute=form.row,
            lines=form.lines(),
            note=form.cleaned_data["note"],
            by=staff_of(request),
            now=timezone.now(),
        )
        return _("It is taken as you said.")

    @dialog(
        title=gettext_lazy("Write off"),
        form=forms.WriteOffForm,
        permissions=["oropay.write_off_dispute"],
        icon="delete_sweep",
        variant=ActionVariant.WARNING,
    )
    def write_off(self, request: HttpRequest, form: forms.WriteOffForm) -> Words:
        amount = dispute_write_off(
            dispute=form.row, note=form.cleaned_data["note"], by=staff_of(request), now=timezone.now()
        )
        return _("{amount} is written off.").format(amount=format_money(amount, form.row.currency))

    @dialog(title=gettext_lazy("Assign"), form=forms.AssignForm, permissions=["oropay.change_dispute"], icon="person")
    def assign(self, request: HttpRequest, form: forms.AssignForm) -> Words:
        row = dispute_assign(dispute=form.row, owner=form.chosen(), by=staff_of(request))
        return _("{name} looks after it.").format(name=row.owner) if row.owner else _("Nobody looks after it now.")

    @dialog(title=gettext_lazy("Remark"), form=forms.RemarkForm, permissions=["oropay.change_dispute"], icon="comment")
    def remark(self, request: HttpRequest, form: forms.RemarkForm) -> Words:
        dispute_remark(dispute=form.row, text=form.cleaned_data["text"], by=staff_of(request), now=timezone.now())
        return _("The remark is kept.")

    @dialog(
        title=gettext_lazy("Read again"), form=forms.RereadForm, permissions=["oropay.change_dispute"], icon="refresh"
    )
    def read_again(self, request: HttpRequest, form: forms.RereadForm) -> Words:
        dispute_reread_ask(dispute=form.row, now=timezone.now())
        return _("The gateway is asked; its news is here in a few seconds. While it is silent it is asked again.")

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
        buttons = self._buttons(request, row)
        yield replace(parts.paid(row), buttons=buttons("split"))
        yield parts.moved(row)
        yield replace(parts.evidence(row), buttons=buttons("add_evidence", "withdraw_evidence"))
        yield parts.answers(row)
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
