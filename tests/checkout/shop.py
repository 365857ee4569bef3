"""A small shop to order from: two products, one company, one buyer, one way to pay by card and bank, one on terms."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from checkout.models import Checkout, ShoppingList
from checkout.selectors import FLAT_RATE
from checkout.services import (
    checkout_addresses_set,
    checkout_payment_set,
    checkout_shipping_set,
    checkout_start,
    list_add,
    order_place,
)
from commerce.models import Address, Customer, Level, Order, Organization, Permission, Product, User, Website
from oropay.models import (
    Environment,
    Instrument,
    InstrumentKind,
    InstrumentState,
    Integration,
    IntegrationLabel,
    IntegrationType,
    Payment,
    PaymentAction,
    ProviderAccount,
)
from oropay.services import NewCard, PartAsked, PaymentAsked, integration_save, payment_start, provider_provision
from tests.factories import (
    AddressFactory,
    CategoryFactory,
    CustomerFactory,
    CustomerRoleFactory,
    CustomerUserFactory,
    OrganizationFactory,
    PaymentTermFactory,
    PriceFactory,
    PriceListAssignmentFactory,
    PriceListFactory,
    ProductFactory,
    UserFactory,
    WebsiteFactory,
)

EVERYTHING = dict.fromkeys(Permission, Level.DEPARTMENT)


@dataclass
class Shop:
    """Bolts at 10.00 (9.00 from 10 on) and glue at 4.50; 10 % tax; delivery is 5.00."""

    service_url: str = "http://127.0.0.1:9/ucp"
    """Nobody listens at the default: tests that send a payment pass the sandbox's address."""
    app: tuple[str, str] = ("contract-app", "contract-key")
    organization: Organization = field(init=False)
    website: Website = field(init=False)
    customer: Customer = field(init=False)
    buyer: User = field(init=False)
    bolt: Product = field(init=False)
    glue: Product = field(init=False)
    billing: Address = field(init=False)
    shipping: Address = field(init=False)
    integration: Integration = field(init=False)
    terms: Integration = field(init=False)
    account: ProviderAccount = field(init=False)

    def __post_init__(self) -> None:
        self.organization = OrganizationFactory.create(legal_name="Seller, Inc.", email="seller@example.test")
        self.website = WebsiteFactory.create(
            organization=self.organization,
            domain="testserver",
            is_default=True,
            tax_rate=Decimal("0.10"),
            shipping_flat_rate=Decimal("5.00"),
        )
        self.customer = CustomerFactory.create(organization=self.organization, name="Acme")
        self.buyer = self.person(self.customer)
        self.billing = AddressFactory.create(customer=self.customer, is_default_billing=True)
        self.shipping = AddressFactory.create(customer=self.customer, is_default_shipping=True, line_1="2 Dock Road")
        shelf = CategoryFactory.create(organization=self.organization, name="Hardware", slug="hardware")
        prices = PriceListFactory.create(organization=self.organization)
        PriceListAssignmentFactory.create(price_list=prices, website=self.website)
        self.bolt = ProductFactory.create(
            organization=self.organization, sku="BOLT-8", name="Hex bolt", slug="hex-bolt", category=shelf
        )
        self.glue = ProductFactory.create(organization=self.organization, sku="GLUE-1", name="Glue", slug="glue")
        PriceFactory.create(product=self.bolt, price_list=prices, amount=Decimal("10.00"))
        PriceFactory.create(product=self.bolt, price_list=prices, amount=Decimal("9.00"), min_quantity=10)
        PriceFactory.create(product=self.glue, price_list=prices, amount=Decimal("4.50"))
        self.account = provider_provision(
            organization=self.organization,
            name="Sandbox",
            app_id=self.app[0],
            app_key=self.app[1],
            service_url=self.service_url,
            environment=Environment.SANDBOX,
            settlement_currency="USD",
        )
        self.integration = self._integration(
            name="OroPay",
            label="Card",
            provider_account=self.account,
            payment_action=PaymentAction.AUTOMATIC,
            echeck=True,
        )
        self.terms = self._integration(name="Terms", label="Pay by invoice", type=IntegrationType.PAYMENT_TERMS)

    def _integration(self, *, label: str, **columns: object) -> Integration:
        made = integration_save(integration=Integration(organization=self.organization, currencies=["USD"], **columns))
        IntegrationLabel.objects.create(integration=made, label=label, short_label=label)
        return made

    def person(self, customer: Customer, levels: dict[Permission, Level] | None = None) -> User:
        """Somebody with a seat in a company, by default at department level for everything."""
        role = CustomerRoleFactory.create(
            organization=customer.organization, levels=EVERYTHING if levels is None else levels
        )
        user: User = UserFactory.create()
        CustomerUserFactory.create(user=user, customer=customer, role=role)
        return user

    def saved_card(self, **columns: Any) -> Instrument:
        """The buyer's own saved card; say what differs."""
        return Instrument.objects.create(
            **{
                "kind": InstrumentKind.CARD,
                "state": InstrumentState.ACTIVE,
                "customer": self.customer,
                "owner": self.buyer,
                "provider_account": self.account,
                "token": "PMT_kept",
                "brand": "VISA",
                "last4": "5262",
                "expiry_month": 12,
                "expiry_year": 2030,
                "holder_name": "Robin Person",
            }
            | columns
        )

    def on_terms(self) -> None:
        """Let the company buy on payment terms."""
        self.customer.payment_term = PaymentTermFactory.create(organization=self.organization, name="Net 30")
        self.customer.save()

    def put(self, product: Product, quantity: str = "1", *, user: User | None = None) -> ShoppingList:
        """Put a product on a person's list."""
        return list_add(
            user=user or self.buyer,
            customer=self.customer,
            website=self.website,
            product=product,
            quantity=Decimal(quantity),
            now=timezone.now(),
        ).shopping_list

    def checkout(self, *, bolts: str = "10", choice: str = "") -> Checkout:
        """A checkout of ten bolts (99.00 with tax, 104.00 with delivery) that stands at the review step."""
        begun = checkout_start(shopping_list=self.put(self.bolt, bolts), by=self.buyer, now=timezone.now())
        checkout_addresses_set(checkout=begun, billing=self.billing, shipping=self.shipping)
        checkout_shipping_set(checkout=begun, method=FLAT_RATE)
        checkout_payment_set(
            checkout=begun, choice=choice or f"card:{self.integration.pk}", po_number="PO-7", notes="Ring twice"
        )
        return Checkout.objects.get(pk=begun.pk)

    def place(
        self, checkout: Checkout, *, total: str = "104.00", terms: bool = False, now: datetime | None = None
    ) -> Order:
        return order_place(
            checkout=checkout,
            expected_total=Decimal(total),
            by=self.buyer,
            now=now or timezone.now(),
            terms_integration_id=self.terms.pk if terms else None,
        )

    def pay(self, order: Order, *, card: str = "PMT_test", key: uuid.UUID | None = None, keep: bool = False) -> Payment:
        """Start a payment of all that is owed on an order by a card's token; nothing is sent yet."""
        return payment_start(
            asked=PaymentAsked(
                parts=[PartAsked(payable_id=order.payable.pk, amount=order.total)],
                integration_id=self.integration.pk,
                source=NewCard(token=card, brand="visa", last4="5262", expiry_month=12, expiry_year=2030, keep=keep),
                attempt_key=key or uuid.uuid4(),
            ),
            by=self.buyer,
            website=self.website,
            now=timezone.now(),
        )
