"""Dialogs on orders and invoices."""

import uuid
from datetime import timedelta
from decimal import Decimal

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import DialogForm, Words
from backoffice.forms import fields
from commerce.money import format_money, rounded
from commerce.terms import due_date
from invoices.exceptions import VoidRefused
from invoices.models import Invoice
from invoices.services import void_refusal
from oropay.models import Payable


class DraftFromOrderForm(DialogForm):
    submit_text = gettext_lazy("Draft the invoice")

    def sentence(self) -> Words:
        return _(
            "No money moves and nothing is owed yet: an invoice of {amount} is drafted with the lines of order "
            "{number}. Post it when it is right."
        ).format(amount=format_money(self.row.total, self.row.currency), number=self.row.number)


class CancelOrderForm(DialogForm):
    note = fields.note(help_text=gettext_lazy("Say why; it is kept with the order."))
    submit_text = gettext_lazy("Cancel the order")
    back_text = gettext_lazy("Keep it")

    def sentence(self) -> Words:
        return _(
            "Order {number} will not be delivered. No money moves: if any is held or taken for it, nothing is canceled "
            "and you are told what to do first."
        ).format(number=self.row.number)


class PostForm(DialogForm):
    submit_text = gettext_lazy("Post")

    def sentence(self) -> Words:
        invoice: Invoice = self.row
        today = invoice.organization.today(timezone.now())
        total = format_money(invoice.total, invoice.currency)
        told = _("The next INV number is taken, the PDF is frozen and {customer} owes {total}, due {due}.").format(
            customer=invoice.customer, total=total, due=f"{due_date(invoice.payment_term, today):%-d %b %Y}"
        )
        deposit = deposit_of(invoice)
        if deposit is not None and deposit.paid > 0:
            told += " " + _("{amount} paid for the order is applied to it.").format(
                amount=format_money(min(deposit.paid, invoice.total), invoice.currency)
            )
        if deposit is not None and deposit.held > 0:
            told += " " + _("The hold of {amount} becomes the invoice's.").format(
                amount=format_money(deposit.held, invoice.currency)
            )
        return told


def deposit_of(invoice: Invoice) -> Payable | None:
    """The payable of the invoice's order, if it has one."""
    return Payable.objects.filter(order_id=invoice.order_id).first() if invoice.order_id else None


class VoidForm(DialogForm):
    note = fields.note(help_text=gettext_lazy("Say why; it is kept with it."))
    submit_text = gettext_lazy("Void")

    def prepare(self) -> None:
        self.drop_fields()

    def unavailable(self) -> Words:
        why = void_refusal(invoice=self.row)
        return str(VoidRefused(kind=self.row.get_kind_display(), number=self.row.number, why=why)) if why else ""

    def sentence(self) -> Words:
        if self.unavailable():
            return ""
        return _(
            "{kind} {number} is withdrawn for good: {customer} no longer owes {total}, the books are reversed and the "
            "number stays used."
        ).format(
            kind=self.row.get_kind_display(),
            number=self.row.number,
            customer=self.row.customer,
            total=format_money(self.row.total, self.row.currency),
        )


class DeleteDraftForm(DialogForm):
    submit_text = gettext_lazy("Throw away")

    def sentence(self) -> Words:
        return _("The draft is thrown away. It had no number and nobody owed anything for it.")


class ReceiptForm(DialogForm):
    """A check or wire that arrived."""

    attempt = forms.UUIDField(widget=forms.HiddenInput)
    received_on = fields.day(
        label=gettext_lazy("Received on"), help_text=gettext_lazy("The day the money or the check came.")
    )
    document = fields.text(
        label=gettext_lazy("Check or wire number"), max_length=50, help_text=gettext_lazy("As printed on it.")
    )
    submit_text = gettext_lazy("Record")

    def prepare(self) -> None:
        payable = self.payable()
        due = payable.payable_now if payable else Decimal(0)
        currency = self.row.currency
        self.fields["attempt"].initial = uuid.uuid4()
        self.today = self.row.organization.today(timezone.now())
        self.fields["received_on"].initial = self.today
        self.fields["amount"] = fields.MoneyField(
            label=_("Amount received"),
            currency=currency,
            initial=rounded(due, currency),
            help_text=_("{due} is open. What is more becomes the customer's credit.").format(
                due=format_money(due, currency)
            ),
            nothing=_("Nothing was recorded."),
        )
        self.order_fields(["amount", "received_on", "document"])

    def payable(self) -> Payable | None:
        return self.row.payable if isinstance(self.row, Invoice) else getattr(self.row, "payable", None)

    def sentence(self) -> Words:
        return _(
            "The amount is booked as received from {customer} for {number}; it lies in undeposited funds until a bank "
            "line shows it. Nothing is charged."
        ).format(customer=self.row.customer, number=self.row.number)

    def clean_received_on(self) -> object:
        on = self.cleaned_data["received_on"]
        if on > self.today:
            raise forms.ValidationError(_("Nothing was recorded. Money that has not arrived cannot be recorded yet."))
        if on < self.today - timedelta(days=366):
            raise forms.ValidationError(_("Nothing was recorded. That is more than a year ago; please check the year."))
        return on

    def clean_amount(self) -> Decimal:
        amount: Decimal = self.cleaned_data["amount"]
        if amount <= 0:
            raise forms.ValidationError(_("Nothing was recorded. The amount must be more than nothing."))
        return amount
