"""What was proven absent and turned up after all: recorded, paid with if still wanted, given back if not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from pytest_django import Settings

from commerce.models import Order, OrderState
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay import tasks
from oropay.due import DueWatches
from oropay.engine.ladder import next_watch
from oropay.engine.shown import Result, taken_in
from oropay.gateway.port import Verdict
from oropay.models import (
    Action,
    Alert,
    AlertKind,
    CardCheck,
    CheckPolicy,
    DriftKind,
    FailureReason,
    Integration,
    MoneyState,
    Payable,
    Payment,
    PaymentTransaction,
    ProviderAccount,
    RiskMode,
    Ruling,
    TransactionState,
    Watch,
)
from oropay.services import payable_recompute, watch_wake
from plumbing.models import Mail
from tests.contract.samples import follow_up
from tests.contract.sandbox import DECLINED_VISA, SUSPECT, Sandbox
from tests.hints import Hints
from tests.oropay.house import (
    arrive,
    charges_at_gateway,
    reload,
    watch,
)

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]


def test_what_never_arrived_is_watched_for_ninety_days(swallow: Callable[..., PaymentTransaction]) -> None:
    row = swallow()

    watched = Watch.objects.get(transaction=row)
    watch(row)

    assert row.ended_at is not None
    assert watched.until - row.ended_at == timedelta(days=90)
    assert watched.next_at == row.ended_at + next_watch(looks=0)
    after = Watch.objects.get(transaction=row)
    assert (after.looks, after.next_at is not None) == (1, True)
    assert not PaymentTransaction.objects.filter(late=True).exists()
    assert not Alert.objects.filter(transaction=row).exists()


def test_a_late_charge_pays_the_order_that_still_waits_for_it(
    swallow: Callable[..., PaymentTransaction], payable: Payable, order: Order, books: Books
) -> None:
    lost = swallow()
    arrive(lost)

    watch(lost)
    watch(lost)

    late = PaymentTransaction.objects.get(late=True)
    assert (late.action, late.state, late.parent_id) == (Action.CHARGE, TransactionState.APPROVED, lost.pk)
    assert (late.gateway_reference, late.amount) == (lost.reference, Decimal(100))
    assert late.reference != lost.reference
    assert books(AccountName.GATEWAY_CLEARING) == 100
    payable.refresh_from_db()
    assert (payable.paid, payable.payable_now) == (Decimal(100), Decimal(0))
    assert Order.objects.get(pk=order.pk).state == OrderState.OPEN
    assert Payment.objects.get(pk=lost.payment_id).money_state == MoneyState.CAPTURED
    assert Alert.objects.get(transaction=late).kind == AlertKind.ARRIVED_LATE
    assert not PaymentTransaction.objects.filter(parent=late).exists()
    assert Watch.objects.get(transaction=lost).next_at is None


def test_a_late_charge_for_what_was_paid_meanwhile_is_given_back(
    swallow: Callable[..., PaymentTransaction], start: Start, run: Run, payable: Payable, books: Books, sandbox: Sandbox
) -> None:
    lost = swallow()
    run(start())
    arrive(lost)

    watch(lost)
    assert books(AccountName.GATEWAY_CLEARING) == 200
    late = PaymentTransaction.objects.get(late=True)
    void = run(PaymentTransaction.objects.get(parent=late))

    assert (void.action, void.state, void.amount) == (Action.CANCEL, TransactionState.APPROVED, Decimal(100))
    assert books(AccountName.GATEWAY_CLEARING) == 100
    assert charges_at_gateway(sandbox, lost) == ["REVERSED"]
    payable.refresh_from_db()
    assert payable.paid == 100
    assert "given back" in Alert.objects.get(transaction=late).text
    assert ledger_check() == []


@pytest.mark.parametrize("refused", ["order changed", "card check"])
def test_nobody_is_told_that_they_paid_with_what_goes_back(
    swallow: Callable[..., PaymentTransaction],
    run: Run,
    integration: Integration,
    payable: Payable,
    order: Order,
    books: Books,
    refused: str,
) -> None:
    lost = swallow()
    if refused == "order changed":
        Order.objects.filter(pk=order.pk).update(total=80, subtotal=80)
        payable_recompute(payable=payable)
    else:
        Integration.objects.filter(pk=integration.pk).update(avs_not_checked=CheckPolicy.REFUSE)
    arrive(lost)

    watch(lost)

    late = PaymentTransaction.objects.get(late=True)
    assert books(AccountName.CUSTOMER_DEPOSIT) == -100
    assert Order.objects.get(pk=order.pk).state == OrderState.AWAITING_PAYMENT
    assert not Mail.objects.filter(to=order.placed_by.email).exists()
    run(late.children.get())
    assert books(AccountName.CUSTOMER_DEPOSIT) == 0
    assert reload(payable).paid == 0


def test_a_late_charge_is_given_back_while_somebody_else_is_paying(
    swallow: Callable[..., PaymentTransaction], start: Start
) -> None:
    lost = swallow()
    start()
    arrive(lost)

    watch(lost)

    late = PaymentTransaction.objects.get(late=True)
    assert PaymentTransaction.objects.get(parent=late).action == Action.CANCEL


def test_a_late_decline_is_no_money_and_ends_the_watch(
    swallow: Callable[..., PaymentTransaction], books: Books
) -> None:
    lost = swallow(DECLINED_VISA)
    arrive(lost)

    watch(lost)

    assert not PaymentTransaction.objects.filter(late=True).exists()
    assert Watch.objects.get(transaction=lost).next_at is None
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_a_late_charge_held_for_review_is_told_and_watched_until_it_is_decided(
    integration: Integration,
    swallow: Callable[..., PaymentTransaction],
    payable: Payable,
    books: Books,
    sandbox: Sandbox,
) -> None:
    Integration.objects.filter(pk=integration.pk).update(risk_mode=RiskMode.ACTIVE)
    lost = swallow(holder_name=SUSPECT)
    arrive(lost)

    watch(lost)

    assert not PaymentTransaction.objects.filter(late=True).exists()
    alert = Alert.objects.get(transaction=lost)
    assert (alert.kind, "in review" in alert.text) == (AlertKind.ARRIVED_LATE, True)
    assert Watch.objects.get(transaction=lost).next_at is not None
    found = sandbox.gateway().find_by_reference(reference=lost.reference).found[0]
    sandbox.gateway().release(follow_up(found.gateway_id))
    watch(lost)
    late = PaymentTransaction.objects.get(late=True)
    assert (late.state, books(AccountName.GATEWAY_CLEARING)) == (TransactionState.APPROVED, Decimal(100))
    assert reload(payable).paid == 100
    assert Watch.objects.get(transaction=lost).next_at is None
    alert.refresh_from_db()
    assert alert.resolved_at is not None


@pytest.mark.parametrize(
    ("verdict", "status", "watched"),
    [
        (Verdict.REVIEW, "FOR_REVIEW", True),
        (Verdict.UNKNOWN, "REJECTED", True),
        (Verdict.RETURNED, "REVERSED", False),
    ],
)
def test_what_turns_up_late_and_cannot_be_booked_is_never_called_no_money(
    swallow: Callable[..., PaymentTransaction],
    account: ProviderAccount,
    sandbox: Sandbox,
    books: Books,
    verdict: Verdict,
    status: str,
    watched: bool,
) -> None:
    lost = swallow()
    arrive(lost)
    found = sandbox.gateway().find_by_reference(reference=lost.reference).found[0]
    shown = replace(sandbox.gateway().look_up(gateway_id=found.gateway_id), verdict=verdict, status=status)

    seen = taken_in(account=account, answer=shown, now=timezone.now())

    assert (seen.result, seen.drift, seen.repaired) == (Result.DIFFERS, DriftKind.STATE_DIFFERS, False)
    assert Alert.objects.get(transaction=lost).kind == AlertKind.ARRIVED_LATE
    assert (Watch.objects.get(transaction=lost).next_at is not None) is watched
    assert not PaymentTransaction.objects.filter(late=True).exists()
    assert books(AccountName.GATEWAY_CLEARING) == 0


@pytest.mark.parametrize("refusals", [1, 3])
def test_a_charge_given_up_after_a_refusal_at_the_door_is_watched_because_its_bytes_had_left(
    start: Start, run: Run, payable: Payable, sandbox: Sandbox, refusals: int
) -> None:
    payment = start()
    row = payment.transactions.get()
    busy = {"match": {"reference": row.reference}, "action": {"http": {"status": 429, "body": {}}}, "times": refusals}
    sandbox.control("/rules", busy)
    for number in range(3):
        if number == refusals:
            ProviderAccount.objects.update(service_url="http://127.0.0.1:9/ucp")
        row = run(payment)
    ProviderAccount.objects.update(service_url=sandbox.url)
    assert (row.state, row.failure_reason) == (TransactionState.FAILED, FailureReason.NOT_SENT)
    arrive(row)

    watch(row)

    late = PaymentTransaction.objects.get(late=True)
    assert (late.parent_id, late.state, reload(payable).paid) == (row.pk, TransactionState.APPROVED, Decimal(100))


@pytest.mark.parametrize(
    ("policy", "ruling", "reversals"),
    [(CheckPolicy.REFUSE, Ruling.REFUSED, 1), (CheckPolicy.REVIEW, Ruling.REVIEW, 0), (CheckPolicy.ACCEPT, None, 0)],
)
def test_the_card_check_policy_holds_for_a_late_charge(
    swallow: Callable[..., PaymentTransaction],
    integration: Integration,
    policy: CheckPolicy,
    ruling: Ruling | None,
    reversals: int,
) -> None:
    Integration.objects.filter(pk=integration.pk).update(avs_not_checked=policy, cvv_not_checked=policy)
    lost = swallow()
    arrive(lost)

    watch(lost)

    late = PaymentTransaction.objects.get(late=True)
    assert late.children.count() == reversals
    assert CardCheck.objects.filter(transaction=late).values_list("ruling", flat=True).first() == ruling
    told = Alert.objects.filter(transaction=late, kind=AlertKind.CARD_CHECK)
    assert told.exists() == (policy == CheckPolicy.REVIEW)


def test_the_settlement_report_wakes_the_watch_and_the_sweep_publishes_it_once(
    swallow: Callable[..., PaymentTransaction], hints: Hints
) -> None:
    lost = swallow()
    hints.told()
    now = timezone.now()

    before = DueWatches().publish_due(now=now, limit=10)
    woken = watch_wake(transaction_ids=[lost.pk], now=now)
    after = [DueWatches().publish_due(now=now, limit=10) for _ in range(2)]

    assert (before, woken, after) == (0, 1, [1, 0])
    assert hints.told() == [("oropay.tasks.watch", lost.pk, "gateway-batch")]


def test_copies_of_a_hint_make_one_look_for_what_never_arrived(
    swallow: Callable[..., PaymentTransaction], settings: Settings
) -> None:
    settings.OROPAY_WATCH_STEPS = [timedelta(hours=1)]
    lost = swallow()
    watch_wake(transaction_ids=[lost.pk], now=timezone.now())

    for _copy in range(2):
        tasks.watch(lost.pk)

    assert Watch.objects.get(pk=lost.pk).looks == 1
