"""Money: exact decimals, one currency per document, HALF_UP to the currency's exponent.

In Python money is `moneyed.Money`; in the database it is NUMERIC(19,4) beside one `currency` column per document.
A float near money is refused wherever this module sees one.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, Any, overload

from babel import Locale
from babel.numbers import format_currency, get_currency_symbol
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import to_locale
from moneyed import CURRENCIES, Money

from commerce.exceptions import FloatRefused, NotRepresentable, SharesImpossible, UnknownCurrency

MINUS = "\N{MINUS SIGN}"

WITHOUT_MINOR_UNITS = frozenset(
    {"XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XDR", "XPD", "XPT", "XSU", "XTS", "XUA", "XXX"}
)
"""Codes that ISO 4217 lists with "N.A." as exponent: metals, test codes, units of account. Nobody is billed in them."""

EXPONENTS: dict[str, int] = {
    code: len(str(currency.sub_unit)) - 1 for code, currency in CURRENCIES.items() if code not in WITHOUT_MINOR_UNITS
}
"""Digits after the point by ISO 4217 (JPY 0, USD 2, KWD 3). Not CLDR's digits: those are what people write (IQD 0)."""

CURRENCY_CHOICES = [("USD", "USD"), ("CAD", "CAD"), ("EUR", "EUR"), ("GBP", "GBP"), ("JPY", "JPY"), ("KWD", "KWD")]
"""What forms offer. Columns take any ISO 4217 code that `exponent` knows."""


def currency_validate(code: str) -> None:
    """Refuse a code without an ISO 4217 exponent before it reaches a currency column."""
    if code not in EXPONENTS:
        raise ValidationError(_("%(code)s is not a currency we can bill in."), params={"code": code})


if TYPE_CHECKING:
    AnyDecimalField = models.DecimalField[Any, Any]  # generic for the type checker only
else:
    AnyDecimalField = models.DecimalField


class MoneyAmountField(AnyDecimalField):
    """An amount in the currency of its document: NUMERIC(19,4), in major units. Floats are refused, not rounded."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["max_digits"] = 19
        kwargs["decimal_places"] = 4
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["max_digits"], kwargs["decimal_places"]
        return name, path, args, kwargs

    def to_python(self, value: Any) -> Any:
        if isinstance(value, float):
            raise FloatRefused(value=value)
        return super().to_python(value)


def exponent(currency: str) -> int:
    """How many digits the currency has after the point.

    Raises:
        UnknownCurrency: no ISO 4217 exponent exists for the code.
    """
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise UnknownCurrency(currency=currency) from None


def money(amount: Decimal | int | str, currency: str) -> Money:
    """Make Money from an exact amount in major units; a float is refused."""
    if isinstance(amount, float):
        raise FloatRefused(value=amount)
    exponent(currency)
    return Money(Decimal(amount), currency)


@overload
def rounded(value: Money, currency: str | None = None) -> Money: ...
@overload
def rounded(value: Decimal, currency: str) -> Decimal: ...
def rounded(value: Money | Decimal, currency: str | None = None) -> Money | Decimal:
    """Round HALF_UP (away from zero on a tie) to the currency's exponent: once, at the end of a line."""
    if isinstance(value, Money):
        return Money(rounded(value.amount, value.currency.code), value.currency.code)
    if isinstance(value, float):
        raise FloatRefused(value=value)
    if currency is None:
        raise UnknownCurrency(currency="")
    return value.quantize(_unit(currency), rounding=ROUND_HALF_UP) + 0  # + 0: no negative zero


def to_minor(value: Money) -> int:
    """The amount in minor units (cents) as a gateway wants it: exact, or refused.

    Raises:
        NotRepresentable: the amount has more digits than the currency.
    """
    scaled: Fraction = Fraction(value.amount) * 10 ** exponent(value.currency.code)
    if scaled.denominator != 1:
        raise NotRepresentable(amount=value.amount, currency=value.currency.code)
    return scaled.numerator


def from_minor(units: int, currency: str) -> Money:
    """Money from a gateway's minor units."""
    if isinstance(units, float):
        raise FloatRefused(value=units)
    return Money(_from_units(units, currency), currency)


def shares(total: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Split a total by weights so that the parts are whole minor units and their sum is exactly the total.

    Largest remainder; a tie goes to the lowest index, so callers pass rows ordered by id. When every weight
    is zero the parts are equal. A negative total is split like its positive twin.

    Raises:
        SharesImpossible: nothing to split over, or a negative weight.
        NotRepresentable: the total itself is not in whole minor units.
    """
    if not weights or any(weight < 0 for weight in weights):
        raise SharesImpossible(total=total, parts=len(weights))
    units = to_minor(Money(total, currency))
    if units < 0:
        return [-part for part in shares(-total, weights, currency)]
    # Integers from here: a quotient of decimals would round, and a wrongly rounded remainder moves a cent.
    whole = _as_integers(weights if any(weights) else [Decimal(1)] * len(weights))
    parts_and_rests = [divmod(units * weight, sum(whole)) for weight in whole]
    parts = [part for part, _rest in parts_and_rests]
    left = units - sum(parts)
    by_rest = sorted(range(len(parts)), key=lambda index: (-parts_and_rests[index][1], index))
    for index in by_rest[:left]:
        parts[index] += 1
    return [_from_units(part, currency) for part in parts]


def format_money(amount: Decimal | Money, currency: str | None = None, locale: str = "en_US") -> str:
    """An amount for people, always with its currency, a negative one with a real minus sign: "−$12.00"."""
    if isinstance(amount, Money):
        return format_money(amount.amount, amount.currency.code, locale)
    if currency is None:
        raise UnknownCurrency(currency="")
    value = rounded(amount, currency)
    reader = Locale.parse(locale.replace("-", "_"))
    pattern = _pattern(reader, currency)
    text = format_currency(abs(value), currency, pattern, locale=reader, currency_digits=False)
    return f"{MINUS}{text}" if value < 0 else text


def locale_of(language: str) -> str:
    """Babel's name for a language tag: "en-us" is "en_US"."""
    name, _underscore, region = to_locale(language).partition("_")
    return f"{name}_{region.upper()}" if region else name


def _unit(currency: str) -> Decimal:
    return Decimal(f"1E-{exponent(currency)}")


def _from_units(units: int, currency: str) -> Decimal:
    return Decimal(f"{units}E-{exponent(currency)}")


def _as_integers(weights: Sequence[Decimal]) -> list[int]:
    """The same proportions in whole numbers, exactly, however many digits a weight has."""
    fractions = [Fraction(weight) for weight in weights]
    multiple = lcm(*(fraction.denominator for fraction in fractions))
    return [int(fraction * multiple) for fraction in fractions]


def _pattern(reader: Locale, currency: str) -> str:
    """The locale's own currency pattern with the currency's ISO digits instead of CLDR's."""
    pattern = str(reader.currency_formats["standard"].pattern).split(";")[0]
    symbol = get_currency_symbol(currency, reader)
    if symbol[-1].isalpha():  # CLDR's rule for letters beside digits: "KWD 1.500", but "$1.50"
        pattern = pattern.replace("¤#", "¤\N{NO-BREAK SPACE}#")
    digits = exponent(currency)
    return pattern.replace(".00", "." + "0" * digits if digits else "")
