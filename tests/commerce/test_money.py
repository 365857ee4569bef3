"""Exact money: exponents, HALF_UP, minor units, shares that lose no cent."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moneyed import Money

from commerce.exceptions import FloatRefused, NotRepresentable, SharesImpossible, UnknownCurrency
from commerce.models import Price
from commerce.money import exponent, format_money, from_minor, money, rounded, shares, to_minor

CURRENCIES = st.sampled_from(["JPY", "USD", "KWD", "CLF"])
AMOUNTS = st.decimals(min_value=-(10**14), max_value=10**14, places=4)
WEIGHTS = st.lists(st.decimals(min_value=0, max_value=10**12, places=4), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("USD", 2), ("EUR", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("TND", 3), ("CLF", 4), ("IQD", 3), ("ISK", 0)],
)
def test_exponents_are_those_of_iso_4217(currency, digits):
    assert exponent(currency) == digits


@pytest.mark.parametrize("code", ["XAU", "XXX", "usd", "ZZZ", ""])
def test_a_code_nobody_is_billed_in_is_refused(code):
    with pytest.raises(UnknownCurrency, match="Nothing was written"):
        exponent(code)


@pytest.mark.parametrize(
    ("amount", "currency", "result"),
    [
        ("1.005", "USD", "1.01"),
        ("1.0049", "USD", "1.00"),
        ("-1.005", "USD", "-1.01"),
        ("0.5", "JPY", "1"),
        ("1.0005", "KWD", "1.001"),
        ("2.675", "USD", "2.68"),
    ],
)
def test_a_tie_is_rounded_away_from_zero(amount, currency, result):
    assert rounded(Decimal(amount), currency) == Decimal(result)
    assert rounded(Money(amount, currency)) == Money(result, currency)


def test_a_rounded_amount_is_never_negative_zero():
    assert str(rounded(Decimal("-0.001"), "USD")) == "0.00"


@given(amount=AMOUNTS, currency=CURRENCIES)
def test_rounding_moves_at_most_half_a_minor_unit(amount, currency):
    unit = Decimal(1).scaleb(-exponent(currency))

    result = rounded(amount, currency)

    assert abs(result - amount) <= unit / 2
    assert rounded(result, currency) == result


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [("19.99", "USD", 1999), ("0.01", "USD", 1), ("5000", "JPY", 5000), ("1.234", "KWD", 1234), ("-3.10", "USD", -310)],
)
def test_minor_units_are_exact(amount, currency, units):
    assert to_minor(money(amount, currency)) == units
    assert from_minor(units, currency) == money(amount, currency)


@pytest.mark.parametrize(("amount", "currency"), [("19.999", "USD"), ("0.5", "JPY"), ("1.0001", "KWD")])
def test_what_does_not_fit_the_currency_is_never_sent(amount, currency):
    with pytest.raises(NotRepresentable, match="Nothing was sent"):
        to_minor(money(amount, currency))


@given(units=st.integers(min_value=-(10**40), max_value=10**40), currency=CURRENCIES)
def test_minor_units_go_there_and_back_however_large(units, currency):
    assert to_minor(from_minor(units, currency)) == units


def test_amounts_up_to_ten_thousand_convert_without_an_odd_cent():
    for units in range(1, 1_000_000, 37):
        amount = Decimal(f"{units // 100}.{units % 100:02d}")
        assert to_minor(Money(amount, "USD")) == units


@given(total=AMOUNTS, weights=WEIGHTS, currency=CURRENCIES)
def test_shares_add_up_to_the_total_and_each_is_within_one_unit_of_fair(total, weights, currency):
    total = rounded(total, currency)
    unit = Decimal(1).scaleb(-exponent(currency))

    parts = shares(total, weights, currency)

    assert sum(parts) == total
    assert len(parts) == len(weights)
    assert all(rounded(part, currency) == part for part in parts)
    if any(weights):
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part * sum(weights) - total * weight) < unit * sum(weights)


@given(total=AMOUNTS, weights=WEIGHTS, currency=CURRENCIES)
def test_a_share_of_nothing_is_nothing(total, weights, currency):
    parts = shares(rounded(total, currency), [*weights, Decimal(1), Decimal(0)], currency)

    assert parts[-1] == 0


def test_a_tie_goes_to_the_lowest_index():
    assert shares(Decimal("10.00"), [Decimal(1)] * 3, "USD") == [Decimal("3.34"), Decimal("3.33"), Decimal("3.33")]
    assert shares(Decimal("-0.01"), [Decimal(1), Decimal(1)], "USD") == [Decimal("-0.01"), Decimal("0.00")]


def test_the_largest_remainder_gets_the_odd_cent():
    assert shares(Decimal("1.00"), [Decimal(1), Decimal(2)], "USD") == [Decimal("0.33"), Decimal("0.67")]
    assert shares(Decimal(100), [Decimal(1), Decimal(1), Decimal(1)], "JPY") == [34, 33, 33]


def test_weights_that_are_all_zero_share_equally():
    assert shares(Decimal("0.03"), [Decimal(0)] * 2, "USD") == [Decimal("0.02"), Decimal("0.01")]


@pytest.mark.parametrize("weights", [[], [Decimal(1), Decimal(-1)]])
def test_shares_over_nobody_or_over_a_negative_weight_are_refused(weights):
    with pytest.raises(SharesImpossible, match="Nothing was split"):
        shares(Decimal("1.00"), weights, "USD")


def test_a_total_that_is_not_in_whole_cents_is_not_split():
    with pytest.raises(NotRepresentable):
        shares(Decimal("1.005"), [Decimal(1)], "USD")


@pytest.mark.parametrize(
    "use",
    [
        lambda: money(1.5, "USD"),  # type: ignore[arg-type]
        lambda: rounded(1.5, "USD"),  # type: ignore[call-overload]
        lambda: from_minor(1.0, "USD"),  # type: ignore[arg-type]
        lambda: Price(amount=1.5).full_clean(),
        lambda: Price.objects.filter(amount=1.5),  # type: ignore[misc]
    ],
)
def test_a_float_near_money_is_refused(use):
    with pytest.raises(FloatRefused, match="exact Decimal"):
        use()


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "text"),
    [
        ("1234.5", "USD", "en_US", "$1,234.50"),
        ("-12", "USD", "en_US", "−$12.00"),
        ("-0.001", "USD", "en_US", "$0.00"),
        ("1234", "JPY", "en_US", "¥1,234"),
        ("1.5", "KWD", "en_US", "KWD\xa01.500"),
        ("1000", "IQD", "en_US", "IQD\xa01,000.000"),
        ("-1234.5", "EUR", "de_DE", "−1.234,50\xa0€"),
    ],
)
def test_amounts_for_people_carry_currency_and_a_real_minus_sign(amount, currency, locale, text):
    assert format_money(Decimal(amount), currency, locale) == text
    assert format_money(Money(amount, currency), locale=locale) == text
