"""What turned up late and nobody waits for goes back: tried again after pauses, in the end by a person."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone

from commerce.models import Order, OrderState, User
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay import engine
from oropay.engine.health import health_note
from oropay.gateway.port import Answer, Verdict
from oropay.models import (
    Action,
    Alert,
    AlertKind,
    FailureReason,
    Payable,
    Payment,
    PaymentTransaction,
    ProviderAccount,
    ProviderHealth,
    TransactionState,
)
from oropay.services import payable_recompute
from tests.contract.sandbox import Sandbox
from tests.oropay.house import (
    GIVE_BACK_TRIES,
    arrive,
    bank,
    charges_at_gateway,
    overdue,
    prove_absent,
    refund_of,
    refuse_each_try,
    refuse_reversals,
    reload,
    reread,
    sending,
    watch,
)

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]
Lose = Callable[..., PaymentTransaction]
Decide = Callable[..., PaymentTransaction]


def queued(late: PaymentTransaction) -> PaymentTransaction:
    """What is to be sent next to give it back."""
    return late.children.get(state=TransactionState.QUEUED)


@pytest.mark.parametrize("lost_reversals", range(1, GIVE_BACK_TRIES + 1))
def test_a_late_charge_whose_reversal_got_lost_is_given_back_again_until_a_person_must(
    swallow: Callable[..., PaymentTransaction],
    start: Start,
    run: Run,
    sandbox: Sandbox,
    books: Books,
    lost_reversals: int,
) -> None:
    lost = swallow()
    run(start())
    arrive(lost)
    watch(lost)
    late = PaymentTransaction.objects.get(late=True)
    reversals = {"endpoint": "/transactions/{id}/reversal", "method": "POST"}
    sandbox.control("/rules", {"match": reversals, "action": {"drop": {"when": "before"}}, "times": lost_reversals})

    for _ in range(lost_reversals):
        void = run(PaymentTransaction.objects.get(parent=late, state=TransactionState.QUEUED))
        overdue(void)
        engine.look(transaction_id=void.pk, now=timezone.now())

    tries = PaymentTransaction.objects.filter(parent=late, action=Action.CANCEL)
    told = Alert.objects.filter(kind=AlertKind.NOT_DONE)
    if lost_reversals < GIVE_BACK_TRIES:
        assert not told.exists()
        run(tries.get(state=TransactionState.QUEUED))
        assert charges_at_gateway(sandbox, lost) == ["REVERSED"]
        assert books(AccountName.GATEWAY_CLEARING) == 100
    else:
        assert not tries.filter(state=TransactionState.QUEUED).exists()
        assert told.get().transaction.parent == late
        assert books(AccountName.GATEWAY_CLEARING) == 200


def test_the_next_try_waits_longer_each_time(
    swallow: Callable[..., PaymentTransaction], start: Start, run: Run, sandbox: Sandbox
) -> None:
    lost = swallow()
    run(start())
    arrive(lost)
    watch(lost)
    refuse_reversals(sandbox, len(settings.OROPAY_GIVE_BACK_STEPS))
    pauses = []
    for _ in settings.OROPAY_GIVE_BACK_STEPS:
        failed = run(PaymentTransaction.objects.get(parent__late=True, state=TransactionState.QUEUED))
        again = PaymentTransaction.objects.get(parent__late=True, state=TransactionState.QUEUED)
        assert again.next_at == again.queued_at
        assert again.next_at is not None
        assert failed.ended_at is not None
        pauses.append(again.next_at - failed.ended_at)

    assert pauses == settings.OROPAY_GIVE_BACK_STEPS


@pytest.mark.parametrize("fails", [1, GIVE_BACK_TRIES])
def test_the_refund_in_place_of_a_reversal_that_came_too_late_is_sent_again_too(
    swallow: Callable[..., PaymentTransaction],
    start: Start,
    run: Run,
    sandbox: Sandbox,
    books: Books,
    fails: int,
) -> None:
    lost = swallow()
    run(start())
    arrive(lost)
    watch(lost)
    late = PaymentTransaction.objects.get(late=True)
    sandbox.control("/settlement/run", {})

    for _ in range(fails):
        assert run(queued(late)).failure_reason == FailureReason.BATCH_CLOSED
        refused = Answer(verdict=Verdict.FAILED, http_status=400)
        engine.record(transaction_id=sending(queued(late)).pk, answer=refused, kind="send")

    told = Alert.objects.filter(kind=AlertKind.NOT_DONE)
    if fails == GIVE_BACK_TRIES:
        assert not late.children.filter(state=TransactionState.QUEUED).exists()
        assert told.get().transaction == late.children.latest("pk")
        return
    run(queued(late))
    assert run(queued(late)).state == TransactionState.APPROVED
    assert not told.exists()
    assert books(AccountName.GATEWAY_CLEARING) == 100


def test_a_refund_that_two_persons_ruled_out_is_theirs_and_not_sent_again(
    swallow: Callable[..., PaymentTransaction],
    start: Start,
    run: Run,
    sandbox: Sandbox,
    books: Books,
    lose: Lose,
    decide: Decide,
    clerk: User,
) -> None:
    lost = swallow()
    run(start())
    arrive(lost)
    watch(lost)
    late = PaymentTransaction.objects.get(late=True)
    sandbox.control("/settlement/run", {})
    run(queued(late))

    refund = decide(lose(queued(late), "/transactions/{id}/refund"), taken=False)

    assert not late.children.exclude(pk=refund.pk).exclude(failure_reason=FailureReason.BATCH_CLOSED).exists()
    assert Alert.objects.get(kind=AlertKind.NOT_DONE, resolved_at=None).transaction == refund
    assert run(refund_of(late, "100.00", by=clerk)).state == TransactionState.APPROVED
    assert books(AccountName.GATEWAY_CLEARING) == 100
    assert ledger_check() == []


def test_the_first_good_answer_after_a_silence_sends_the_next_try_at_once(
    swallow: Callable[..., PaymentTransaction], start: Start, run: Run, sandbox: Sandbox, account: ProviderAccount
) -> None:
    lost = swallow()
    run(start())
    arrive(lost)
    watch(lost)
    refuse_reversals(sandbox, 1)
    run(PaymentTransaction.objects.get(parent__late=True, state=TransactionState.QUEUED))
    again = PaymentTransaction.objects.get(parent__late=True, state=TransactionState.QUEUED)
    ProviderHealth.objects.all().delete()  # the answer that was lost above was a silence of its own
    now = timezone.now()
    health_note(provider_account_id=account.pk, answers=False, now=now)

    health_note(provider_account_id=account.pk, answers=True, now=now)

    again.refresh_from_db()
    assert (again.next_at, again.queued_at) == (now, now)
    run(again)
    assert charges_at_gateway(sandbox, lost) == ["REVERSED"]


def test_a_late_bank_debit_that_could_not_be_given_back_pays_once_it_is_funded(
    swallow: Callable[..., PaymentTransaction], run: Run, sandbox: Sandbox, payable: Payable, order: Order
) -> None:
    lost = swallow(source=bank())
    Order.objects.filter(pk=order.pk).update(total=80, subtotal=80)
    payable_recompute(payable=payable)
    arrive(lost)
    watch(lost)
    late = PaymentTransaction.objects.get(late=True)
    sandbox.control("/batches/close", {})
    run(late.children.get())
    assert Order.objects.get(pk=order.pk).state == OrderState.AWAITING_PAYMENT

    sandbox.control(f"/transactions/{late.gateway_id}/status", {"status": "FUNDED"})
    reread(late)

    late.refresh_from_db()
    assert (late.state, reload(payable).paid) == (TransactionState.APPROVED, Decimal(100))
    assert Order.objects.get(pk=order.pk).state == OrderState.OPEN
    [alert] = Alert.objects.filter(transaction__payment=late.payment, resolved_at=None)
    assert (alert.transaction, alert.kind) == (late, AlertKind.ARRIVED_LATE)
    assert "Refund it only if nobody is to have it." in alert.text


def test_a_late_bank_debit_that_nobody_wants_is_given_back_again_until_a_person_must(
    start: Start, run: Run, sandbox: Sandbox, payable: Payable
) -> None:
    payment = start(source=bank())
    lost = payment.transactions.get()
    sandbox.control("/rules", {"match": {"reference": lost.reference}, "action": {"drop": {"when": "before"}}})
    run(payment)
    prove_absent(lost)
    run(start())
    arrive(lost)
    watch(lost)
    late = PaymentTransaction.objects.get(late=True)
    assert late.state == TransactionState.PENDING

    refuse_each_try(late, sandbox)

    assert Alert.objects.get(kind=AlertKind.NOT_DONE).transaction.parent == late
    assert reload(payable).paid == 100


def test_nobody_is_asked_to_give_back_a_late_bank_debit_of_which_no_money_came(
    swallow: Callable[..., PaymentTransaction], start: Start, run: Run, sandbox: Sandbox
) -> None:
    lost = swallow(source=bank())
    run(start())
    arrive(lost)
    watch(lost)
    late = PaymentTransaction.objects.get(late=True)
    refuse_each_try(late, sandbox)
    asked = set(Alert.objects.filter(resolved_at=None).values_list("kind", flat=True))

    sandbox.control(f"/transactions/{late.gateway_id}/status", {"status": "DECLINED"})
    reread(late)

    late.refresh_from_db()
    assert {AlertKind.ARRIVED_LATE, AlertKind.NOT_DONE} <= asked
    assert late.failure_reason == FailureReason.REJECTED
    open_ones = Alert.objects.filter(resolved_at=None, transaction__in=[late, *late.children.all()])
    assert not open_ones.filter(kind__in=[AlertKind.ARRIVED_LATE, AlertKind.NOT_DONE]).exists()
