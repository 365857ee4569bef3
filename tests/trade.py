"""Many orders at once, for benchmarks and storms: a seller, companies, and what they owe."""

from dataclasses import dataclass

from commerce.models import Customer, Order, OrderLine, User, Website
from oropay.models import Environment, Integration, IntegrationLabel, Payable, PayableKind, PaymentAction
from oropay.services import integration_save, provider_provision
from tests.contract.sandbox import Sandbox
from tests.factories import CustomerFactory, OrderFactory, OrderLineFactory, UserFactory, WebsiteFactory


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
    account = provider_provision(
        organization=website.organization,
        name="Sandbox",
        app_id="contract-app",
        app_key="contract-key",
        service_url=sandbox.url,
        environment=Environment.SANDBOX,
        settlement_currency="USD",
    )
    ways = {
        action: integration_save(
            integration=Integration(
                organization=website.organization,
                name=str(action.label),
                provider_account=account,
                payment_action=action,
                echeck=action == PaymentAction.AUTOMATIC,
                currencies=["USD"],
            )
        )
        for action in PaymentAction
    }
    for way in ways.values():
        IntegrationLabel.objects.create(integration=way, label="Card", short_label="Card")
    return Seller(website, automatic=ways[PaymentAction.AUTOMATIC], manual=ways[PaymentAction.MANUAL])


def company_open(seller: Seller, *, orders: int) -> Company:
    """A company with two buyers and so many orders of 100.00 that await payment."""
    customer = CustomerFactory.create(organization=seller.website.organization)
    buyers = UserFactory.create(), UserFactory.create()
    written = Order.objects.bulk_create(
        OrderFactory.build_batch(orders, customer=customer, website=seller.website, placed_by=buyers[0])
    )
    line = {"position": 1, "product": None, "sku": "BOLT", "name": "Bolt", "unit": "each", "commodity_code": ""}
    OrderLine.objects.bulk_create([OrderLineFactory.build(order=order, **line) for order in written])
    payables = Payable.objects.bulk_create(
        Payable(
            kind=PayableKind.ORDER,
            organization=seller.website.organization,
            customer=customer,
            currency=order.currency,
            number=order.number,
            total=order.total,
            order=order,
        )
        for order in written
    )
    return Company(customer, buyers, payables)
