"""When an invoice is due: calendars with short months, year ends and cut-off days."""

from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commerce.models import PaymentTerm, TermKind
from commerce.terms import discount_amount, discount_until, due_date

DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 12, 31))
NET = st.builds(PaymentTerm, kind=st.just(TermKind.NET), days=st.integers(0, 180))
END_OF_MONTH = st.builds(PaymentTerm, kind=st.just(TermKind.END_OF_MONTH), days=st.integers(0, 90))
DAY_OF_MONTH = st.builds(
    PaymentTerm,
    kind=st.just(TermKind.DAY_OF_MONTH),
    day_of_month=st.integers(1, 31),
    cut_off_day=st.integers(1, 31),
)
TERMS = st.one_of(NET, END_OF_MONTH, DAY_OF_MONTH)


@pytest.mark.parametrize(
    ("term", "issued", "due"),
    [
        (None, "2026-11-16", "2026-11-16"),
        (PaymentTerm(kind=TermKind.NET, days=0), "2026-11-16", "2026-11-16"),
        (PaymentTerm(kind=TermKind.NET, days=30), "2026-11-16", "2026-12-16"),
        (PaymentTerm(kind=TermKind.NET, days=30), "2028-02-01", "2028-03-02"),
        (PaymentTerm(kind=TermKind.END_OF_MONTH, days=0), "2026-02-03", "2026-02-28"),
        (PaymentTerm(kind=TermKind.END_OF_MONTH, days=10), "2028-02-29", "2028-03-10"),
        (PaymentTerm(kind=TermKind.DAY_OF_MONTH, day_of_month=15, cut_off_day=25), "2026-11-25", "2026-12-15"),
        (PaymentTerm(kind=TermKind.DAY_OF_MONTH, day_of_month=15, cut_off_day=25), "2026-11-26", "2027-01-15"),
        (PaymentTerm(kind=TermKind.DAY_OF_MONTH, day_of_month=31, cut_off_day=31), "2027-01-31", "2027-02-28"),
        (PaymentTerm(kind=TermKind.DAY_OF_MONTH, day_of_month=30, cut_off_day=20), "2027-12-21", "2028-02-29"),
    ],
)
def test_due_dates(term, issued, due):
    assert due_date(term, date.fromisoformat(issued)) == date.fromisoformat(due)


@given(term=TERMS, issued=DAYS)
def test_nothing_is_due_before_it_is_issued(term, issued):
    assert due_date(term, issued) >= issued


@given(term=TERMS, issued=DAYS, later=st.integers(0, 400))
def test_an_invoice_issued_later_is_never_due_earlier(term, issued, later):
    assert due_date(term, issued + timedelta(days=later)) >= due_date(term, issued)


@given(term=DAY_OF_MONTH, issued=DAYS)
def test_a_day_of_the_month_is_that_day_or_the_last_of_a_shorter_month(term, issued):
    due = due_date(term, issued)
    months = (due.year - issued.year) * 12 + due.month - issued.month

    assert due.day == min(term.day_of_month, monthrange(due.year, due.month)[1])
    assert months == (1 if issued.day <= term.cut_off_day else 2)


@given(term=END_OF_MONTH, issued=DAYS)
def test_all_invoices_of_a_month_are_due_together(term, issued):
    first = issued.replace(day=1)

    assert due_date(term, issued) == due_date(term, first)
    assert (due_date(term, issued) - timedelta(days=term.days) + timedelta(days=1)).day == 1


TWO_TEN = PaymentTerm(kind=TermKind.NET, days=30, discount_percent=Decimal(2), discount_days=10)


def test_paying_within_the_discount_days_saves_exactly_the_percentage():
    issued = date(2026, 11, 16)

    assert discount_until(TWO_TEN, issued) == date(2026, 11, 26)
    on_the_last_day = discount_amount(TWO_TEN, Decimal("100.25"), "USD", issued_on=issued, paid_on=date(2026, 11, 26))
    a_day_late = discount_amount(TWO_TEN, Decimal("100.25"), "USD", issued_on=issued, paid_on=date(2026, 11, 27))
    assert on_the_last_day == Decimal("2.01")
    assert a_day_late == Decimal("0.00")


@pytest.mark.parametrize("term", [None, PaymentTerm(kind=TermKind.NET, days=30)])
def test_a_term_without_discount_saves_nothing(term):
    day = date(2026, 11, 16)

    assert discount_until(term, day) is None
    assert discount_amount(term, Decimal(100), "USD", issued_on=day, paid_on=day) == 0
