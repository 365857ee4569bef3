"""A worker that is asked to stop ends the payment it is sending, takes no other, and goes; nothing becomes unknown."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from config.supervisor import STOPS_WITHIN, Running, Supervisor
from oropay.models import MoneyState, Payment, PaymentTransaction, TransactionState
from tests.e2e.house import House
from tests.faults.test_crashes import at_gateway

Pay = Callable[[str], Payment]


@contextmanager
def started_again(stack: Supervisor, stopped: Running) -> Iterator[None]:
    stack.running.remove(stopped)
    try:
        yield
    finally:
        stopped.process.kill()
        stack.start(stopped.part)
        stack.wait_ready(seconds=60)


def test_a_worker_that_stops_ends_the_charge_it_is_sending(house: House, pay: Pay) -> None:
    slow = {
        "match": {"endpoint": "/transactions", "method": "POST"},
        "action": {"timeout": {"ms": 2000, "when": "after"}},
    }
    house.sandbox.control("/rules", slow)
    row = pay("71.00").transactions.get()
    house.until(lambda: PaymentTransaction.objects.get(pk=row.pk).state == TransactionState.SENDING)
    worker = next(running for running in house.stack.running if running.part.name == "worker-gateway")

    with started_again(house.stack, worker):
        worker.process.send_signal(signal.SIGTERM)
        late = pay("72.00")
        assert worker.process.wait(timeout=STOPS_WITHIN) == 0

        row.refresh_from_db()
        assert row.state == TransactionState.APPROVED
        assert [step.state for step in row.steps.order_by("pgh_id")][-2:] == ["sending", "approved"]  # type: ignore[attr-defined]
        assert late.transactions.get().state == TransactionState.QUEUED
    house.until(lambda: Payment.objects.get(pk=late.pk).money_state == MoneyState.CAPTURED)

    assert at_gateway(house, row) == ["CAPTURED"]
    assert at_gateway(house, late.transactions.get()) == ["CAPTURED"]
