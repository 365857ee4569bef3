"""How soon two hundred payments have an outcome after a gateway that said nothing for a minute speaks again."""

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal

from django.db import connections
from django.db.models import QuerySet
from django.utils import timezone

from config.processes import wait_until
from config.supervisor import say
from oropay import engine
from oropay.models import Instrument, InstrumentKind, InstrumentState, PaymentTransaction, TransactionState
from oropay.services import PartAsked, PaymentAsked, SavedInstrument, payment_start
from tests.bench.house import running_house
from tests.bench.measure import Result, percentile
from tests.contract.sandbox import Sandbox
from tests.trade import Company, Seller, company_open, seller_open

PAYMENTS = 200
SILENT_SECONDS = 60.0
GIVEN_UP_AFTER = 300.0
SENDERS = 8
OPEN = (TransactionState.QUEUED, TransactionState.SENDING, TransactionState.UNKNOWN)


def run() -> Result:
    with running_house("bench_unknown") as house:
        seller = seller_open(house.sandbox)
        company = company_open(seller, orders=PAYMENTS)
        card = house.sandbox.kept_card()
        _silence(house.sandbox)  # before the first click: the workers send at once
        silent_since = time.monotonic()
        rows = _queued(seller, company, token=card)
        _send(rows)
        in_flight = PaymentTransaction.objects.filter(pk__in=rows, state=TransactionState.UNKNOWN).count()
        say(f"unknown: {in_flight} of {PAYMENTS} payments are in flight, nobody knows how they ended")
        time.sleep(max(0.0, SILENT_SECONDS - (time.monotonic() - silent_since)))
        house.sandbox.calm()
        back_at = timezone.now()
        wait_until(lambda: not _open(rows).exists(), seconds=GIVEN_UP_AFTER)
        waited = _waited(rows, back_at)
        left = _open(rows).count()
    return Result(
        name="unknown",
        ours=percentile(waited, 0.95),
        limit=60.0,
        unit="s until 95 % are resolved",
        p50_ms=percentile(waited, 0.50) * 1000,
        p95_ms=percentile(waited, 0.95) * 1000,
        errors=left + (PAYMENTS - in_flight),
        notes={"in_flight": in_flight, "unresolved": left},
    )


def _queued(seller: Seller, company: Company, *, token: str) -> list[int]:
    """Two hundred clicks."""
    card = Instrument.objects.create(
        kind=InstrumentKind.CARD,
        state=InstrumentState.ACTIVE,
        customer=company.customer,
        provider_account=seller.automatic.provider,
        token=token,
    )
    rows = []
    for payable in company.payables:
        payment = payment_start(
            asked=PaymentAsked(
                parts=[PartAsked(payable_id=payable.pk, amount=Decimal("100.00"))],
                integration_id=seller.automatic.pk,
                source=SavedInstrument(instrument_id=card.pk),
                attempt_key=uuid.uuid4(),
            ),
            by=company.buyers[0],
            website=seller.website,
            now=timezone.now(),
        )
        rows.append(payment.transactions.get().pk)
    return rows


def _silence(sandbox: Sandbox) -> None:
    """Every answer is lost: of charges after or before the money moved, of every question that follows."""
    sales = {"endpoint": "/transactions", "method": "POST"}
    half = {**sales, "probability": 0.5, "seed": "half"}
    for match, when in ((half, "after"), (sales, "before"), ({"method": "GET"}, "before")):
        sandbox.control("/rules", {"match": match, "action": {"drop": {"when": when}}, "times": None})


def _send(rows: list[int]) -> None:
    """Beside the workers, which take their share: all must have left within the minute."""

    def one(pk: int) -> None:
        engine.execute(transaction_id=pk, now=timezone.now())
        connections.close_all()

    with ThreadPoolExecutor(SENDERS) as pool:
        list(pool.map(one, rows))
    wait_until(lambda: not _open(rows).exclude(state=TransactionState.UNKNOWN).exists(), seconds=SILENT_SECONDS)


def _open(rows: list[int]) -> QuerySet[PaymentTransaction]:
    return PaymentTransaction.objects.filter(pk__in=rows, state__in=OPEN)


def _waited(rows: list[int], back_at: datetime) -> list[float]:
    """Seconds from the gateway's return to each outcome; one without an outcome waited for the whole time."""
    ended = PaymentTransaction.objects.filter(pk__in=rows).values_list("ended_at", flat=True)
    return [max(0.0, (at - back_at).total_seconds()) if at else GIVEN_UP_AFTER for at in ended]
