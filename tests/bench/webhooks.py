"""How many notifications a second web stores and answers, against a view that inserts one row on the same server; and
how many the worker then verifies and follows up, each with a question to the gateway.
"""

import hashlib
import http.client
import itertools
import json
import multiprocessing
import os
import signal
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from django.db import connection, connections
from django.utils import timezone

from config import parts
from config.processes import HOST
from oropay import engine
from oropay.models import Notification, NotificationState, PaymentTransaction, TransactionState
from oropay.services import NewCard, PartAsked, PaymentAsked, SavedInstrument, notifications_hint, payment_start
from tests.bench.house import running_house
from tests.bench.measure import Result
from tests.bench.turns import TURN_SECONDS, Done, in_turns, repeat
from tests.bench.urls import INSERT_ONE, INSERT_TABLE
from tests.e2e.house import House, Shop

CLIENTS = 4
DRAIN_SECONDS = 20
TRANSACTIONS = 120
"""More than a worker takes at once, so that no question answers for two messages."""
KEY = b"contract-key"
DONE = [NotificationState.PROCESSED, NotificationState.IGNORED, NotificationState.REJECTED, NotificationState.DEAD]


@dataclass(frozen=True)
class Sender:
    """What one client sends where."""

    port: int
    path: str
    gateway_ids: tuple[str, ...]
    """Of the transactions it tells of, one after the other; empty: bodies of the same length about nothing."""


def run() -> Result:
    with running_house("bench_webhooks") as house:
        gateway_ids = _transactions(house)
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE {INSERT_TABLE} (id bigserial PRIMARY KEY, body bytea NOT NULL)")
        _stop(house, "worker-gateway")
        connections.close_all()
        path = f"/webhooks/{house.seller.integration.webhook_key}/"
        ours = Sender(port=house.place.web_port, path=path, gateway_ids=gateway_ids)
        peer = Sender(port=house.place.web_port, path=f"/{INSERT_ONE}", gateway_ids=())
        with multiprocessing.get_context("fork").Pool(CLIENTS) as pool:
            turns = in_turns(
                lambda begin: _send_everything(pool, ours, begin),
                lambda: _rate(_send_everything(pool, peer, time.monotonic() + 0.5)),
            )
        processed, wrong = _drained(house)
    return turns.result(
        name="webhooks",
        unit="notifications/s",
        compared_with="peer",
        other_errors=wrong,
        notes={"processed": round(processed, 1)},
    )


def _transactions(house: House) -> tuple[str, ...]:
    """Charges of a saved card: known to us and to the gateway, and alike in both books."""
    shop = house.company()
    first = _charge(house, shop, NewCard(token=house.sandbox.card_token(), keep=True))
    saved = SavedInstrument(instrument_id=first.payment.instrument_id or 0)
    rows = [first, *(_charge(house, shop, saved) for _ in range(TRANSACTIONS - 1))]
    return tuple(row.gateway_id for row in rows)


def _charge(house: House, shop: Shop, source: NewCard | SavedInstrument) -> PaymentTransaction:
    payable = house.invoice(shop, "10.00").payable
    assert payable is not None
    payment = payment_start(
        asked=PaymentAsked(
            parts=[PartAsked(payable_id=payable.pk, amount=payable.total)],
            integration_id=house.seller.integration.pk,
            source=source,
            attempt_key=uuid.uuid4(),
        ),
        by=shop.buyer,
        website=house.seller.website,
        now=timezone.now(),
    )
    row = payment.transactions.get()
    engine.execute(transaction_id=row.pk, now=timezone.now())
    house.until(lambda: PaymentTransaction.objects.get(pk=row.pk).state == TransactionState.APPROVED)
    return PaymentTransaction.objects.select_related("payment").get(pk=row.pk)


def _stop(house: House, name: str) -> None:
    """Storing is measured without a worker that works beside it; what it does is measured afterwards."""
    running = next(one for one in house.stack.running if one.part.name == name)
    os.killpg(running.process.pid, signal.SIGKILL)
    running.process.wait()
    house.stack.running.remove(running)


def _drained(house: House) -> tuple[float, int]:
    """Let the worker read the inbox that has filled; returns how many a second, and how many did not end well."""
    house.stack.start(parts.gateway_worker(house.place))
    house.stack.wait_ready(seconds=90)
    for _ in range(4):
        notifications_hint(integration_id=house.seller.integration.pk)
    house.until(lambda: Notification.objects.filter(state__in=DONE).count() > 0)
    begin, first = time.monotonic(), Notification.objects.filter(state__in=DONE).count()
    while time.monotonic() - begin < DRAIN_SECONDS and Notification.objects.exclude(state__in=DONE).exists():
        time.sleep(0.2)
    spent = time.monotonic() - begin
    done = Notification.objects.filter(state__in=DONE).count()
    wrong = Notification.objects.filter(state__in=DONE).exclude(state=NotificationState.PROCESSED).count()
    return (done - first) / spent, wrong


# --- In the processes of the senders ---------------------------------------------------------------------------------


def _send_everything(pool: "multiprocessing.pool.Pool", sender: Sender, begin: float) -> Sequence[Done]:
    return pool.starmap(_send_some, [(sender, begin, number) for number in range(CLIENTS)])


def _rate(sent: Sequence[Done]) -> float:
    """Messages a second, of a view that has no reason to refuse one."""
    if any(each.errors for each in sent):
        raise RuntimeError("The view that is compared with does not store everything.")
    return sum(len(each.seconds) for each in sent) / TURN_SECONDS


def _send_some(sender: Sender, begin: float, client: int) -> Done:
    """Send over one kept-open connection."""
    line = http.client.HTTPConnection(HOST, sender.port, timeout=30)
    numbers = itertools.count(int(begin) * 1_000_000)  # no turn sends what another sent

    def send() -> bool:
        body = _body(sender, number=next(numbers), client=client)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "bench",
            "X-GP-Signature": hashlib.sha512(body + KEY).hexdigest(),
            "Host": f"localhost:{sender.port}",
        }
        try:
            line.request("POST", sender.path, body, headers)
            answer = line.getresponse()
            answer.read()
        except (http.client.HTTPException, OSError) as error:
            sys.stderr.write(f"webhooks: {type(error).__name__}: {error}\n")
            line.close()
            return False
        return answer.status == HTTPStatus.OK

    return repeat(send, begin=begin)


def _body(sender: Sender, *, number: int, client: int) -> bytes:
    """A message of usual length, no two alike."""
    about = (
        sender.gateway_ids[(number * CLIENTS + client) % len(sender.gateway_ids)] if sender.gateway_ids else "x" * 36
    )
    content = {
        "id": about,
        "type": "SALE",
        "status": "CAPTURED",
        "amount": "1000",
        "currency": "USD",
        "time_created": f"{number:015}-{client}",
        "payment_method": {"result": "00", "card": {"brand": "VISA", "masked_number_last4": "XXXXXXXXXXXX5262"}},
        "action": {"type": "STATUS_NOTIFICATION", "result_code": "SUCCESS"},
        "description": "x" * 900,
    }
    return json.dumps(content, separators=(",", ":")).encode()
