"""A house with staff: a clerk, an administrator, a stranger of another seller, and a browser that posts dialogs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from backoffice.groups import groups_ensure
from commerce.models import User
from oropay.gateway.port import Verdict
from oropay.models import Dispute, Payment, PaymentTransaction
from tests.factories import StaffFactory
from tests.invoices.house import House, house_build, payable_of
from tests.oropay.disputes.told import recorded

Opened = Callable[[User], Client]

CHARGED = [("charge", "100.00", "approved")]
"""The moves of `charged`."""


@pytest.fixture
def house(db: None) -> House:
    return house_build()


@pytest.fixture
def charged(house: House) -> Payment:
    """An invoice of 100.00, paid by card."""
    return house.paid(payable_of(house.posted("100.00")), amounts=["100.00"])


@pytest.fixture
def charge(house: House) -> PaymentTransaction:
    """100.00 that paid two invoices."""
    first, second = house.posted("60.00"), house.posted("40.00")
    payment = house.paid(payable_of(first), payable_of(second), amounts=["60.00", "40.00"])
    return payment.transactions.get()


@pytest.fixture
def held(house: House) -> Payment:
    """An order of 100.00, held on a card so long ago that the hold has lapsed."""
    house.hold_at_checkout()
    payment = house.pay(house.order("100.00").payable, amounts=["100.00"])
    house.says(payment, Verdict.APPROVED)
    return payment


@pytest.fixture
def dispute(house: House, charge: PaymentTransaction) -> Dispute:
    """A chargeback over 50.00 of the charge, which waits for our answer."""
    return recorded(house.integration.provider, charge)


@pytest.fixture
def clerk(house: House) -> User:
    """A finance clerk of the seller: captures and bills, gives nothing back."""
    return member(house, "Finance clerk")


@pytest.fixture
def administrator(house: House) -> User:
    return member(house, "Administrator")


@pytest.fixture
def stranger(house: House) -> User:
    """An administrator of another seller."""
    person: User = StaffFactory.create()
    person.groups.add(groups_ensure()["Administrator"])
    return person


def member(house: House, group: str) -> User:
    person: User = StaffFactory.create(organization=house.seller)
    person.groups.add(groups_ensure()[group])
    return person


@pytest.fixture
def opened() -> Opened:
    """A browser in which this person is logged in."""

    def opened(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return opened


def may(user: User, *names: str) -> User:
    """Give single permissions."""
    for name in names:
        app, codename = name.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return User.objects.get(pk=user.pk)


def dialog(client: Client, row: Any, action: str, **fields: Any) -> Any:
    """Send a row's dialog, as the browser does: what the form was opened with, and what the person typed."""
    return client.post(address(row, action), {"_form_submitted": "True", **fields})


def address(row: Any, action: str) -> str:
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_{action}"
    return reverse(name, args=[row.pk])


def page(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def newest(payment: Payment) -> int:
    return PaymentTransaction.objects.filter(payment=payment).latest("pk").pk


def moves(payment: Payment) -> list[tuple[str, str, str]]:
    """(action, amount, state) of every transaction, oldest first."""
    return [(row.action, f"{row.amount:.2f}", row.state) for row in payment.transactions.order_by("pk")]


def offered(client: Client, payment: Payment) -> set[str]:
    """The buttons on a payment's page."""
    content = client.get(page(payment)).content.decode()
    return {action for action in ("capture", "cancel", "refund") if f'hx-get="{address(payment, action)}"' in content}
