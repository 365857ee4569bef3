"""Whom a mail about a payment is written to, and in which language."""

from dataclasses import dataclass
from decimal import Decimal

from commerce.models import User
from commerce.money import format_money, locale_of
from oropay.models import Payment


@dataclass(frozen=True)
class Addressee:
    """Who had paid, or the company's address where staff or nobody did."""

    payer: User | None
    email: str
    """Empty: nobody can be written to."""
    language: str

    def written(self, amount: Decimal, currency: str) -> str:
        """An amount as this reader writes it."""
        return format_money(amount, currency, locale_of(self.language))


def addressee_of(*, payment: Payment) -> Addressee:
    """Who hears of what becomes of a payment."""
    payer = payment.created_by if payment.created_by is not None and not payment.created_by.is_staff else None
    return Addressee(
        payer=payer,
        email=payer.email if payer is not None else payment.customer.email,
        language=payment.website.language if payment.website is not None else "en-us",
    )
