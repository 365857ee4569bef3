"""Calendar arithmetic of payment terms, in the seller's calendar days; weekends and holidays do not shift them."""

from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal

from commerce.models import PaymentTerm, TermKind
from commerce.money import rounded


def due_date(term: PaymentTerm | None, issued_on: date) -> date:
    """The day an invoice is due, never before it was issued. Without a term it is due on receipt."""
    if term is None:
        return issued_on
    match TermKind(term.kind):
        case TermKind.NET:
            return issued_on + timedelta(days=term.days)
        case TermKind.END_OF_MONTH:
            return _last_of_month(issued_on.year, issued_on.month) + timedelta(days=term.days)
        case TermKind.DAY_OF_MONTH:
            months_on = 1 if issued_on.day <= term.cut_off_day else 2
            return _day_in_month(issued_on, months_on=months_on, day=term.day_of_month or 31)


def discount_until(term: PaymentTerm | None, issued_on: date) -> date | None:
    """The last day on which paying earns the early-payment discount; None where the term has none."""
    if term is None or not term.discount_percent:
        return None
    return issued_on + timedelta(days=term.discount_days)


def discount_amount(
    term: PaymentTerm | None, total: Decimal, currency: str, *, issued_on: date, paid_on: date
) -> Decimal:
    """What paying the whole total on that day saves, in major units, rounded HALF_UP to the currency."""
    last_day = discount_until(term, issued_on)
    if term is None or last_day is None or paid_on > last_day:
        return rounded(Decimal(0), currency)
    return rounded(total * term.discount_percent / 100, currency)


def _last_of_month(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def _day_in_month(start: date, *, months_on: int, day: int) -> date:
    years, month = divmod(start.month - 1 + months_on, 12)
    last = _last_of_month(start.year + years, month + 1)
    return last.replace(day=min(day, last.day))
