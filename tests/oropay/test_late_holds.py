"""A hold that turns up after it had been proven absent: wanted, it is a hold like any other; unwanted, it only goes."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone

from commerce.models import Order
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay import engine
from oropay.engine.gateways import gateway_of
from oropay.engine.holds import holds_expire, holds_renew
from oropay.exceptions import CaptureRefused
from oropay.gateway.port import Capture, CardToken
from oropay.models import (
    Action,
    Integration,
    MoneyState,
    Payable,
    Payment,
    PaymentAction,
    PaymentTransaction,
    ProviderAccount,
    RefundReason,
    TransactionState,
)
from oropay.services import cancel_start, capture_start, reauthorize_start
from tests.contract.samples import follow_up, sale
from tests.contract.sandbox import Sandbox
from tests.oropay.house import arrive, charges_at_gateway, prove_absent, refuse_each_try, reload

S = TransactionState
Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]


@pytest.fixture
def lost(start: Start, run: Run, integration: Integration, sandbox: Sandbox) -> PaymentTransaction:
    """A hold of 100.00 whose request was swallowed on the way, and that reached the gateway after it was given up."""
    Integration.objects.filter(pk=integration.pk).update(payment_action=PaymentAction.MANUAL, echeck=False)
    payment = start()
    row = payment.transactions.get()
    sandbox.control("/rules", {"match": {"reference": row.reference}, "action": {"drop": {"when": "before"}}})
    run(payment)
    prove_absent(row)
    arrive(row)
    return row


def turned_up(lost: PaymentTransaction) -> PaymentTransaction:
    engine.watch(transaction_id=lost.pk, now=timezone.now())
    return PaymentTransaction.objects.get(late=True)


@pytest.fixture
def wanted(lost: PaymentTransaction) -> PaymentTransaction:
    """A late hold of the order that still waits for it."""
    return turned_up(lost)


@pytest.fixture
def unwanted(lost: PaymentTransaction, start: Start, run: Run, sandbox: Sandbox) -> PaymentTransaction:
    """A late hold of an order that another one holds by now, and whose reversal the gateway refused."""
    run(start())
    late = turned_up(lost)
    refuse_each_try(late, sandbox)
    return late


def test_a_late_hold_that_is_waited_for_is_captured(
    wanted: PaymentTransaction, run: Run, payable: Payable, order: Order, books: Books, sandbox: Sandbox
) -> None:
    assert (wanted.action, wanted.state, reload(payable).held) == (Action.AUTHORIZE, S.APPROVED, Decimal(100))

    capture = run(capture_start(hold=wanted, amount=Decimal("60.00"), by=order.placed_by, now=timezone.now()))

    assert capture.state == S.APPROVED
    assert PaymentTransaction.objects.get(action=Action.RELEASE).amount == 40
    now = reload(payable)
    assert (now.held, now.paid, now.payable_now) == (Decimal(0), Decimal(60), Decimal(40))
    assert books(AccountName.GATEWAY_CLEARING) == 60
    assert charges_at_gateway(sandbox, wanted.parent) == ["CAPTURED"]  # type: ignore[arg-type]
    assert ledger_check() == []


def test_a_late_hold_that_is_waited_for_is_released(
    wanted: PaymentTransaction, run: Run, payable: Payable, order: Order, sandbox: Sandbox
) -> None:
    cancel = run(
        cancel_start(
            transaction=wanted, reason=RefundReason.OTHER, note="not needed", by=order.placed_by, now=timezone.now()
        )
    )

    assert cancel.state == S.APPROVED
    assert charges_at_gateway(sandbox, wanted.parent) == ["REVERSED"]  # type: ignore[arg-type]
    now = reload(payable)
    assert (now.held, now.payable_now) == (Decimal(0), Decimal(100))
    assert Payment.objects.get(pk=wanted.payment_id).money_state == MoneyState.CANCELED


def test_the_hourly_job_renews_a_late_hold_in_its_last_hours(
    wanted: PaymentTransaction, account: ProviderAccount
) -> None:
    ProviderAccount.objects.filter(pk=account.pk).update(renews_live_holds=True)
    edge = wanted.created_at + settings.OROPAY_HOLD_LASTS - settings.OROPAY_RENEW_BEFORE

    counts = [holds_renew(now=edge - timedelta(minutes=1)), holds_renew(now=edge + timedelta(minutes=1))]

    assert counts == [0, 1]
    assert wanted.children.get().action == Action.REAUTHORIZE


def test_a_late_hold_that_lapsed_is_written_down_as_gone(
    wanted: PaymentTransaction, integration: Integration, payable: Payable, sandbox: Sandbox
) -> None:
    Integration.objects.filter(pk=integration.pk).update(renew_holds=False)
    sandbox.gateway().cancel(follow_up(wanted.gateway_id))

    gone = holds_expire(now=wanted.created_at + settings.OROPAY_HOLD_LASTS + timedelta(hours=2))

    assert gone == 1
    assert (reload(payable).held, reload(payable).payable_now) == (Decimal(0), Decimal(100))
    assert Payment.objects.get(pk=wanted.payment_id).money_state == MoneyState.EXPIRED


def test_a_late_hold_nobody_waits_for_is_given_back_by_hand_when_its_reversal_failed(
    unwanted: PaymentTransaction, run: Run, payable: Payable, order: Order, sandbox: Sandbox
) -> None:
    cancel = run(
        cancel_start(
            transaction=unwanted, reason=RefundReason.OTHER, note="not needed", by=order.placed_by, now=timezone.now()
        )
    )

    assert cancel.state == S.APPROVED
    assert charges_at_gateway(sandbox, unwanted.parent) == ["REVERSED"]  # type: ignore[arg-type]
    assert reload(payable).held == 100


def test_a_late_hold_nobody_waits_for_is_neither_captured_nor_renewed(
    unwanted: PaymentTransaction, account: ProviderAccount, order: Order
) -> None:
    ProviderAccount.objects.filter(pk=account.pk).update(renews_live_holds=True)
    late = unwanted.created_at + settings.OROPAY_HOLD_LASTS - timedelta(minutes=1)

    with pytest.raises(CaptureRefused, match="nobody waited for it any more"):
        capture_start(hold=unwanted, amount=Decimal(100), by=order.placed_by, now=timezone.now())
    holds_renew(now=late)

    assert not unwanted.children.exclude(action=Action.CANCEL).exists()


def test_a_late_renewal_is_given_back_by_hand_when_its_reversal_failed(
    held: PaymentTransaction, run: Run, account: ProviderAccount, payable: Payable, order: Order, sandbox: Sandbox
) -> None:
    ProviderAccount.objects.filter(pk=account.pk).update(renews_live_holds=True)
    row = reauthorize_start(hold=held, by=order.placed_by, now=timezone.now())
    match = {"endpoint": "/transactions/{id}/reauthorization", "method": "POST"}
    sandbox.control("/rules", {"match": match, "action": {"drop": {"when": "before"}}})
    run(row)
    prove_absent(row)
    token = CardToken(token=sandbox.card_token())
    gateway_of(account=account).authorize(
        sale(amount="100.00", source=token, reference=row.reference, capture=Capture.LATER)
    )
    late = turned_up(row)
    refuse_each_try(late, sandbox)

    with pytest.raises(CaptureRefused, match="not an open hold"):
        capture_start(hold=late, amount=Decimal(100), by=order.placed_by, now=timezone.now())
    cancel = run(
        cancel_start(
            transaction=late, reason=RefundReason.OTHER, note="not needed", by=order.placed_by, now=timezone.now()
        )
    )

    assert cancel.state == S.APPROVED
    assert charges_at_gateway(sandbox, row) == ["REVERSED"]
    assert (reload(payable).held, charges_at_gateway(sandbox, held)) == (Decimal(100), ["PREAUTHORIZED"])
