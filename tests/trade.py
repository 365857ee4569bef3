"""Many debts at once, for benchmarks and storms: a seller, companies, and what they owe."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone

from commerce.drafts import AddressSnapshot
from commerce.models import Customer, Order, OrderLine, User, Website
from invoices.services import LineAsked, invoice_draft, invoice_post
from oropay.models import (
    Environment,
    Integration,
    IntegrationLabel,
    Payable,
    PayableKind,
    PaymentAction,
    ProviderAccount,
)
from oropay.services import integration_save, provider_provision
from tests.contract.sandbox import Sandbox
from tests.factories import CustomerFactory, OrderFactory, OrderLineFactory, UserFactory, WebsiteFactory

TOTAL = Decimal("100.00")
"""Of every order and invoice."""


@dataclass(frozen=True)
class Seller:
    """A website and its ways to pay: money taken at once, and money held first."""

    website: Website
    automatic: Integration
    manual: Integration


@dataclass(frozen=True)
class Company:
    customer: Customer
    buyers: tuple[User, User]
    """Two colleagues; the first placed every order."""
    payables: list[Payable]


def seller_open(sandbox: Sandbox) -> Seller:
    """A seller with an account at this gateway."""
    website = WebsiteFactory.create()
    account = account_open(sandbox, website=website, name="Sandbox", currency="USD")
    return Seller(
        website,
        automatic=way_open(account, name=str(PaymentAction.AUTOMATIC.label), echeck=True),
        manual=way_open(account, name=str(PaymentAction.MANUAL.label), payment_action=PaymentAction.MANUAL),
    )


def account_open(sandbox: Sandbox, *, website: Website, name: str, currency: str) -> ProviderAccount:
    return provider_provision(
        organization=website.organization,
        name=name,
        app_id="contract-app",
        app_key="contract-key",
        service_url=sandbox.url,
        environment=Environment.SANDBOX,
        settlement_currency=currency,
    )


def way_open(account: ProviderAccount, *, name: str, **more: Any) -> Integration:
    """One more way to pay; automatic unless told."""
    way = integration_save(
        integration=Integration(
            organization=account.organization,
            name=name,
            provider_account=account,
            currencies=[account.settlement_currency],
            **{"payment_action": PaymentAction.AUTOMATIC, **more},
        )
    )
    IntegrationLabel.objects.create(integration=way, label="Card", short_label="Card")
    return way


def company_open(seller: Seller, *, orders: int = 0) -> Company:
    """A company with two buyers and so many orders that await payment."""
    customer = CustomerFactory.create(organization=seller.website.organization)
    company = Company(customer, (UserFactory.create(), UserFactory.create()), payables=[])
    company.payables.extend(orders_open(seller, company, count=orders))
    return company


def orders_open(seller: Seller, company: Company, *, count: int, currency: str = "USD") -> list[Payable]:
    """So many orders that await payment."""
    written = Order.objects.bulk_create(
        OrderFactory.build_batch(
            count,
            customer=company.customer,
            website=seller.website,
            placed_by=company.buyers[0],
            currency=currency,
            subtotal=TOTAL,
        )
    )
    line = {"position": 1, "product": None, "sku": "BOLT", "name": "Bolt", "unit": "each", "commodity_code": ""}
    OrderLine.objects.bulk_create([OrderLineFactory.build(order=order, **line) for order in written])
    return Payable.objects.bulk_create(
        Payable(
            kind=PayableKind.ORDER,
            organization=seller.website.organization,
            customer=company.customer,
            currency=order.currency,
            number=order.number,
            total=order.total,
            order=order,
        )
        for order in written
    )


def invoices_open(seller: Seller, company: Company, *, count: int, by: User) -> list[Payable]:
    """So many posted invoices."""
    return [_invoice(seller, company, by=by) for _ in range(count)]


def _invoice(seller: Seller, company: Company, *, by: User) -> Payable:
    draft = invoice_draft(
        website=seller.website,
        customer=company.customer,
        lines=[LineAsked(name="Bolts", quantity=Decimal(1), unit_price=TOTAL)],
        bill_to=AddressSnapshot(company=company.customer.name),
        by=by,
        now=timezone.now(),
    )
    payable = invoice_post(invoice=draft, by=by, now=timezone.now(), mail=False).payable
    assert payable is not None
    return payable
