from decimal import Decimal
from typing import Any

import pytest
from moneyed import Money

from oropay.gateway.globalpayments.exceptions import AmountDoesNotFit
from oropay.gateway.globalpayments.minor_units import from_minor, minor, to_minor


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("19.99", "USD", "1999"),
        ("0.29", "USD", "29"),
        ("4.35", "USD", "435"),
        ("8.20", "USD", "820"),
        ("9999.99", "USD", "999999"),
        ("1.1", "USD", "110"),
        ("19.9900", "USD", "1999"),
        ("0", "USD", "0"),
        ("1000", "JPY", "1000"),
        ("1000.0000", "JPY", "1000"),
        ("1.234", "KWD", "1234"),
        ("1", "KWD", "1000"),
        ("1.2345", "CLF", "12345"),
        ("99999999999999.9999", "CLF", "999999999999999999"),
    ],
)
def test_an_amount_becomes_exact_minor_units_of_its_currency(amount: str, currency: str, expected: Any) -> None:
    assert to_minor(Money(amount, currency)) == expected


def test_every_amount_from_one_cent_to_9999_99_is_exact() -> None:
    wrong = [cents for cents in range(1, 1_000_000) if minor(Decimal(cents).scaleb(-2), "USD") != str(cents)]

    assert wrong == []


def test_what_was_sent_is_read_back_unchanged() -> None:
    wrong = [cents for cents in range(1, 1_000_000, 97) if to_minor(from_minor(str(cents), "USD")) != str(cents)]

    assert wrong == []


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("19.999", "USD"), ("0.001", "USD"), ("10.5", "JPY"), ("1.2345", "KWD"), ("-1", "USD"), ("NaN", "USD")],
)
def test_an_amount_that_does_not_fit_is_refused_instead_of_rounded(amount: str, currency: str) -> None:
    with pytest.raises(AmountDoesNotFit):
        to_minor(Money(Decimal(amount), currency))


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(AmountDoesNotFit, match="'XXQ' is no ISO 4217 currency"):
        minor(Decimal(1), "XXQ")


@pytest.mark.parametrize(
    ("value", "currency", "expected"),
    [
        ("1999", "USD", Money("19.99", "USD")),
        ("1000", "JPY", Money("1000", "JPY")),
        ("1234", "KWD", Money("1.234", "KWD")),
        ("-1000", "USD", Money("-10.00", "USD")),
        (1999, "USD", Money("19.99", "USD")),
    ],
)
def test_the_gateways_amount_is_read_exactly(value: Any, currency: str, expected: Any) -> None:
    assert from_minor(value, currency) == expected


@pytest.mark.parametrize("value", ["19.99", 19.99, "", None, True, "1e3", "１２", " 12", "9" * 30])
def test_a_gateways_amount_that_is_no_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(AmountDoesNotFit):
        from_minor(value, "USD")
