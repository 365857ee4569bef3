"""Bank returns and frozen accounts: why debits came back, what it means, and what a person may do about it."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import DialogForm, Words, dialog
from backoffice.display import BAD, GOOD, WATCH, dash, day, link, moment, money, tag
from backoffice.forms import fields
from backoffice.records import Facts, RecordAdmin, Section, Table
from backoffice.returnwindow import late_facts, late_shown, window_facts
from backoffice.scoping import staff_of
from backoffice.unfolded import ActionVariant, display
from invoices.models import Invoice
from oropay.models import AchReturn, Freeze, Instrument
from oropay.returncodes import CODES
from oropay.services import ach_return_code_enter, debit_retry, freeze_lift, retries_of, retry_refusal


class CodeForm(DialogForm):
    code = fields.choice(
        label=gettext_lazy("Return code"),
        choices=[("", "–"), *((code.code, f"{code.code} · {code.title}") for code in CODES.values())],
        help_text=gettext_lazy("As the bank or the gateway names it. It is written once."),
    )
    note: forms.CharField = fields.note(help_text=gettext_lazy("Where you have it from; it is kept with the payment."))
    submit_text = gettext_lazy("Enter the code")

    def sentence(self) -> Words:
        return _(
            "No money moves. What the code means follows at once: the account stays frozen, is unfrozen, or its "
            "autopay stops."
        )


class RetryForm(DialogForm):
    attempt_key = forms.UUIDField(widget=forms.HiddenInput)
    submit_text = gettext_lazy("Retry debit")

    def prepare(self) -> None:
        if not self.is_bound:
            self.fields["attempt_key"].initial = uuid4()

    def sentence(self) -> Words:
        charge = self.row.charge
        return _(
            "{amount} is debited again from {account}, under the authorisation of the first debit. It settles in about "
            "three banking days; the bank may return it again."
        ).format(amount=money(charge.amount, charge.currency), account=charge.payment.instrument)

    def unavailable(self) -> Words:
        return retry_refusal(told=self.row, now=timezone.now())


class LiftForm(DialogForm):
    note: forms.CharField = fields.note(
        help_text=gettext_lazy("What makes it safe, such as a new authorisation; it is kept.")
    )
    submit_text = gettext_lazy("Unfreeze")

    def sentence(self) -> Words:
        return _(
            "No money moves. Every customer of this seller with this account may be debited again; autopay stays off."
        )


class WithoutCodeFilter(admin.SimpleListFilter):
    title = gettext_lazy("code")
    parameter_name = "known"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", _("Without a code")), ("yes", _("With a code"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        return queryset.filter(code="") if self.value() == "no" else queryset.exclude(code="")


@admin.register(AchReturn)
class AchReturnAdmin(RecordAdmin):
    empty = gettext_lazy(
        "A return appears here when a bank takes a debit back or rejects it: with its reason in plain words and what "
        "may be done."
    )
    list_display = ["what", "amount", "payment", "funded", "returned", "late"]
    list_filter = [WithoutCodeFilter, "code", "after_funding"]
    search_fields = ["code", "=transaction__payment__id", "transaction__payment__customer__name"]
    list_select_related = [
        "transaction__payment__customer",
        "transaction__payment__organization",
        "transaction__payment__mandate",
        "transaction__parent__payment__organization",
        "transaction__parent__payment__mandate",
    ]
    actions_detail = ["enter_code", "retry"]

    def possible(self, request: HttpRequest, row: AchReturn) -> dict[str, bool]:
        return {"enter_code": not row.code, "retry": not retry_refusal(told=row, now=timezone.now())}

    @dialog(
        title=gettext_lazy("Enter the code"),
        form=CodeForm,
        permissions=["oropay.enter_return_code"],
        icon="edit_note",
        variant=ActionVariant.PRIMARY,
    )
    def enter_code(self, request: HttpRequest, form: CodeForm) -> Words:
        told = ach_return_code_enter(
            told=form.row,
            code=form.cleaned_data["code"],
            note=form.cleaned_data["note"],
            by=staff_of(request),
            now=timezone.now(),
        )
        return _("{code} is entered: {title}.").format(code=told.code, title=told.reason.title)

    @dialog(
        title=gettext_lazy("Retry debit"),
        form=RetryForm,
        permissions=["oropay.retry_debit"],
        icon="replay",
        variant=ActionVariant.WARNING,
    )
    def retry(self, request: HttpRequest, form: RetryForm) -> Words:
        payment = debit_retry(
            told=form.row, by=staff_of(request), now=timezone.now(), attempt_key=form.cleaned_data["attempt_key"]
        )
        return _("Debit queued as payment #{number}. The gateway answers in a few seconds.").format(number=payment.pk)

    # --- list

    @display(description=gettext_lazy("Return"))
    def what(self, row: AchReturn) -> Any:
        title = str(row.reason.title)
        return tag(f"{row.code} · {title}" if row.code else title, WATCH if not row.code else BAD)

    @display(description=gettext_lazy("Amount"))
    def amount(self, row: AchReturn) -> Any:
        return money(row.transaction.amount, row.transaction.currency)

    @display(description=gettext_lazy("Payment"))
    def payment(self, row: AchReturn) -> Any:
        payment = row.transaction.payment
        return link(payment, f"#{payment.pk} · {payment.customer}")

    @display(description=gettext_lazy("When"))
    def funded(self, row: AchReturn) -> str:
        return _("after funding") if row.after_funding else _("before funding")

    @display(description=gettext_lazy("Returned"), ordering="returned_on")
    def returned(self, row: AchReturn) -> Any:
        return day(row.returned_on)

    @display(description=gettext_lazy("Return window"))
    def late(self, row: AchReturn) -> Any:
        return late_shown(row)

    # --- page

    def heading(self, row: AchReturn) -> str:
        return f"{row.code} · {row.reason.title}" if row.code else str(row.reason.title)

    def heading_amount(self, row: AchReturn) -> Any:
        return self.amount(row)

    def sections(self, request: HttpRequest, row: AchReturn) -> Iterable[Section]:
        charge = row.charge
        yield Facts(
            _("Details"),
            [
                (_("What it means"), row.reason.staff),
                (_("What the buyer reads"), row.reason.buyer),
                (_("What may be done"), retry_refusal(told=row, now=timezone.now()) or _("It may be debited again.")),
                (_("Payment"), link(charge.payment)),
                (_("Debit"), link(charge)),
                (_("Bank account"), link(charge.payment.instrument) if charge.payment.instrument else dash()),
                (_("Returned"), day(row.returned_on)),
                *window_facts(charge),
                *late_facts(row),
                (_("Money"), self._money(row)),
                (_("Code entered by"), row.entered_by or dash()),
            ],
        )
        first = charge.payment.retry_of or charge.payment
        yield Table(
            _("Sent again"),
            [_("Payment"), _("Money"), _("Created")],
            [
                [link(one, f"#{one.pk}"), one.get_money_state_display(), moment(one.created_at)]
                for one in retries_of(first=first)
            ],
            empty=_("A debit that is sent again will appear here; Nacha allows two within 180 days."),
        )
        yield Table(
            _("Debit memos"),
            [_("Number"), _("Because of"), _("Amount"), _("Left")],
            [
                [
                    link(one, one.number),
                    one.get_cause_kind_display(),
                    money(one.total, one.currency),
                    money(one.payable.due, one.currency) if one.payable else dash(),
                ]
                for one in Invoice.objects.filter(cause=row.transaction).select_related("payable")
            ],
            empty=_("What the customer owes beside the invoice because of it will appear here."),
            right=frozenset({2, 3}),
        )

    def _money(self, row: AchReturn) -> str:
        if row.after_funding:
            return _("The money was here and went back; what it paid is due again.")
        return _("Nothing was taken; what it was for is still due.")


@admin.register(Freeze)
class FreezeAdmin(RecordAdmin):
    empty = gettext_lazy(
        "A bank account appears here when a return forbids debiting it, for every customer of this seller that has it."
    )
    list_display = ["account", "why", "shown_state", "frozen", "lifted"]
    list_filter = [("lifted_at", admin.EmptyFieldListFilter), "code"]
    search_fields = ["last4", "note"]
    actions_detail = ["lift"]

    def possible(self, request: HttpRequest, row: Freeze) -> bool:
        return row.lifted_at is None

    @dialog(
        title=gettext_lazy("Unfreeze"),
        form=LiftForm,
        permissions=["oropay.lift_freeze"],
        icon="lock_open",
        variant=ActionVariant.WARNING,
    )
    def lift(self, request: HttpRequest, form: LiftForm) -> Words:
        freeze_lift(freeze=form.row, note=form.cleaned_data["note"], by=staff_of(request), now=timezone.now())
        return _("The account may be debited again.")

    @display(description=gettext_lazy("Bank account"))
    def account(self, row: Freeze) -> str:
        return f"···· {row.last4}"

    @display(description=gettext_lazy("Why"))
    def why(self, row: Freeze) -> str:
        return " · ".join(part for part in (row.code, str(row.reason.title)) if part)

    @display(description=gettext_lazy("State"))
    def shown_state(self, row: Freeze) -> Any:
        return tag(_("Unfrozen"), GOOD) if row.lifted_at else tag(_("Frozen"), BAD)

    @display(description=gettext_lazy("Frozen"), ordering="frozen_at")
    def frozen(self, row: Freeze) -> Any:
        return moment(row.frozen_at)

    @display(description=gettext_lazy("Unfrozen"), ordering="lifted_at")
    def lifted(self, row: Freeze) -> Any:
        return moment(row.lifted_at)

    def headline(self, request: HttpRequest, row: Freeze) -> Sequence[Any]:
        return (self.shown_state(row),)

    def sections(self, request: HttpRequest, row: Freeze) -> Iterable[Section]:
        yield Facts(
            _("Details"),
            [
                (_("Why"), self.why(row)),
                (_("What it means"), row.reason.staff),
                (_("Return"), link(row.cause) if row.cause else dash()),
                (_("Frozen"), moment(row.frozen_at)),
                (_("Unfrozen"), moment(row.lifted_at)),
                (_("By"), row.lifted_by or dash()),
                (_("Note"), row.note or dash()),
            ],
        )
        same = Instrument.objects.filter(customer__organization=row.organization, fingerprint=row.fingerprint)
        yield Table(
            _("Instruments"),
            [_("Instrument"), _("Customer"), _("State")],
            [[link(one), link(one.customer), one.get_state_display()] for one in same.select_related("customer")],
            empty=_("Every instrument with this account, whichever customer's, will appear here."),
        )
