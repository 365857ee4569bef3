"""How many payments a second four processes start, send and record, against the least SQL such a payment can be."""

import multiprocessing
import os
import sys
import time
import uuid
from dataclasses import dataclass
from decimal import Decimal

from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from oropay import engine
from oropay.models import (
    Environment,
    Integration,
    IntegrationLabel,
    Payable,
    PayableKind,
    PaymentAction,
    PaymentTransaction,
    TransactionState,
)
from oropay.services import (
    NewCard,
    PartAsked,
    PaymentAsked,
    SavedInstrument,
    integration_save,
    payable_open,
    payment_start,
    provider_provision,
)
from tests.bench.gateway import fast_sandbox
from tests.bench.measure import Result, floor_database, percentile, pgbench
from tests.contract.sandbox import Sandbox
from tests.databases import django_on, own_database
from tests.factories import OrderFactory, OrderLineFactory

PROCESSES = 4
WARM_UP_SECONDS = 3
SECONDS = 20
FLOOR_SECONDS = 10
ORDERS = 6000
STATEMENT_GOAL = 25


@dataclass(frozen=True)
class Shop:
    """What the paying processes need to know."""

    integration_id: int
    instrument_id: int
    payable_ids: list[int]


def run() -> Result:
    with floor_database() as floor, fast_sandbox() as sandbox:
        before = pgbench(floor, "limit-intake.sql", clients=PROCESSES, seconds=FLOOR_SECONDS)
        with own_database("bench_intake", template=os.environ["TEMPLATE_DATABASE"]) as url, django_on(url):
            shop = _open_shop(sandbox)
            statements = _count_statements(shop)
            sys.stdout.write(f"intake: {statements} SQL statements a payment (goal {STATEMENT_GOAL})\n")
            connections.close_all()
            spent, errors = _pay_everything(shop)
        after = pgbench(floor, "limit-intake.sql", clients=PROCESSES, seconds=FLOOR_SECONDS)
    return Result(
        name="intake",
        ours=len(spent) / SECONDS,
        limit=(before + after) / 2,
        unit="payments/s",
        p50_ms=percentile(spent, 0.50) * 1000,
        p95_ms=percentile(spent, 0.95) * 1000,
        errors=errors,
    )


def _open_shop(sandbox: Sandbox) -> Shop:
    """One seller, one buyer with a saved card, and more orders than can be paid in the time."""
    first = OrderFactory.create()
    account = provider_provision(
        organization=first.organization,
        name="Sandbox",
        app_id="contract-app",
        app_key="contract-key",
        service_url=sandbox.url,
        environment=Environment.SANDBOX,
        settlement_currency="USD",
    )
    integration = integration_save(
        integration=Integration(
            organization=first.organization,
            name="OroPay",
            provider_account=account,
            payment_action=PaymentAction.AUTOMATIC,
            currencies=["USD"],
        )
    )
    IntegrationLabel.objects.create(integration=integration, label="Card", short_label="Card")
    same = {"customer": first.customer, "website": first.website, "placed_by": first.placed_by}
    payables = []
    for _ in range(ORDERS):
        order = OrderFactory.create(**same)
        OrderLineFactory.create(
            order=order, position=1, product=None, sku="BOLT", name="Bolt", unit="each", commodity_code=""
        )
        payables.append(_payable(order))
    kept = _payable(first)
    payment = payment_start(
        asked=PaymentAsked(
            parts=[PartAsked(payable_id=kept.pk, amount=kept.total)],
            integration_id=integration.pk,
            source=NewCard(token=sandbox.card_token(), keep=True),
            attempt_key=uuid.uuid4(),
        ),
        by=first.placed_by,
        website=first.website,
        now=timezone.now(),
    )
    engine.execute(transaction_id=payment.transactions.get().pk, now=timezone.now())
    return Shop(integration.pk, payment.instrument_id or 0, [payable.pk for payable in payables])


def _payable(order) -> Payable:  # type: ignore[no-untyped-def]
    return payable_open(
        kind=PayableKind.ORDER,
        organization=order.organization,
        customer=order.customer,
        currency=order.currency,
        number=order.number,
        total=order.total,
        order=order,
    )


def _pay(shop: Shop, payable_id: int) -> None:
    payable = Payable.objects.select_related("order__placed_by", "order__website").get(pk=payable_id)
    assert payable.order is not None
    payment = payment_start(
        asked=PaymentAsked(
            parts=[PartAsked(payable_id=payable_id, amount=Decimal("100.00"))],
            integration_id=shop.integration_id,
            source=SavedInstrument(instrument_id=shop.instrument_id),
            attempt_key=uuid.uuid4(),
        ),
        by=payable.order.placed_by,
        website=payable.order.website,
        now=timezone.now(),
    )
    engine.execute(transaction_id=PaymentTransaction.objects.get(payment=payment).pk, now=timezone.now())


def _count_statements(shop: Shop) -> int:
    """SQL statements of one payment, without the two reads of this benchmark itself."""
    _pay(shop, shop.payable_ids.pop())
    with CaptureQueriesContext(connections["default"]) as seen:
        _pay(shop, shop.payable_ids.pop())
    return sum(not query["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")) for query in seen) - 2


def _pay_everything(shop: Shop) -> tuple[list[float], int]:
    """Let four processes pay for the time; returns what each payment took, in seconds, and how many failed."""
    fork = multiprocessing.get_context("fork")
    with fork.Pool(PROCESSES) as pool:
        begin = time.monotonic() + 1
        shares = [(shop, shop.payable_ids[number::PROCESSES], begin) for number in range(PROCESSES)]
        done = pool.starmap(_pay_some, shares)
    return [seconds for times, _ in done for seconds in times], sum(errors for _, errors in done)


def _pay_some(shop: Shop, payable_ids: list[int], begin: float) -> tuple[list[float], int]:
    spent: list[float] = []
    errors = 0
    warm, end = begin + WARM_UP_SECONDS, begin + WARM_UP_SECONDS + SECONDS
    for payable_id in payable_ids:
        start = time.monotonic()
        if start >= end:
            break
        _pay(shop, payable_id)
        if start >= warm:
            spent.append(time.monotonic() - start)
            state = PaymentTransaction.objects.get(payment__parts__payable_id=payable_id).state
            errors += state != TransactionState.APPROVED
    connections.close_all()
    return spent, errors
