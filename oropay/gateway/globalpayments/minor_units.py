"""Amounts as the gateway wants them: whole numbers of the currency's smallest unit, exact or refused."""

import re
from decimal import Context, Decimal, Inexact, InvalidOperation

from moneyed import CURRENCIES, Money

from oropay.gateway.globalpayments.exceptions import AmountDoesNotFit

# ISO 4217, list one. Every other active currency has two decimals.
_EXPONENTS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
    "CLF": 4, "UYW": 4,
}  # fmt: skip
_EXACTLY = Context(prec=50, traps=[Inexact, InvalidOperation])
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")


def exponent(currency: str) -> int:
    """How many decimals the currency has (JPY 0, USD 2, KWD 3).

    Raises:
        AmountDoesNotFit: not an ISO 4217 code.
    """
    if currency not in CURRENCIES:
        raise AmountDoesNotFit(f"{currency!r} is no ISO 4217 currency.")
    return _EXPONENTS.get(currency, 2)


def to_minor(money: Money) -> str:
    """The amount as GP-API writes it: 19.99 USD is "1999", 1000 JPY is "1000", 1.234 KWD is "1234".

    Raises:
        AmountDoesNotFit: it would have to be rounded, is negative, or is not a finite number.
    """
    return minor(money.amount, money.currency.code)


def minor(amount: Decimal, currency: str) -> str:
    """As `to_minor`, for the amounts of an order, which carry no currency of their own."""
    places = exponent(currency)
    try:
        whole = _EXACTLY.to_integral_exact(_EXACTLY.scaleb(amount, places))
    except (Inexact, InvalidOperation) as error:
        raise AmountDoesNotFit(f"{amount} {currency} does not fit {places} decimals.") from error
    if not whole.is_finite() or whole < 0:
        raise AmountDoesNotFit(f"{amount} {currency} is not an amount to send.")
    return str(int(whole))


def from_minor(value: object, currency: object) -> Money:
    """Read an amount of the gateway's. Never a float: a JSON number with a decimal point is refused.

    Raises:
        AmountDoesNotFit: not a whole number of minor units of a known currency.
    """
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not isinstance(currency, str) or not _WHOLE_NUMBER.fullmatch(text):
        raise AmountDoesNotFit(f"The gateway's amount {value!r} {currency!r} is not a whole number of minor units.")
    return Money(Decimal(text).scaleb(-exponent(currency)), currency)
