"""The sandbox tells the running house what happened, well and badly; the house believes only what it reads itself."""

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import urllib3
from django.utils import timezone

from oropay.models import (
    Notification,
    NotificationState,
    Payment,
    PaymentTransaction,
    TransactionState,
    WebhookCheck,
    WebhookCheckState,
)
from oropay.services import PartAsked, PaymentAsked, payment_start, webhook_check_start
from tests.e2e.house import House, Shop
from tests.oropay.house import bank

N, S = NotificationState, TransactionState


@pytest.fixture
def debit(house: House, shop: Shop) -> Callable[[str], PaymentTransaction]:
    """A bank debit under way at the gateway."""

    def debit(amount: str) -> PaymentTransaction:
        payable = house.invoice(shop, amount).payable
        assert payable is not None
        payment: Payment = payment_start(
            asked=PaymentAsked(
                parts=[PartAsked(payable_id=payable.pk, amount=Decimal(amount))],
                integration_id=house.seller.integration.pk,
                source=bank(),
                attempt_key=uuid.uuid4(),
            ),
            by=shop.buyer,
            website=house.seller.website,
            now=timezone.now(),
        )
        row = payment.transactions.get()
        house.until(lambda: PaymentTransaction.objects.get(pk=row.pk).state == S.PENDING)
        row.refresh_from_db()
        return row

    return debit


def spoil(house: House, row: PaymentTransaction, **how: Any) -> None:
    house.sandbox.control("/rules", {"match": {"reference": row.reference}, "action": {"webhook": how}, "times": 1})


def fund(house: House, row: PaymentTransaction, status: str = "FUNDED") -> None:
    house.sandbox.control(f"/transactions/{row.gateway_id}/status", {"status": status})


def ended(row: PaymentTransaction, state: NotificationState) -> int:
    return Notification.objects.filter(shown__id=row.gateway_id, state=state).count()


def is_settled(row: PaymentTransaction) -> bool:
    return PaymentTransaction.objects.get(pk=row.pk).state == S.APPROVED


def test_the_gateway_tells_and_the_debit_is_settled(house: House, debit: Callable[[str], PaymentTransaction]) -> None:
    row = debit("71.00")

    fund(house, row)
    house.until(lambda: ended(row, N.PROCESSED) == 1)

    told = Notification.objects.get(gateway_id=row.gateway_id)
    assert is_settled(row)
    assert (told.transaction_id, told.gateway_status, told.tries) == (row.pk, "FUNDED", 1)


def test_told_twice_it_is_settled_once(house: House, debit: Callable[[str], PaymentTransaction]) -> None:
    row = debit("72.00")
    spoil(house, row, times=3)

    fund(house, row)
    house.until(lambda: ended(row, N.PROCESSED) + ended(row, N.IGNORED) == 3)

    assert is_settled(row)
    assert row.steps.filter(state="approved").count() == 1  # type: ignore[attr-defined]


def test_a_wrong_signature_moves_nothing(house: House, debit: Callable[[str], PaymentTransaction]) -> None:
    row = debit("73.00")
    spoil(house, row, corrupt_signature=True)

    fund(house, row)
    house.until(lambda: ended(row, N.REJECTED) == 1)

    assert not is_settled(row)


def test_news_that_overtakes_older_news_ends_where_the_gateway_stands(
    house: House, debit: Callable[[str], PaymentTransaction]
) -> None:
    row = debit("74.00")
    spoil(house, row, reorder=True)

    fund(house, row, "PENDING")
    fund(house, row)
    house.until(lambda: ended(row, N.PROCESSED) == 2)

    order = list(Notification.objects.filter(gateway_id=row.gateway_id).order_by("pk"))
    assert [told.gateway_status for told in order] == ["FUNDED", "PENDING"]
    assert is_settled(row)


def test_a_test_message_comes_back_through_the_public_address(house: House) -> None:
    check = webhook_check_start(integration=house.seller.integration, by=house.seller.staff, now=timezone.now())

    house.until(lambda: WebhookCheck.objects.get(pk=check.pk).state == WebhookCheckState.ARRIVED)
    assert Notification.objects.filter(gateway_id=f"TEST_{check.uuid}").count() == 1


def test_the_address_answers_as_its_documentation_says(house: House) -> None:
    address = f"{house.url}/webhooks/{house.seller.integration.webhook_key}/"
    before = Notification.objects.count()

    def answer(method: str, path: str, body: Any = None, **headers: str) -> int:
        return urllib3.request(method, path, body=body, headers=headers, retries=False).status

    assert answer("PUT", address, b"{}") == 405
    assert answer("GET", address) == 404
    assert answer("POST", address, b"") == 400
    assert answer("POST", address, b"x" * 70_000) == 413
    assert answer("POST", address, (part for part in [b"x" * 40_000] * 2)) == 413
    assert answer("POST", f"{house.url}/webhooks/{'a' * 43}/", b"{}") == 404
    assert answer("POST", f"{house.url}/webhooks/x", b"{}") == 404
    assert Notification.objects.count() == before
    assert answer("POST", address, (part for part in [b"{", b"}"])) == 200
    assert bytes(Notification.objects.latest("pk").body) == b"{}"
