"""Exceptions: what does not fit, until it settles itself or somebody says why nothing has to be done."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin.alerts import OpenFilter
from backoffice.admin.reconciliation.tables import case_state
from backoffice.dialogs import DialogForm, Words, dialog
from backoffice.display import dash, link, moment, money, short_id
from backoffice.forms import fields
from backoffice.forms.assign import AssignForm
from backoffice.records import Facts, RecordAdmin, Section
from backoffice.scoping import staff_of
from backoffice.unfolded import ActionVariant, display
from reconciliation.models import CaseKind, ExceptionCase
from reconciliation.services import case_assign, case_resolve

EXPLAINED = {
    CaseKind.LATE: gettext_lazy("The day by which the gateway deposits has passed, and it did not name this payment."),
    CaseKind.AMOUNT_DIFFERS: gettext_lazy("The gateway settled another amount, or the deposit does not add up."),
    CaseKind.CURRENCY_DIFFERS: gettext_lazy("The gateway settled in another currency than we took or settle in."),
    CaseKind.UNEXPECTED: gettext_lazy("The gateway settled something that our books do not know."),
    CaseKind.DUPLICATE: gettext_lazy("The gateway settled the same transaction twice."),
    CaseKind.IDENTITY_MISMATCH: gettext_lazy("It carries our reference, but our transaction has another gateway id."),
    CaseKind.ARRIVED_LATE: gettext_lazy("It carries the reference of a transaction that had ended without money."),
    CaseKind.RETURNED: gettext_lazy("Money that was to come, or had come, went back."),
}


class IgnoreForm(DialogForm):
    remark: forms.CharField = fields.note(
        label=gettext_lazy("Why nothing has to be done"), help_text=gettext_lazy("It stays on the exception.")
    )
    submit_text = gettext_lazy("Ignore")

    def sentence(self) -> Words:
        return _("No money moves and nothing is matched. The exception leaves the workbench; your words stay.")


@admin.register(ExceptionCase)
class ExceptionCaseAdmin(RecordAdmin):
    empty = gettext_lazy(
        "An exception appears here when a pull finds something that does not fit, or when money is late."
    )
    menu_icon = "rule"
    list_display = ["what", "shown_difference", "shown_state", "payment", "deposit_shown", "owner", "raised"]
    list_filter = [OpenFilter, "kind"]
    search_fields = [
        "settlement_line__gateway_id",
        "expectation__gateway_id",
        "deposit__gateway_id",
        "transaction__reference",
        "transaction__payment__customer__name",
        "remark",
    ]
    search_help_text = gettext_lazy("The gateway's id, our reference, the customer, or a remark")
    list_select_related = [
        "transaction__payment__customer",
        "settlement_line__deposit",
        "deposit",
        "owner",
    ]
    actions_detail = ["assign", "ignore"]

    def possible(self, request: HttpRequest, row: ExceptionCase) -> bool:
        return row.is_open

    @dialog(
        title=gettext_lazy("Assign"),
        form=AssignForm,
        permissions=["reconciliation.resolve_exceptioncase"],
        icon="person",
    )
    def assign(self, request: HttpRequest, form: AssignForm) -> Words:
        case = case_assign(case=form.row, owner=form.chosen(), by=staff_of(request))
        return _("{name} looks after it.").format(name=case.owner) if case.owner else _("Nobody looks after it now.")

    @dialog(
        title=gettext_lazy("Ignore with a reason"),
        form=IgnoreForm,
        permissions=["reconciliation.resolve_exceptioncase"],
        icon="task_alt",
        variant=ActionVariant.PRIMARY,
    )
    def ignore(self, request: HttpRequest, form: IgnoreForm) -> Words:
        case_resolve(case=form.row, remark=form.cleaned_data["remark"], by=staff_of(request), now=timezone.now())
        return _("The exception is resolved.")

    @display(description=gettext_lazy("Exception"), ordering="kind")
    def what(self, row: ExceptionCase) -> str:
        return str(row.get_kind_display())

    @display(description=gettext_lazy("Raised"), ordering="raised_at")
    def raised(self, row: ExceptionCase) -> Any:
        return moment(row.raised_at)

    @display(description=gettext_lazy("Difference"), ordering="amount")
    def shown_difference(self, row: ExceptionCase) -> Any:
        return money(row.amount, row.currency)

    @display(description=gettext_lazy("Payment"))
    def payment(self, row: ExceptionCase) -> Any:
        if row.transaction is None:
            return dash()
        return link(row.transaction.payment, f"#{row.transaction.payment_id} · {row.transaction.payment.customer}")

    @display(description=gettext_lazy("Deposit"))
    def deposit_shown(self, row: ExceptionCase) -> Any:
        deposit = row.deposit or (row.settlement_line.deposit if row.settlement_line else None)
        return link(deposit, short_id(deposit.gateway_id)) if deposit else dash()

    @display(description=gettext_lazy("State"))
    def shown_state(self, row: ExceptionCase) -> Any:
        return case_state(row)

    def heading(self, row: ExceptionCase) -> str:
        return str(row.get_kind_display())

    def heading_amount(self, row: ExceptionCase) -> Any:
        return money(row.amount, row.currency)

    def headline(self, request: HttpRequest, row: ExceptionCase) -> Sequence[Any]:
        return (case_state(row),)

    def sections(self, request: HttpRequest, row: ExceptionCase) -> Iterable[Section]:
        yield Facts(
            _("Details"),
            [
                (_("Payment"), self.payment(row)),
                (_("Transaction"), link(row.transaction)),
                (_("Expected"), link(row.expectation)),
                (_("Settlement line"), link(row.settlement_line)),
                (_("Deposit"), self.deposit_shown(row)),
                (_("Raised"), moment(row.raised_at)),
                (_("Looked after by"), str(row.owner) if row.owner else dash()),
                (_("Resolved"), moment(row.resolved_at)),
                (_("By"), str(row.resolved_by) if row.resolved_by else dash()),
                (_("Remark"), row.remark or dash()),
            ],
        )

    def page_context(self, request: HttpRequest, row: ExceptionCase) -> dict[str, Any]:
        return {"sentence": EXPLAINED[CaseKind(row.kind)]}
