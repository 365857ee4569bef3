"""Parts of sentences about bank debits that pages and mails share."""

from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from oropay.models import AchReturn, MoneyState, Payment
from oropay.services.ach.dates import expected_on


def bank_words(*, payment: Payment, state: MoneyState) -> dict[str, str]:
    """The day a debit is expected to settle, or why it came back: the parts of a sentence only banks know."""
    if state not in {MoneyState.SETTLING, MoneyState.RETURNED}:
        return {}
    if state == MoneyState.SETTLING:
        rows = list(payment.transactions.select_related("payment__organization").order_by("pk"))
        day = expected_on(transactions=rows)
        return {"day": day_words(day) if day is not None else _("about three banking days from now")}
    told = AchReturn.objects.filter(transaction__payment=payment).first()
    return {"why": str(told.reason.buyer) if told is not None else ""}


def day_words(day: date) -> str:
    """A day as people write it: 26 Nov 2026."""
    return f"{day.day} {date_format(day, 'M Y')}"
