"""The nightly comparison: every way in which the gateway's books and ours can differ, and what is repaired."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from ledger.models import AccountName
from ledger.services import ledger_check
from oropay.models import (
    Action,
    Alert,
    AlertKind,
    DriftFinding,
    DriftKind,
    DriftRun,
    Integration,
    MoneyState,
    Notification,
    NotificationState,
    Payable,
    Payment,
    PaymentTransaction,
    ProviderAccount,
    TransactionState,
)
from reconciliation.models import Expectation
from tests.contract.sandbox import Sandbox
from tests.oropay.books import portal, steps
from tests.oropay.house import returned_of, send_back
from tests.oropay.notices import drain, tell

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]
S, K = TransactionState, DriftKind

pytestmark = pytest.mark.usefixtures("empty_gateway")


def test_books_that_agree_leave_no_finding(
    charge: PaymentTransaction, compare: Callable[[], list[tuple[str, bool]]], account: ProviderAccount
) -> None:
    assert compare() == []

    run = DriftRun.objects.get(provider_account=account)
    assert (run.compared, run.found, run.error) == (1, 0, "")
    assert run.until - run.since == timedelta(days=10)
    assert run.ended_at is not None


def test_a_reversal_in_the_portal_undoes_the_charge_here(
    charge: PaymentTransaction,
    compare: Callable[[], list[tuple[str, bool]]],
    sandbox: Sandbox,
    books: Books,
    payable: Payable,
) -> None:
    sandbox.gateway().cancel(portal(charge.gateway_id))

    found = [compare() for _ in range(2)]

    assert found == [[(K.DONE_OUTSIDE, True)]] * 2
    assert steps(charge.payment_id) == [
        ("charge", "100.00", "approved", False),
        ("cancel", "100.00", "approved", True),
    ]
    assert books(AccountName.GATEWAY_CLEARING) == 0
    payable.refresh_from_db()
    assert (payable.paid, payable.payable_now) == (Decimal(0), Decimal(100))
    assert Payment.objects.get(pk=charge.payment_id).money_state == MoneyState.CANCELED
    alert = Alert.objects.get()
    assert (alert.kind, alert.transaction.action) == (AlertKind.DONE_OUTSIDE, Action.CANCEL)
    assert Expectation.objects.get(transaction=charge).closing is not None
    assert ledger_check() == []


def test_a_refund_in_the_portal_becomes_a_refund_of_ours(
    charge: PaymentTransaction,
    compare: Callable[[], list[tuple[str, bool]]],
    sandbox: Sandbox,
    books: Books,
    payable: Payable,
) -> None:
    given = sandbox.gateway().refund(portal(charge.gateway_id, "40"))

    found = [compare() for _ in range(2)]

    refund = PaymentTransaction.objects.get(action=Action.REFUND)
    assert found == [[(K.DONE_OUTSIDE, True)]] * 2
    assert (refund.parent_id, refund.amount, refund.outside) == (charge.pk, Decimal(40), True)
    assert (refund.gateway_id, refund.state) == (given.gateway_id, S.APPROVED)
    assert [(line.source, line.amount) for line in refund.refund_lines.all()] == [("deposit", Decimal(40))]
    assert books(AccountName.GATEWAY_CLEARING) == 60
    assert Payment.objects.get(pk=charge.payment_id).money_state == MoneyState.PARTIALLY_REFUNDED
    assert Expectation.objects.get(transaction=refund).amount == -40
    assert ledger_check() == []


def test_a_portal_refund_told_by_a_notification_is_recorded_at_once_and_found_once(
    charge: PaymentTransaction,
    compare: Callable[[], list[tuple[str, bool]]],
    sandbox: Sandbox,
    integration: Integration,
    books: Books,
) -> None:
    given = sandbox.gateway().refund(portal(charge.gateway_id, "40"))

    tell(integration, {"id": given.gateway_id, "status": "CAPTURED"})
    drain(integration)

    assert Notification.objects.get().state == NotificationState.PROCESSED
    assert books(AccountName.GATEWAY_CLEARING) == 60
    assert compare() == [(K.DONE_OUTSIDE, True)]
    assert PaymentTransaction.objects.filter(action=Action.REFUND).count() == 1


def test_more_refunded_than_was_paid_is_a_fact_all_the_same(
    charge: PaymentTransaction, compare: Callable[[], list[tuple[str, bool]]], sandbox: Sandbox, books: Books
) -> None:
    sandbox.gateway().refund(portal(charge.gateway_id, "60"))
    sandbox.gateway().refund(portal(charge.gateway_id, "55"))

    assert compare() == [(K.DONE_OUTSIDE, True)] * 2
    assert books(AccountName.GATEWAY_CLEARING) == -15
    assert ledger_check() == []


def test_a_hold_captured_in_the_portal_is_captured_here(
    held: PaymentTransaction,
    compare: Callable[[], list[tuple[str, bool]]],
    sandbox: Sandbox,
    books: Books,
    payable: Payable,
) -> None:
    sandbox.gateway().capture(portal(held.gateway_id, "70"))

    found = [compare() for _ in range(2)]

    assert found == [[(K.DONE_OUTSIDE, True)]] * 2
    assert steps(held.payment_id) == [
        ("authorize", "100.00", "approved", False),
        ("capture", "70.00", "approved", True),
        ("release", "30.00", "approved", False),
    ]
    assert books(AccountName.GATEWAY_CLEARING) == 70
    payable.refresh_from_db()
    assert (payable.paid, payable.held) == (Decimal(70), Decimal(0))


def test_a_hold_captured_and_then_refunded_in_the_portal_ends_where_the_gateway_stands(
    held: PaymentTransaction, compare: Callable[[], list[tuple[str, bool]]], sandbox: Sandbox, books: Books
) -> None:
    sandbox.gateway().capture(portal(held.gateway_id, "100"))
    sandbox.gateway().refund(portal(held.gateway_id, "30"))

    compare()

    assert steps(held.payment_id) == [
        ("authorize", "100.00", "approved", False),
        ("capture", "100.00", "approved", True),
        ("refund", "30.00", "approved", True),
    ]
    assert books(AccountName.GATEWAY_CLEARING) == 70


def test_a_hold_released_in_the_portal_is_released_here(
    held: PaymentTransaction, compare: Callable[[], list[tuple[str, bool]]], sandbox: Sandbox, payable: Payable
) -> None:
    sandbox.gateway().cancel(portal(held.gateway_id))

    assert compare() == [(K.DONE_OUTSIDE, True)]

    payable.refresh_from_db()
    assert (payable.held, payable.payable_now) == (Decimal(0), Decimal(100))
    assert "nothing is held any more" in DriftFinding.objects.get().text


def test_a_settled_bank_debit_that_came_back_is_found_and_undone(
    settled: Callable[..., PaymentTransaction],
    compare: Callable[[], list[tuple[str, bool]]],
    sandbox: Sandbox,
    books: Books,
    payable: Payable,
) -> None:
    charge = settled()
    send_back(sandbox, charge, "R10")

    found = [compare() for _ in range(2)]

    assert found == [[(K.MISSED, True)]] * 2
    assert DriftFinding.objects.get().text == "The bank took it back."
    assert returned_of(charge).result_code == "R10"
    assert books(AccountName.GATEWAY_CLEARING) == 0
    payable.refresh_from_db()
    assert (payable.paid, payable.payable_now) == (Decimal(0), Decimal(100))
    assert Payment.objects.get(pk=charge.payment_id).money_state == MoneyState.RETURNED
    assert ledger_check() == []
