"""Parts of sentences about bank debits that pages and mails share."""

from collections.abc import Sequence
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from oropay.models import AchReturn, Method, MoneyState, Payment, PaymentTransaction
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


def debit_notes(*, payments: Sequence[Payment]) -> dict[int, str]:
    """By payment: the day its bank debit is expected to settle, or why it came back, in words for the buyer.

    Payments whose bank has nothing to say are not in it. At most two queries.
    """
    debits = [payment for payment in payments if payment.method == Method.BANK]
    settling = [payment.pk for payment in debits if payment.money_state == MoneyState.SETTLING]
    gone = [payment.pk for payment in debits if payment.money_state in {MoneyState.RETURNED, MoneyState.FAILED}]
    return _expected(settling) | _returned(gone)


def _expected(ids: Sequence[int]) -> dict[int, str]:
    if not ids:
        return {}
    rows = PaymentTransaction.objects.filter(payment__in=ids).select_related("payment__organization").order_by("pk")
    families: dict[int, list[PaymentTransaction]] = {}
    for row in rows:
        families.setdefault(row.payment_id, []).append(row)
    days = {payment_id: expected_on(transactions=family) for payment_id, family in families.items()}
    words = _("expected to settle on {day}")
    return {payment_id: words.format(day=day_words(day)) for payment_id, day in days.items() if day is not None}


def _returned(ids: Sequence[int]) -> dict[int, str]:
    if not ids:
        return {}
    rows = AchReturn.objects.filter(transaction__payment__in=ids).select_related("transaction")
    return {told.transaction.payment_id: return_words(told) for told in rows}


def return_words(told: AchReturn) -> str:
    """When and why a debit came back, for the buyer."""
    said = _("Returned on {day}.") if told.after_funding else _("Refused on {day}.")
    return f"{said.format(day=day_words(told.returned_on))} {told.reason.buyer}"
