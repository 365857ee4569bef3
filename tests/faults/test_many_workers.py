"""Twenty processes at the same queue: each payment is sent by one of them, and all leave a silent gateway alone."""

from collections.abc import Callable, Iterator

import pytest

from config import parts
from oropay.exceptions import MethodUnavailable
from oropay.models import MoneyState, Payment, PaymentTransaction, ProviderHealth, TransactionState
from plumbing.services.hints import hint_now
from tests.e2e.house import House
from tests.faults.test_crashes import at_gateway

Pay = Callable[[str], Payment]
OPEN = (TransactionState.QUEUED, TransactionState.SENDING, TransactionState.UNKNOWN)

MORE = 16
"""Processes beside the four of the house."""
SILENT = {"drop": {"when": "before"}}
ENDS = [(MoneyState.CAPTURED, ["CAPTURED"]), (MoneyState.FAILED, [])]
"""With us and at the gateway. A process that a busy machine kept from sending in time sends nothing."""


def everything_is_seen_once(house: House, payments: list[int]) -> None:
    for payment in Payment.objects.filter(pk__in=payments):
        taken = [status for row in payment.transactions.all() for status in at_gateway(house, row)]
        assert (payment.money_state, taken) in ENDS


@pytest.fixture
def twenty(house: House) -> Iterator[None]:
    """A second worker beside the first."""
    more = house.stack.start(parts.gateway_worker(house.place, name="worker-gateway-more", processes=MORE))
    house.stack.wait_ready(seconds=60)
    try:
        yield
    finally:
        more.process.terminate()
        more.process.wait()
        house.stack.running.remove(more)


@pytest.mark.usefixtures("twenty")
def test_twenty_processes_send_each_payment_once(house: House, pay: Pay) -> None:
    payments = [pay(f"{80 + number}.00").pk for number in range(20)]
    rows = PaymentTransaction.objects.filter(payment__in=payments)
    for row in rows:
        for _ in range(4):
            hint_now("oropay.tasks.execute", row.pk, queue="gateway-interactive")
    house.until(lambda: not rows.filter(state__in=OPEN).exists())

    everything_is_seen_once(house, payments)
    assert Payment.objects.filter(pk__in=payments, money_state=MoneyState.CAPTURED).exists()


@pytest.mark.usefixtures("twenty")
def test_twenty_processes_leave_a_silent_gateway_alone(house: House, pay: Pay) -> None:
    account = house.seller.integration.provider
    for method in ("POST", "GET"):
        silent = {"match": {"endpoint": "/transactions", "method": method}, "action": SILENT, "times": None}
        house.sandbox.control("/rules", silent)
    try:
        payments = [pay(f"{110 + number}.00").pk for number in range(8)]
        house.until(lambda: ProviderHealth.objects.filter(pk=account.pk, open_until__isnull=False).exists())
        with pytest.raises(MethodUnavailable):
            pay("120.00")
    finally:
        house.sandbox.calm()
    rows = PaymentTransaction.objects.filter(payment__in=payments)
    house.until(lambda: not rows.filter(state__in=OPEN).exists())

    health = ProviderHealth.objects.get(pk=account.pk)
    assert (health.open_until, health.failures) == (None, 0)
    everything_is_seen_once(house, payments)
