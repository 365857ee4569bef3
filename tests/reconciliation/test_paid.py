"""What an order's page shows of its payments: one that was declined, and one that the gateway has paid out."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from backoffice.records import Table
from commerce.models import Customer, User
from oropay.models import Payable, PaymentTransaction, ProviderAccount, TransactionState
from oropay.services import NewCard
from reconciliation.services import Pulled
from tests.accounts import sandbox_account
from tests.contract.conftest import sandbox  # noqa: F401  (a fixture)
from tests.contract.sandbox import DECLINED_VISA, VISA, Sandbox
from tests.reconciliation.conftest import WEDNESDAY, Clock


@pytest.fixture
def account(customer: Customer, sandbox: Sandbox) -> ProviderAccount:  # noqa: F811
    """The real adapter, the gateway on this machine."""
    return sandbox_account(organization=customer.organization, url=sandbox.url)


@pytest.fixture
def shown(client: Client, clerk: User) -> Callable[[Payable], list[list[str]]]:
    """The cells of an order's table of payments, as a clerk reads them."""
    names = ("view_order", "view_payment")
    clerk.user_permissions.add(*Permission.objects.filter(codename__in=names))
    client.force_login(clerk)

    def shown(payable: Payable) -> list[list[str]]:
        page = client.get(reverse("admin:commerce_order_change", args=[payable.order_id]))
        [table] = [one for one in page.context["sections"] if isinstance(one, Table) and one.title == "Payments"]
        return [[read(cell) for cell in row] for row in (table.headers, *table.rows)]

    return shown


def read(cell: Any) -> str:
    return strip_tags(str(cell).replace("<br>", " · "))


def test_a_settled_charge_shows_day_and_fee_and_a_decline_shows_why(
    pay: Callable[..., PaymentTransaction],
    owed: Callable[[str], Payable],
    pull: Callable[..., Pulled],
    shown: Callable[[Payable], list[list[str]]],
    sandbox: Sandbox,  # noqa: F811
    clock: Clock,
    buyer: User,
) -> None:
    sandbox.control("/reset", {})
    payable = owed("100.00")
    declined, charge = (
        pay(
            "100.00",
            source=NewCard(token=sandbox.card_token(number), brand="visa", last4=number[-4:]),
            payable=payable,
        )
        for number in (DECLINED_VISA, VISA)
    )
    assert [row.state for row in (declined, charge)] == [TransactionState.DECLINED, TransactionState.APPROVED]
    sandbox.control("/settlement/run", {"date": WEDNESDAY.isoformat()})
    before = shown(payable)
    clock.set(WEDNESDAY)
    pull()

    headers, *rows = shown(payable)

    assert headers == [
        "Payment",
        "Type",
        "Amount",
        "State",
        "Method",
        "Date",
        "Answer",
        "Settled",
        "By",
        "Gateway reference",
    ]
    assert rows == [
        [
            f"#{declined.payment_id}",
            "Charge",
            "$100.00",
            "Declined",
            "Visa ···· 1154",
            "16 Nov 2026, 12:00:00",
            "The bank declined without a reason. (101) · [ test system ] DECLINED",
            "–",
            str(buyer),
            ends_of(declined.gateway_id),
        ],
        [
            f"#{charge.payment_id}",
            "Charge",
            "$100.00",
            "Approved",
            "Visa ···· 5262",
            "16 Nov 2026, 12:00:00",
            "[ test system ] AUTHORISED · 00",
            "18 Nov 2026, 12:00:00 · fee $3.20",  # 2.9 % and 0.30
            str(buyer),
            ends_of(charge.gateway_id),
        ],
    ]
    assert [row[7] for row in before] == ["Settled", "–", "–"]


def ends_of(gateway_id: str) -> str:
    return f"{gateway_id[:4]}…{gateway_id[-4:]}"
