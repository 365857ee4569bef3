"""How many clicks on Pay of one and the same invoice are answered a second, by sixteen people at once."""

import multiprocessing
import os
import uuid
from dataclasses import dataclass
from decimal import Decimal

from django.db import OperationalError, connection, connections
from django.utils import timezone

from commerce.models import User, Website
from oropay import engine
from oropay.exceptions import AlreadyBeingPaid
from oropay.models import Payable, Payment, PaymentTransaction
from oropay.services import NewCard, PartAsked, PaymentAsked, SavedInstrument, payment_start
from tests.bench.gateway import fast_sandbox
from tests.bench.measure import Result, floor_database, pgbench
from tests.bench.turns import TURN_SECONDS, Done, in_turns, repeat
from tests.contract.sandbox import Sandbox
from tests.databases import django_on, own_database
from tests.trade import company_open, seller_open

WRITERS = 16


@dataclass(frozen=True)
class Hot:
    """The one thing that everybody pays."""

    payable_id: int
    integration_id: int
    instrument_id: int
    buyer_id: int
    website_id: int


def run() -> Result:
    with (
        floor_database() as floor,
        fast_sandbox() as sandbox,
        own_database("bench_hot", template=os.environ["TEMPLATE_DATABASE"]) as url,
        django_on(url),
    ):
        hot = _open(sandbox)
        connections.close_all()
        with multiprocessing.get_context("fork").Pool(WRITERS) as pool:
            turns = in_turns(
                lambda begin: pool.starmap(_click_some, [(hot, begin)] * WRITERS),
                lambda: pgbench(floor, "limit-hot.sql", clients=WRITERS, seconds=TURN_SECONDS),
            )
        errors = _check(hot, sandbox)
    return turns.result(name="hot-invoice", unit="answered clicks/s", other_errors=errors)


def _open(sandbox: Sandbox) -> Hot:
    seller = seller_open(sandbox)
    company = company_open(seller, orders=2)
    first, hot = company.payables
    payment = payment_start(
        asked=_asked(first.pk, seller.automatic.pk, NewCard(token=sandbox.card_token(), keep=True)),
        by=company.buyers[0],
        website=seller.website,
        now=timezone.now(),
    )
    engine.execute(transaction_id=payment.transactions.get().pk, now=timezone.now())
    assert payment.instrument_id is not None
    return Hot(hot.pk, seller.automatic.pk, payment.instrument_id, company.buyers[0].pk, seller.website.pk)


def _asked(payable_id: int, integration_id: int, source: NewCard | SavedInstrument) -> PaymentAsked:
    return PaymentAsked(
        parts=[PartAsked(payable_id=payable_id, amount=Decimal("100.00"))],
        integration_id=integration_id,
        source=source,
        attempt_key=uuid.uuid4(),
    )


def _click_some(hot: Hot, begin: float) -> Done:
    by, website = User.objects.get(pk=hot.buyer_id), Website.objects.get(pk=hot.website_id)

    def click() -> bool:
        """Whether the answer was one of the two right ones."""
        asked = _asked(hot.payable_id, hot.integration_id, SavedInstrument(instrument_id=hot.instrument_id))
        try:
            payment_start(asked=asked, by=by, website=website, now=timezone.now())
        except AlreadyBeingPaid:
            pass  # the right answer to all but one
        except OperationalError:
            return False
        return True

    return repeat(click, begin=begin)


def _check(hot: Hot, sandbox: Sandbox) -> int:
    """Send what was accepted: exactly one charge, and no deadlock on the way. Returns what was otherwise."""
    payments = list(Payment.objects.filter(parts__payable=hot.payable_id))
    for row in PaymentTransaction.objects.filter(payment__in=payments):
        engine.execute(transaction_id=row.pk, now=timezone.now())
    charges = [
        found
        for row in PaymentTransaction.objects.filter(payment__in=payments)
        for found in sandbox.gateway().find_by_reference(reference=row.reference).found
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        (deadlocks,) = cursor.fetchone()
    paid = Payable.objects.get(pk=hot.payable_id).paid == Decimal("100.00")
    return abs(len(charges) - 1) + int(deadlocks) + (not paid)
