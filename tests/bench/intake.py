"""How many payments a second four processes start, send and record, against the least SQL such a payment can be."""

import multiprocessing
import os
import uuid
from dataclasses import dataclass, replace

from django.db import connections
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.supervisor import say
from oropay import engine
from oropay.models import Payable, Payment, PaymentTransaction, TransactionState
from oropay.services import NewCard, PartAsked, PaymentAsked, SavedInstrument, payment_start
from plumbing.compiled import compiled
from tests.bench.gateway import fast_sandbox
from tests.bench.measure import Result, floor_database, pgbench
from tests.bench.turns import TURN_SECONDS, TURNS, Done, in_turns, repeat
from tests.contract.sandbox import Sandbox
from tests.databases import django_on, own_database
from tests.trade import Seller, company_open, seller_open

PROCESSES = 4
READ_SECONDS = 2
"""In which each process reads what is owed, as pages do before anybody clicks."""
ORDERS = 600
"""For each process and turn; more than it can pay in the time, or the run fails."""
STATEMENT_GOAL = 25


@dataclass(frozen=True)
class Buyer:
    """One company with a saved card and what it owes: the work of one process."""

    integration_id: int
    instrument_id: int
    payables: list[Payable]

    def for_one_turn(self) -> "Buyer":
        """With orders that no other turn pays."""
        taken, self.payables[:ORDERS] = self.payables[:ORDERS], []
        return replace(self, payables=taken)


def run() -> Result:
    with (
        floor_database() as floor,
        fast_sandbox() as sandbox,
        own_database("bench_intake", template=os.environ["TEMPLATE_DATABASE"]) as url,
        django_on(url),
    ):
        buyers = _open_shop(sandbox)
        statements = _count_statements(buyers[0])
        say(f"intake: {statements} SQL statements a payment (goal: at most {STATEMENT_GOAL})")
        connections.close_all()
        with multiprocessing.get_context("fork").Pool(PROCESSES) as pool:
            turns = in_turns(
                lambda begin: pool.starmap(_pay_some, [(buyer.for_one_turn(), begin) for buyer in buyers]),
                lambda: pgbench(floor, "limit-intake.sql", clients=PROCESSES, seconds=TURN_SECONDS),
                lead=READ_SECONDS,
            )
        errors = PaymentTransaction.objects.exclude(state=TransactionState.APPROVED).count()
    return turns.result(name="intake", unit="payments/s", other_errors=errors, notes={"statements": statements})


def _open_shop(sandbox: Sandbox) -> list[Buyer]:
    """One seller and a buyer for each process, so that no two processes want the same company's rows."""
    seller = seller_open(sandbox)
    return [_buyer(seller, sandbox.card_token()) for _ in range(PROCESSES)]


def _buyer(seller: Seller, card_token: str) -> Buyer:
    company = company_open(seller, orders=ORDERS * TURNS + 3)
    first, *rest = company.payables
    payment = _pay(seller.automatic.pk, NewCard(token=card_token, keep=True), _known(first))
    assert payment.instrument_id is not None
    return Buyer(seller.automatic.pk, payment.instrument_id, rest)


def _known(payable: Payable) -> Payable:
    """With what a page knows of it before anybody clicks."""
    return Payable.objects.select_related("order__placed_by", "order__website").get(pk=payable.pk)


def _pay(integration_id: int, source: NewCard | SavedInstrument, payable: Payable) -> Payment:
    """Start and send one payment, as the page and the worker do together."""
    assert payable.order is not None
    payment = payment_start(
        asked=PaymentAsked(
            parts=[PartAsked(payable_id=payable.pk, amount=payable.total)],
            integration_id=integration_id,
            source=source,
            attempt_key=uuid.uuid4(),
        ),
        by=payable.order.placed_by,
        website=payable.order.website,
        now=timezone.now(),
    )
    [transaction_id] = _ids_of(payment_id=payment.pk)
    engine.execute(transaction_id=transaction_id, now=timezone.now())
    return payment


@compiled
def _ids_of(*, payment_id: int) -> QuerySet[PaymentTransaction, int]:
    """What a worker is told by its message."""
    return PaymentTransaction.objects.filter(payment_id=payment_id).values_list("pk", flat=True)


def _count_statements(buyer: Buyer) -> int:
    """SQL statements of one payment, without the read by which this benchmark finds its transaction."""
    saved = SavedInstrument(instrument_id=buyer.instrument_id)
    _pay(buyer.integration_id, saved, _known(buyer.payables.pop()))
    payable = _known(buyer.payables.pop())
    with CaptureQueriesContext(connections["default"]) as seen:
        _pay(buyer.integration_id, saved, payable)
    return sum(not query["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")) for query in seen) - 1


def _pay_some(buyer: Buyer, begin: float) -> Done:
    ids = [payable.pk for payable in buyer.payables]
    left = iter(Payable.objects.select_related("order__placed_by", "order__website").filter(pk__in=ids).order_by("pk"))

    def pay_next() -> bool:
        payable = next(left, None)
        if payable is None:
            raise RuntimeError(f"{ORDERS} orders were too few for one turn.")
        _pay(buyer.integration_id, SavedInstrument(instrument_id=buyer.instrument_id), payable)
        return True

    return repeat(pay_next, begin=begin)
