"""Amounts for people, and between currencies. Everywhere else an amount is a whole number of minor units."""

from decimal import ROUND_HALF_UP, Decimal

NO_DECIMALS = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"})
THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
"""ISO 4217; every other currency has two."""


def decimals(currency: str) -> int:
    return 0 if currency in NO_DECIMALS else 3 if currency in THREE_DECIMALS else 2


def shown(amount: int, currency: str) -> str:
    """`199900` USD → `1,999.00 USD`."""
    places = decimals(currency)
    return f"{Decimal(amount).scaleb(-places):,.{places}f} {currency}"


def converted(amount: int, *, currency: str, into: str, rate: Decimal) -> int:
    """Minor units of one currency as minor units of another, rounded half up. `rate` is per whole unit."""
    whole = Decimal(amount).scaleb(-decimals(currency)) * rate
    return int(whole.scaleb(decimals(into)).to_integral_value(ROUND_HALF_UP))
