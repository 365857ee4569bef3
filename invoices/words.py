"""How an invoice stands, in words people use."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from commerce.money import format_money
from invoices.models import Invoice, InvoiceState
from oropay.models import MoneyState, Payable, Payment
from oropay.selectors import OPEN_STATES
from oropay.services import expected_on
from oropay.status import sums_of
from oropay.words import day_words


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


def receipt_missing_words(*, payment: Payment, for_order: bool, locale: str) -> str:
    """Why a payment has no receipt yet, or will have none. `for_order`: what it pays is not invoiced yet."""
    sums = sums_of(payment.transactions.all())

    def amount(value: Decimal) -> str:
        return format_money(value, payment.currency, locale)

    if payment.money_state in OPEN_STATES:
        return _("This payment has no outcome yet. If it brings money, its receipt appears here.")
    if sums.captured > 0 and sums.net <= 0:
        return _("There is no receipt: {amount} was paid and went back.").format(amount=amount(sums.captured))
    if sums.captured > 0 and for_order:
        return _("{amount} is paid. It is a deposit for your order; the receipt comes with the invoice.").format(
            amount=amount(sums.net)
        )
    if sums.captured > 0:
        return _("{amount} is paid, and counts on the invoice. It has no receipt of its own.").format(
            amount=amount(sums.net)
        )
    if payment.money_state == MoneyState.SETTLING and for_order:
        return _(
            "Your bank accepted the debit of {amount}. Once it has settled, {when}, it is a deposit for your order; "
            "the receipt comes with the invoice."
        ).format(amount=amount(sums.settling), when=_settles(payment))
    if payment.money_state == MoneyState.SETTLING:
        return _(
            "Your bank accepted the debit of {amount}. The receipt is issued when it has settled, {when}; you get it "
            "by mail, too."
        ).format(amount=amount(sums.settling), when=_settles(payment))
    if payment.money_state == MoneyState.AUTHORIZED:
        return _("{amount} is held on the card and not taken yet. The receipt comes once it is charged.").format(
            amount=amount(sums.held)
        )
    return _("There is no receipt: this payment brought no money.")


def _settles(payment: Payment) -> str:
    """When a bank debit under way is expected to be sure."""
    rows = payment.transactions.select_related("payment__organization").order_by("pk")
    day = expected_on(transactions=rows)
    if day is None:
        return _("in about three banking days")
    return _("expected on {day}").format(day=day_words(day))
