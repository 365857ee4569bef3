"""Processes die and messages are lost: rows say how far it got, and every payment ends once."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import redis
from django.conf import settings
from django.utils import timezone

from config import parts
from config.supervisor import Supervisor
from oropay.models import FailureReason, MoneyState, Payment, PaymentTransaction, TransactionState
from tests.e2e.house import House

Pay = Callable[[str], Payment]


@contextmanager
def without(stack: Supervisor, name: str) -> Iterator[None]:
    """Kill a part with all its children, as a power cut does; the caller starts it again."""
    dead = next(running for running in stack.running if running.part.name == name)
    os.killpg(dead.process.pid, signal.SIGKILL)
    dead.process.wait()
    stack.running.remove(dead)
    try:
        yield
    finally:
        stack.start(dead.part)
        stack.wait_ready(seconds=60)


def at_gateway(house: House, row: PaymentTransaction) -> list[str]:
    return [answer.status for answer in house.sandbox.gateway().find_by_reference(reference=row.reference).found]


def test_a_worker_killed_while_it_sends_charges_once(house: House, pay: Pay) -> None:
    slow = {
        "match": {"endpoint": "/transactions", "method": "POST"},
        "action": {"timeout": {"ms": 2000, "when": "after"}},
    }
    house.sandbox.control("/rules", slow)
    payment = pay("61.00")
    row = payment.transactions.get()
    house.until(lambda: at_gateway(house, row) == ["CAPTURED"])

    with without(house.stack, "worker-gateway"):
        row.refresh_from_db()
        assert row.state == TransactionState.SENDING
    house.until(lambda: Payment.objects.get(pk=payment.pk).money_state == MoneyState.CAPTURED)

    row.refresh_from_db()
    assert at_gateway(house, row) == ["CAPTURED"]
    states = [step.state for step in row.steps.order_by("pgh_id")]  # type: ignore[attr-defined]
    assert states[-3:] == ["sending", "unknown", "approved"]


def test_a_broker_that_forgot_everything_loses_nothing(house: House, pay: Pay) -> None:
    with without(house.stack, "worker-gateway"):
        payment = pay("62.00")
        redis.Redis.from_url(house.place.redis_url).flushdb()

    house.until(lambda: Payment.objects.get(pk=payment.pk).money_state == MoneyState.CAPTURED)

    assert at_gateway(house, payment.transactions.get()) == ["CAPTURED"]


def test_a_payment_that_no_worker_is_left_to_send_ends_and_its_invoice_may_be_paid_again(
    house: House, pay: Pay
) -> None:
    with without(house.stack, "worker-gateway"):
        payment = pay("66.00")
        redis.Redis.from_url(house.place.redis_url).flushdb()
        long_ago = timezone.now() - settings.OROPAY_GIVE_UP_AFTER - timedelta(minutes=1)
        PaymentTransaction.objects.filter(payment=payment).update(created_at=long_ago)

        house.until(lambda: Payment.objects.get(pk=payment.pk).money_state == MoneyState.FAILED)

    row = payment.transactions.get()
    assert (row.state, row.failure_reason) == (TransactionState.FAILED, FailureReason.NOT_SENT)
    assert not payment.parts.filter(live=True).exists()
    assert at_gateway(house, row) == []


def test_two_beats_send_nothing_twice(house: House, pay: Pay) -> None:
    second = house.stack.start(parts.beat(house.place))
    try:
        payments = [pay(f"{63 + n}.00").pk for n in range(3)]
        rows = PaymentTransaction.objects.filter(payment__in=payments)
        house.until(lambda: rows.filter(state=TransactionState.APPROVED).count() == 3)
    finally:
        second.process.terminate()
        second.process.wait()
        house.stack.running.remove(second)

    assert [at_gateway(house, row) for row in rows] == [["CAPTURED"]] * 3
