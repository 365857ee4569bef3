"""The stack of the browser tests, and a way to start payments without a browser."""

import uuid
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import timezone

from oropay.models import Payment
from oropay.services import NewCard, PartAsked, PaymentAsked, payment_start
from tests.e2e.house import House, Shop


@pytest.fixture
def pay(house: House, shop: Shop) -> Callable[[str], Payment]:
    """Start paying a new invoice by card, as the pay page does."""

    def pay(amount: str) -> Payment:
        payable = house.invoice(shop, amount).payable
        assert payable is not None
        return payment_start(
            asked=PaymentAsked(
                parts=[PartAsked(payable_id=payable.pk, amount=Decimal(amount))],
                integration_id=house.seller.integration.pk,
                source=NewCard(token=house.sandbox.card_token(), last4="5262"),
                attempt_key=uuid.uuid4(),
            ),
            by=shop.buyer,
            website=house.seller.website,
            now=timezone.now(),
        )

    return pay
