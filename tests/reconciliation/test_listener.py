"""Expectations: born with the fact, by banking days, once; withdrawn by a new row."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from commerce.models import User
from oropay.models import Payable, PaymentTransaction, RefundReason, TransactionState
from oropay.services import (
    PartAsked,
    cancel_start,
    offline_receipt_record,
    refund_lines_suggested,
    refund_start,
)
from reconciliation.listener import ExpectationsOfMoney
from reconciliation.models import ClosingReason, Expectation, ExpectationClosing, ExpectationKind
from tests.reconciliation.conftest import BANK, MONDAY, WEDNESDAY, Clock, send

Pay = Callable[..., PaymentTransaction]


def test_a_card_charge_is_expected_two_banking_days_later(pay: Pay) -> None:
    charge = pay("100.00")

    expectation = Expectation.objects.get(transaction=charge)
    assert (expectation.kind, expectation.gateway_id) == (ExpectationKind.SALE, charge.gateway_id)
    assert (expectation.amount, expectation.currency) == (Decimal("100.00"), "USD")
    assert (expectation.due_on, expectation.late_from) == (WEDNESDAY, date(2026, 11, 19))
    assert expectation.provider_account_id == charge.payment.provider_account_id
    assert expectation.born_at == MONDAY


def test_an_ach_charge_is_expected_from_its_acceptance_three_banking_days_later(pay: Pay, clock: Clock) -> None:
    clock.set(date(2026, 11, 24))

    charge = pay("80.00", source=BANK)

    assert charge.state == TransactionState.PENDING
    expectation = Expectation.objects.get(transaction=charge)
    assert (expectation.due_on, expectation.late_from) == (date(2026, 11, 30), date(2026, 12, 1))


def test_a_refund_is_expected_as_negative_under_its_own_id(pay: Pay, clerk: User) -> None:
    charge = pay("100.00")

    refund = send(_refund(charge, "30.00", by=clerk))

    expectation = Expectation.objects.get(transaction=refund)
    assert (expectation.kind, expectation.amount) == (ExpectationKind.REFUND, Decimal("-30.00"))
    assert expectation.gateway_id == refund.gateway_id != charge.gateway_id


def test_a_check_is_expected_from_the_bank_on_no_promised_day(owed: Callable[[str], Payable], clerk: User) -> None:
    payable = owed("55.00")

    payment = offline_receipt_record(
        parts=[PartAsked(payable_id=payable.pk, amount=Decimal("55.00"))],
        received_on=MONDAY.date(),
        document="1044",
        by=clerk,
        now=MONDAY,
    )

    expectation = Expectation.objects.get(transaction__payment=payment)
    assert (expectation.kind, expectation.amount) == (ExpectationKind.RECEIPT, Decimal("55.00"))
    assert (expectation.provider_account, expectation.due_on, expectation.late_from) == (None, None, None)


def test_a_voided_charge_is_withdrawn_by_a_new_row(pay: Pay, clerk: User) -> None:
    charge = pay("100.00")

    send(cancel_start(transaction=charge, reason=RefundReason.OTHER, note="wrong order", by=clerk, now=timezone.now()))

    closing = ExpectationClosing.objects.get(expectation__transaction=charge)
    assert (closing.reason, closing.closed_at) == (ClosingReason.WITHDRAWN, MONDAY)
    assert Expectation.objects.get(transaction=charge).amount == Decimal("100.00")


def test_the_same_news_twice_is_one_expectation_and_one_statement(pay: Pay) -> None:
    charge = pay("100.00")

    with CaptureQueriesContext(connection) as queries:
        ExpectationsOfMoney().on_expected(
            transaction=charge, gateway_id="TRN_other", amount=Decimal("1.00"), now=timezone.now()
        )

    assert len(queries) == 1
    assert Expectation.objects.get(transaction=charge).amount == Decimal("100.00")


def test_withdrawing_what_was_never_expected_changes_nothing(pay: Pay) -> None:
    charge = pay("100.00")
    listener = ExpectationsOfMoney()

    listener.on_withdrawn(transaction=PaymentTransaction(pk=charge.pk + 1000), now=MONDAY)
    listener.on_withdrawn(transaction=charge, now=MONDAY)
    listener.on_withdrawn(transaction=charge, now=timezone.now())

    assert ExpectationClosing.objects.count() == 1


def test_an_expectation_never_changes(pay: Pay) -> None:
    expectation = Expectation.objects.get(transaction=pay("100.00"))

    with pytest.raises(IntegrityError, match="append-only"):
        Expectation.objects.filter(pk=expectation.pk).update(amount=Decimal("1.00"))


def _refund(charge: PaymentTransaction, amount: str, *, by: User) -> PaymentTransaction:
    return refund_start(
        charge=charge,
        lines=refund_lines_suggested(charge=charge, amount=Decimal(amount)),
        reason=RefundReason.GOODS,
        note="one piece came broken",
        by=by,
        now=timezone.now(),
    )
