"""What waits for a second person, and the limits above which giving money back needs one."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import DialogForm, Words, dialog
from backoffice.display import BAD, GOOD, QUIET, WATCH, dash, link, list_of, moment, money, tag
from backoffice.files import attachment
from backoffice.forms import fields
from backoffice.records import Facts, RecordAdmin, Section
from backoffice.scoping import staff_of
from backoffice.unfolded import ActionVariant, display
from oropay.models import Approval, ApprovalState, RefundLimit
from oropay.ports import approval_handlers
from oropay.services import LimitsAsked, approval_agree, approval_refuse, refund_limits_propose

COLOURS = {ApprovalState.WAITING: WATCH, ApprovalState.AGREED: GOOD, ApprovalState.REFUSED: BAD}


def sentence_of(row: Approval) -> str:
    """What agreeing does, in the words of its kind."""
    return approval_handlers.get(row.kind).sentence(approval=row)


class AgreeForm(DialogForm):
    submit_text = gettext_lazy("Agree")

    def sentence(self) -> Words:
        details = approval_handlers.get(self.row.kind).details(approval=self.row)
        return " ".join([sentence_of(self.row), *(f"{label}: {words}." for label, words in details)])


class RefuseForm(DialogForm):
    remark: forms.CharField = fields.note(
        label=gettext_lazy("Why not"), help_text=gettext_lazy("Who asked reads it here.")
    )
    submit_text = gettext_lazy("Refuse")

    def sentence(self) -> Words:
        return _("No money moves. What was asked for ends here; it may be asked for again.")


class WithdrawForm(RefuseForm):
    submit_text = gettext_lazy("Take it back")


@admin.register(Approval)
class ApprovalAdmin(RecordAdmin):
    empty = gettext_lazy(
        "What needs a second person waits here: money given back above a limit, standalone credits, verdicts on "
        "unknown transactions, changes of limits."
    )
    list_display = ["number", "shown_kind", "what", "why", "shown_state", "asked_by", "asked_shown", "expires"]
    list_filter = ["state", "kind", ("asked_at", admin.DateFieldListFilter)]
    search_fields = ["=id", "note", "remark", "transaction__reference"]
    list_select_related = ["asked_by", "transaction__payment__instrument"]
    actions_detail = ["agree", "refuse", "withdraw"]

    def possible(self, request: HttpRequest, row: Approval) -> dict[str, bool]:
        """Who asked may take it back; another person with the kind's permission agrees or refuses."""
        waiting, own = row.state == ApprovalState.WAITING, row.asked_by_id == staff_of(request).pk
        decides = waiting and not own and self._may_decide(request, row)
        return {"withdraw": waiting and own, "agree": decides, "refuse": decides}

    @staticmethod
    def _may_decide(request: HttpRequest, row: Approval) -> bool:
        return staff_of(request).has_perm(approval_handlers.get(row.kind).permission)

    @dialog(
        title=gettext_lazy("Agree"),
        form=AgreeForm,
        permissions=["oropay.view_approval"],
        icon="task_alt",
        variant=ActionVariant.PRIMARY,
    )
    def agree(self, request: HttpRequest, form: AgreeForm) -> Words:
        approval_agree(approval=form.row, by=staff_of(request), now=timezone.now())
        return _("You agreed. It is being done now.")

    @dialog(
        title=gettext_lazy("Refuse"),
        form=RefuseForm,
        permissions=["oropay.view_approval"],
        icon="block",
        variant=ActionVariant.DANGER,
    )
    def refuse(self, request: HttpRequest, form: RefuseForm) -> Words:
        approval_refuse(approval=form.row, remark=form.cleaned_data["remark"], by=staff_of(request), now=timezone.now())
        return _("Refused. Nothing was done.")

    @dialog(
        title=gettext_lazy("Take back"),
        form=WithdrawForm,
        permissions=["oropay.view_approval"],
        icon="undo",
        variant=ActionVariant.WARNING,
    )
    def withdraw(self, request: HttpRequest, form: WithdrawForm) -> Words:
        approval_refuse(approval=form.row, remark=form.cleaned_data["remark"], by=staff_of(request), now=timezone.now())
        return _("Taken back. Nothing was done.")

    # --- list

    @display(description=gettext_lazy("Approval"), ordering="id")
    def number(self, row: Approval) -> str:
        return f"#{row.pk}"

    @display(description=gettext_lazy("Kind"), ordering="kind")
    def shown_kind(self, row: Approval) -> str:
        return row.get_kind_display()

    @display(description=gettext_lazy("What happens"))
    def what(self, row: Approval) -> Any:
        return format_html('<span class="office-words">{}</span>', sentence_of(row))

    @display(description=gettext_lazy("State"), ordering="state")
    def shown_state(self, row: Approval) -> Any:
        return tag(row.get_state_display(), COLOURS.get(ApprovalState(row.state), QUIET), state=row.state)

    @display(description=gettext_lazy("Asked"), ordering="asked_at")
    def asked_shown(self, row: Approval) -> Any:
        return moment(row.asked_at)

    @display(description=gettext_lazy("Expires"), ordering="expires_at")
    def expires(self, row: Approval) -> Any:
        return moment(row.expires_at) if row.state == ApprovalState.WAITING else dash()

    # --- page

    def heading(self, row: Approval) -> str:
        return str(row.get_kind_display())

    def headline(self, request: HttpRequest, row: Approval) -> Sequence[Any]:
        return (self.shown_state(row),)

    def sections(self, request: HttpRequest, row: Approval) -> Iterable[Section]:
        transaction = row.transaction
        evidence: Any = dash()
        if row.document is not None:
            evidence = format_html(
                '<a class="office-link" href="{}">{}</a>',
                reverse("admin:oropay_approval_evidence", args=[row.pk]),
                row.document.name,
            )
        yield Facts(
            _("Details"),
            [
                (_("What happens"), sentence_of(row)),
                *approval_handlers.get(row.kind).details(approval=row),
                (_("Why two persons"), row.why),
                (_("Note"), row.note),
                (_("Evidence"), evidence),
                (_("Payment"), link(transaction.payment) if transaction else dash()),
                (_("Transaction"), link(transaction) if transaction else dash()),
                (_("Asked by"), row.asked_by),
                (_("Asked"), moment(row.asked_at)),
                (_("Expires"), moment(row.expires_at)),
                (_("Decided by"), row.decided_by or dash()),
                (_("Decided"), moment(row.decided_at)),
                (_("Remark"), row.remark or dash()),
            ],
        )

    def get_custom_urls(self) -> tuple[tuple[str, str, Any], ...]:
        return (("<int:approval_id>/evidence/", "oropay_approval_evidence", self.evidence_view),)

    def evidence_view(self, request: HttpRequest, approval_id: int, model_admin: Any = None) -> HttpResponse:
        """The file that was given as proof, for whoever may see the approval."""
        row = self.get_object(request, str(approval_id))
        if row is None or row.document is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return attachment(row.document)


class LimitsForm(DialogForm):
    note = fields.note(help_text=gettext_lazy("Say why; the second person reads it."))
    submit_text = gettext_lazy("Ask a second person")

    def prepare(self) -> None:
        row: RefundLimit = self.row
        added = {
            name: fields.MoneyField(
                label=str(RefundLimit._meta.get_field(name).verbose_name).capitalize(),  # type: ignore[union-attr]
                currency=row.currency,
                initial=getattr(row, name),
                required=False,
                help_text=_("Empty: no limit."),
                nothing=_("Nothing was changed."),
            )
            for name in ("per_charge", "per_customer", "per_day")
        }
        self.fields = {**added, **self.fields}

    def sentence(self) -> Words:
        return _("No money moves. The limits stay as they are until another person agrees to these.")

    def limits(self) -> LimitsAsked:
        read: dict[str, Decimal | None] = {
            name: self.cleaned_data[name] for name in ("per_charge", "per_customer", "per_day")
        }
        return LimitsAsked(**read)


@admin.register(RefundLimit)
class RefundLimitAdmin(RecordAdmin):
    empty = gettext_lazy(
        "How much one person may give back alone appears here, a row for each currency in which a provider account "
        "settles."
    )
    list_display = ["currency", "organization", "charge", "customer", "day"]
    list_select_related = ["organization"]
    actions_detail = ["propose"]

    @dialog(
        title=gettext_lazy("Change the limits"),
        form=LimitsForm,
        permissions=["oropay.change_refundlimit"],
        icon="tune",
        variant=ActionVariant.PRIMARY,
    )
    def propose(self, request: HttpRequest, form: LimitsForm) -> Words:
        refund_limits_propose(
            organization=form.row.organization,
            currency=form.row.currency,
            limits=form.limits(),
            note=form.cleaned_data["note"],
            by=staff_of(request),
            now=timezone.now(),
        )
        return _("Another person must agree; see Approvals. Until then the limits stay as they are.")

    @display(description=gettext_lazy("Per charge"))
    def charge(self, row: RefundLimit) -> Any:
        return money(row.per_charge, row.currency)

    @display(description=gettext_lazy("Per customer, in 30 days"))
    def customer(self, row: RefundLimit) -> Any:
        return money(row.per_customer, row.currency)

    @display(description=gettext_lazy("In 24 hours"))
    def day(self, row: RefundLimit) -> Any:
        return money(row.per_day, row.currency)

    def heading(self, row: RefundLimit) -> str:
        return _("Limits on giving back {currency}").format(currency=row.currency)

    def sections(self, request: HttpRequest, row: RefundLimit) -> Iterable[Section]:
        yield Facts(
            _("What one person may give back alone"),
            [
                (_("Per charge"), self.charge(row)),
                (_("Per customer, in 30 days"), self.customer(row)),
                (_("In 24 hours"), self.day(row)),
                (_("Seller"), row.organization),
                (
                    _("Changes that wait"),
                    format_html(
                        '<a class="office-link" href="{}">{}</a>',
                        list_of(Approval, kind__exact="limits", state__exact="waiting"),
                        _("Approvals"),
                    ),
                ),
            ],
        )
