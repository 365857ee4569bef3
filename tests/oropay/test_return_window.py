"""Until when a bank may return a debit as not authorised, by how it was authorised; and which returns came too late."""

from datetime import UTC, date, datetime

import pytest

from commerce.models import Organization
from oropay.models import AchReturn, Action, Mandate, Method, Payment, PaymentTransaction, SecCode
from oropay.services import returned_too_late, unauthorised_until


def debit(code: SecCode, *, settled: date | None, sent: date = date(2026, 11, 16)) -> PaymentTransaction:
    payment = Payment(
        method=Method.BANK, mandate=Mandate(sec_code=code), organization=Organization(time_zone="America/New_York")
    )
    return PaymentTransaction(
        payment=payment,
        action=Action.CHARGE,
        created_at=_noon(sent),
        settled_at=_noon(settled) if settled is not None else None,
    )


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 17, tzinfo=UTC)


def came_back(charge: PaymentTransaction, code: str, on: date) -> AchReturn:
    row = PaymentTransaction(payment=charge.payment, parent=charge, action=Action.RETURN)
    return AchReturn(transaction=row, code=code, after_funding=True, returned_on=on)


@pytest.mark.parametrize(
    ("code", "settled", "until"),
    [
        (SecCode.CCD, date(2026, 11, 20), date(2026, 11, 24)),
        (SecCode.CCD, date(2026, 11, 25), date(2026, 11, 30)),  # Thanksgiving and a weekend between
        (SecCode.WEB, date(2026, 11, 20), date(2027, 1, 20)),
        (SecCode.TEL, date(2026, 11, 17), date(2027, 1, 19)),  # the 60th day is a Saturday, Monday is a holiday
        (SecCode.PPD, date(2026, 11, 20), date(2027, 1, 20)),
    ],
)
def test_the_window_follows_from_the_sec_code_and_the_banking_calendar(
    code: SecCode, settled: date, until: date
) -> None:
    assert unauthorised_until(charge=debit(code, settled=settled)) == until


def test_before_it_settles_the_window_is_counted_from_the_expected_day() -> None:
    charge = debit(SecCode.CCD, settled=None, sent=date(2026, 11, 20))

    assert unauthorised_until(charge=charge) == date(2026, 11, 30)


def test_a_card_has_no_such_window() -> None:
    charge = debit(SecCode.CCD, settled=date(2026, 11, 20))
    charge.payment.method = Method.CARD

    assert unauthorised_until(charge=charge) is None


@pytest.mark.parametrize(
    ("code", "sec", "on", "late"),
    [
        ("R29", SecCode.CCD, date(2026, 11, 24), False),
        ("R29", SecCode.CCD, date(2026, 11, 25), True),
        ("R10", SecCode.WEB, date(2027, 1, 20), False),
        ("R10", SecCode.WEB, date(2027, 1, 21), True),
        ("R01", SecCode.CCD, date(2026, 12, 24), False),
        ("", SecCode.CCD, date(2026, 12, 24), False),
    ],
)
def test_only_an_unauthorised_return_after_its_window_is_too_late(
    code: str, sec: SecCode, on: date, late: bool
) -> None:
    charge = debit(sec, settled=date(2026, 11, 20))

    assert returned_too_late(told=came_back(charge, code, on)) is late


def test_a_debit_that_never_settled_came_back_in_time() -> None:
    charge = debit(SecCode.CCD, settled=None)
    told = AchReturn(transaction=charge, code="R29", after_funding=False, returned_on=date(2027, 6, 1))

    assert not returned_too_late(told=told)
