"""A seller with an account at the stand-in gateway, payments that go the real way, and its books."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from pytest_django import Settings

from commerce.models import Customer, User, Website
from ledger.models import AccountName
from ledger.selectors import balance
from oropay import engine
from oropay.gateway.port import Verdict
from oropay.models import (
    Environment,
    Integration,
    Payable,
    PayableKind,
    PaymentAction,
    PaymentTransaction,
    ProviderAccount,
)
from oropay.services import (
    BankDetails,
    MandateGiven,
    NewBank,
    NewCard,
    PartAsked,
    PaymentAsked,
    integration_save,
    payable_open,
    payment_start,
    provider_provision,
)
from reconciliation.services import Pulled, settlement_pull
from reconciliation.services.pull import days_back
from tests.factories import (
    CustomerFactory,
    OrderFactory,
    OrderLineFactory,
    OrganizationFactory,
    StaffFactory,
    UserFactory,
    WebsiteFactory,
)
from tests.reconciliation.standin import KIND, PATH, Reports, StandIn

MONDAY = datetime(2026, 11, 16, 12, tzinfo=ZoneInfo("America/New_York"))
"""Noon in New York, ten days before Thanksgiving."""
WEDNESDAY = date(2026, 11, 18)
"""Two banking days later: when card money of MONDAY is due."""


class Clock:
    """The one thing here that is not real."""

    moment = MONDAY

    def set(self, day: date) -> datetime:
        """Move to noon of a day in New York."""
        self.moment = datetime.combine(day, MONDAY.timetz())
        return self.moment


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """It is MONDAY until a test says otherwise."""
    clock = Clock()
    monkeypatch.setattr(timezone, "now", lambda: clock.moment)
    return clock


@pytest.fixture(autouse=True)
def gateway(settings: Settings) -> Iterator[Reports]:
    """What the stand-in will report; empty for every test."""
    settings.GATEWAYS = {**settings.GATEWAYS, KIND: PATH}
    StandIn.forget()
    yield StandIn.reports
    StandIn.forget()


@pytest.fixture
def customer(db: None) -> Customer:
    organization = OrganizationFactory.create()
    customer: Customer = CustomerFactory.create(organization=organization, name="Acme Bolts")
    return customer


@pytest.fixture
def website(customer: Customer) -> Website:
    website: Website = WebsiteFactory.create(organization=customer.organization)
    return website


@pytest.fixture
def buyer(db: None) -> User:
    buyer: User = UserFactory.create()
    return buyer


@pytest.fixture
def clerk(customer: Customer) -> User:
    clerk: User = StaffFactory.create(organization=customer.organization)
    return clerk


@pytest.fixture
def account(customer: Customer) -> ProviderAccount:
    return provider_provision(
        organization=customer.organization,
        name="Stand-in",
        app_id="app",
        app_key="key",
        service_url="https://gateway.example.test/ucp",
        environment=Environment.SANDBOX,
        settlement_currency="USD",
        kind=KIND,
    )


@pytest.fixture
def integration(account: ProviderAccount) -> Integration:
    return integration_save(
        integration=Integration(
            organization=account.organization,
            name="OroPay",
            provider_account=account,
            payment_action=PaymentAction.AUTOMATIC,
            echeck=True,
            currencies=["USD"],
        )
    )


CARD = NewCard(token="PMT_1", last4="5262")
BANK = NewBank(
    details=BankDetails(
        account_number="1357902468",
        routing_number="122000030",
        account_type="CHECKING",
        holder_type="BUSINESS",
        holder_name="Acme Bolts",
    ),
    mandate=MandateGiven(text="I authorise it.", text_version="v1", amount_rule="exactly this amount"),
)


@pytest.fixture
def owed(customer: Customer, website: Website, buyer: User) -> Callable[[str], Payable]:
    """An order of so much that awaits its payment."""

    def owed(amount: str) -> Payable:
        order = OrderFactory.create(
            customer=customer, website=website, placed_by=buyer, currency="USD", subtotal=Decimal(amount)
        )
        OrderLineFactory.create(order=order, list_price=Decimal(amount))
        return payable_open(
            kind=PayableKind.ORDER,
            organization=customer.organization,
            customer=customer,
            currency="USD",
            number=order.number,
            total=order.total,
            order=order,
        )

    return owed


@pytest.fixture
def pay(
    owed: Callable[[str], Payable], integration: Integration, website: Website, buyer: User
) -> Callable[..., PaymentTransaction]:
    """Pay an order of so much at once, by card unless `source=BANK`, and let the worker send it; a new order unless one
    is given.
    """

    def pay(amount: str, *, source: Any = CARD, payable: Payable | None = None) -> PaymentTransaction:
        payable = payable or owed(amount)
        payment = payment_start(
            asked=PaymentAsked(
                parts=[PartAsked(payable_id=payable.pk, amount=payable.total)],
                integration_id=integration.pk,
                source=source,
                attempt_key=uuid.uuid4(),
            ),
            by=buyer,
            website=website,
            now=timezone.now(),
        )
        return send(payment.transactions.get())

    return pay


def send(row: PaymentTransaction) -> PaymentTransaction:
    """Let a worker send a queued transaction now."""
    engine.execute(transaction_id=row.pk, now=timezone.now())
    return PaymentTransaction.objects.select_related("payment__organization").get(pk=row.pk)


def fund(row: PaymentTransaction) -> None:
    """The bank confirmed a debit: from now on the gateway shows it as funded."""
    StandIn.known[row.gateway_id] = replace(StandIn.known[row.gateway_id], verdict=Verdict.APPROVED, status="FUNDED")


@pytest.fixture
def pull(account: ProviderAccount) -> Callable[..., Pulled]:
    """Read the reports of the last seven days."""

    def pull(*, days: int = 7) -> Pulled:
        since, until = days_back(days, now=timezone.now())
        return settlement_pull(provider_account=account, since=since, until=until, now=timezone.now())

    return pull


@pytest.fixture
def books(customer: Customer) -> Callable[[AccountName], Decimal]:
    """The balance of one account of the seller, debit positive."""

    def books(name: AccountName) -> Decimal:
        return balance(organization_id=customer.organization_id, name=name, currency="USD")

    return books
