"""Requests the tests send: small, complete and valid; each test changes what it is about."""

import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

from moneyed import Money

from oropay.gateway.globalpayments.adapter import GlobalPaymentsGateway
from oropay.gateway.port import (
    BankAccount,
    CardToken,
    FollowUpRequest,
    OrderData,
    OrderItem,
    Payer,
    PostalAddress,
    SaleRequest,
)

GatewayAt = Callable[..., GlobalPaymentsGateway]
"""The fixture: `gateway_at(url, read_timeout=…)`."""

BOLTS = OrderItem(
    reference="BOLT-M8",
    label="Bolt M8",
    quantity=Decimal("10.000"),
    unit="box",
    unit_amount=Decimal("2.00"),
    discount=Decimal("1.00"),
    tax=Decimal("1.90"),
    total=Decimal("20.90"),
    commodity_code="31161500",
)
SHIP_TO = PostalAddress(
    name="Ann Lee",
    company="North Tools",
    line_1="1 Dock Road",
    line_2="Gate 4",
    city="Austin",
    region="TX",
    postal_code="78701",
    country="US",
    phone="+1 (512) 555-0100",
)
ORDER = OrderData(
    reference="SO-1001",
    description="Order SO-1001",
    currency="USD",
    total=Decimal("25.90"),
    tax=Decimal("1.90"),
    shipping=Decimal("5.00"),
    discount=Decimal("1.00"),
    po_number="PO-77",
    items=(BOLTS,),
    billing_address=replace(SHIP_TO, line_1="9 Bank Street", line_2="", phone=""),
    shipping_address=SHIP_TO,
    payer=Payer(
        reference="customer-7",
        first_name="Ann",
        last_name="Lee",
        company="North Tools",
        email="ann@north.example",
        phone="+1 512 555 0199",
    ),
    ip_address="192.0.2.7",
)
BARE_ORDER = OrderData(reference="SO-1", description="Order SO-1", currency="USD", total=Decimal("19.99"))
ACCOUNT = BankAccount(
    account_number="1357902468",
    routing_number="122000030",
    account_type="CHECKING",
    holder_type="BUSINESS",
    holder_name="North Tools LLC",
    sec_code="CCD",
    bank_name="First Union",
)


def unique_reference() -> str:
    return f"contract-{uuid4().hex}"


def sale(amount: str = "19.99", currency: str = "USD", **changes: Any) -> SaleRequest:
    request = SaleRequest(
        reference=unique_reference(),
        idempotency_key=str(uuid4()),
        amount=Money(amount, currency),
        source=CardToken(token="PMT_single"),
        order=BARE_ORDER,
        send_before=time.monotonic() + 10,
    )
    return replace(request, **changes)


def follow_up(gateway_id: str, amount: str | None = None, **changes: Any) -> FollowUpRequest:
    request = FollowUpRequest(
        gateway_id=gateway_id,
        idempotency_key=str(uuid4()),
        send_before=time.monotonic() + 10,
        amount=None if amount is None else Money(amount, "USD"),
    )
    return replace(request, **changes)
