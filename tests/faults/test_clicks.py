"""Two hundred people click Pay on the same invoice at the same moment: one charge, everybody else is told so."""

import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from django.db import connection, connections
from django.utils import timezone

from oropay.exceptions import AlreadyBeingPaid, NothingPayable
from oropay.models import MoneyState, Payment
from oropay.services import NewCard, PartAsked, PaymentAsked, payment_start
from tests.e2e.house import House, Shop

CLICKS = 200


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def test_two_hundred_clicks_at_once_are_one_charge(house: House, shop: Shop) -> None:
    payable = house.invoice(shop, "77.00").payable
    assert payable is not None
    tokens = [house.sandbox.card_token() for _ in range(2)]
    before = deadlocks()
    gate = threading.Barrier(CLICKS)

    def click(number: int) -> str:
        asked = PaymentAsked(
            parts=[PartAsked(payable_id=payable.pk, amount=Decimal("77.00"))],
            integration_id=house.seller.integration.pk,
            source=NewCard(token=tokens[number % 2], last4="5262"),
            attempt_key=uuid.uuid4(),
        )
        by = (shop.buyer, shop.colleague)[number % 2]
        gate.wait()
        try:
            payment_start(asked=asked, by=by, website=house.seller.website, now=timezone.now())
        except AlreadyBeingPaid:
            return "a colleague is paying"
        except NothingPayable:  # the worker was quicker than the last of them
            return "it is paid"
        finally:
            connections.close_all()
        return "started"

    with ThreadPoolExecutor(CLICKS) as people:
        told = Counter(people.map(click, range(CLICKS)))

    assert told["started"] == 1
    assert told["a colleague is paying"] + told["it is paid"] == CLICKS - 1
    payment = Payment.objects.get(parts__payable=payable)
    house.until(lambda: Payment.objects.get(pk=payment.pk).money_state == MoneyState.CAPTURED)
    found = house.sandbox.gateway().find_by_reference(reference=payment.transactions.get().reference).found
    assert [answer.status for answer in found] == ["CAPTURED"]
    assert deadlocks() == before
