"""How an invoice stands, in words people use."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from invoices.models import Invoice, InvoiceState
from oropay.models import Payable


class Standing(StrEnum):
    """One word for an invoice: what matters most comes first."""

    DRAFT = "draft"
    """Not owed yet."""
    VOID = "void"
    """Owed by nobody any more."""
    PAID = "paid"
    """Nothing is left to pay; what settles is not paid yet."""
    OVERDUE = "overdue"
    """Something is left and the day has passed."""
    SETTLING = "settling"
    """A bank debit for all that is left is on its way."""
    PARTIALLY = "partially"
    """Something is paid, something is left, there is time."""
    OPEN = "open"
    """Nothing is paid yet, there is time."""


LABELS = {
    Standing.DRAFT: gettext_lazy("Draft"),
    Standing.VOID: gettext_lazy("Void"),
    Standing.PAID: gettext_lazy("Paid"),
    Standing.OVERDUE: gettext_lazy("Overdue"),
    Standing.SETTLING: gettext_lazy("Payment on its way"),
    Standing.PARTIALLY: gettext_lazy("Partly paid"),
    Standing.OPEN: gettext_lazy("Open"),
}


def standing_of(*, invoice: Invoice, payable: Payable | None, today: date) -> Standing:
    """The word for an invoice on a day, by the seller's calendar."""
    if invoice.state == InvoiceState.DRAFT or payable is None or invoice.due_on is None:
        return Standing.DRAFT
    if invoice.state == InvoiceState.VOID:
        return Standing.VOID
    if payable.due <= Decimal(0):
        return Standing.PAID
    if payable.settling >= payable.due:
        return Standing.SETTLING
    if invoice.due_on < today:
        return Standing.OVERDUE
    return Standing.PARTIALLY if payable.paid > 0 else Standing.OPEN


def due_words(due_on: date, *, today: date) -> str:
    """A due date as people compare it: "due in 3 days", "overdue by 12 days", "due today"."""
    days = (due_on - today).days
    if days == 0:
        return _("due today")
    if days > 0:
        return ngettext("due in {days} day", "due in {days} days", days).format(days=days)
    return ngettext("overdue by {days} day", "overdue by {days} days", -days).format(days=-days)
