"""What the gateway itself is told about the goods of a payment, read in its journal."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from commerce.models import Order
from oropay.gateway.port import DataLevel
from oropay.models import Payment, PaymentTransaction, TransactionState
from tests.contract.sandbox import Sandbox
from tests.factories import OrderFactory, OrderLineFactory

Start = Callable[..., Payment]
Run = Callable[[Payment], PaymentTransaction]


@pytest.fixture
def order(db: None) -> Order:
    """Two lines with tax and a discount, freight and a PO number: 100.00 USD in all."""
    order: Order = OrderFactory.create(
        po_number="PO-7",
        subtotal=Decimal("90.00"),
        discount=Decimal("4.00"),
        shipping=Decimal("5.00"),
        tax=Decimal("9.00"),
    )
    OrderLineFactory.create(
        order=order,
        product__sku="BOLT-8",
        product__name="Hex bolt",
        quantity=Decimal(2),
        list_price=Decimal("30.00"),
        unit_price=Decimal("28.00"),
        tax=Decimal("6.00"),
    )
    OrderLineFactory.create(
        order=order, product__sku="GLUE-1", product__name="Glue", list_price=Decimal("30.00"), tax=Decimal("3.00")
    )
    return order


@pytest.fixture
def sent(start: Start, run: Run, sandbox: Sandbox) -> Callable[[str], dict[str, Any]]:
    """Pay so much of the order; what the gateway was sent."""

    def sent(amount: str) -> dict[str, Any]:
        row = run(start(amount=amount))
        assert row.state == TransactionState.APPROVED
        [asked] = sandbox.asked("/transactions", reference=row.reference)
        body: dict[str, Any] = asked["sent"]
        return body

    return sent


def test_a_payment_of_the_whole_order_tells_the_gateway_every_line(sent: Callable[[str], dict[str, Any]]) -> None:
    body = sent("100.00")

    order = body["order"]
    assert Payment.objects.get().data_level == DataLevel.THREE
    assert (body["amount"], body["purchase_order_number"]) == ("10000", "PO-7")
    assert (order["amount"], order["tax_amount"], order["shipping_amount"]) == ("10000", "900", "500")
    assert order["discounts"] == [{"reference": "DISCOUNT", "amount": "400"}]
    assert order["items"] == [
        {
            "reference": "BOLT-8",
            "label": "Hex bolt",
            "description": "EA",
            "category": "31161500",
            "quantity": "2",
            "unit_amount": "3000",
            "tax_amount": "600",
            "total_amount": "6200",
        },
        {
            "reference": "GLUE-1",
            "label": "Glue",
            "description": "EA",
            "category": "31161500",
            "quantity": "1",
            "unit_amount": "3000",
            "tax_amount": "300",
            "total_amount": "3300",
        },
    ]


def test_a_payment_of_a_part_tells_the_gateway_of_no_goods(sent: Callable[[str], dict[str, Any]]) -> None:
    body = sent("60.00")

    assert Payment.objects.get().data_level == DataLevel.ONE
    assert (body["amount"], body["order"]["amount"]) == ("6000", "10000")
    assert not {"items", "tax_amount", "shipping_amount", "discounts"} & body["order"].keys()
    assert "purchase_order_number" not in body
