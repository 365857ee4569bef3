"""What the browser tests do again and again: open a shop, log in, fill a card, wait for money."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import FrameLocator, Page, expect

from commerce.drafts import AddressSnapshot
from commerce.models import Customer, Level, Organization, Permission, Product, User, Website
from config import processes
from config.parts import Place
from config.supervisor import Supervisor
from invoices.models import Invoice
from invoices.services import LineAsked, invoice_draft, invoice_post
from oropay.models import Environment, Integration, IntegrationLabel, PaymentAction
from oropay.services import integration_save, provider_provision
from tests.contract.sandbox import VISA, Sandbox
from tests.factories import (
    PASSWORD,
    AddressFactory,
    CategoryFactory,
    CustomerFactory,
    CustomerRoleFactory,
    CustomerUserFactory,
    OrganizationFactory,
    PriceFactory,
    PriceListAssignmentFactory,
    PriceListFactory,
    ProductFactory,
    StaffFactory,
    WebsiteFactory,
)

_numbers = count(1)


@dataclass(frozen=True)
class Seller:
    organization: Organization
    website: Website
    product: Product
    integration: Integration
    staff: User


@dataclass(frozen=True)
class Shop:
    """One company of the tests."""

    customer: Customer
    buyer: User
    colleague: User


@dataclass(frozen=True)
class House:
    place: Place
    seller: Seller
    stack: Supervisor

    @property
    def url(self) -> str:
        return f"http://localhost:{self.place.web_port}"

    @property
    def sandbox(self) -> Sandbox:
        root = self.place.sandbox_url
        return Sandbox(url=f"{root}/ucp", root=root, secret="open-sesame")

    def company(self) -> Shop:
        """A new company with two people who may buy and pay."""
        number = next(_numbers)
        customer = CustomerFactory.create(organization=self.seller.organization, name=f"Tools {number} Inc")
        role = CustomerRoleFactory.create(
            organization=self.seller.organization,
            name=f"Everything {number}",
            levels=dict.fromkeys(Permission, Level.CORPORATE),
        )
        buyer, colleague = (
            CustomerUserFactory.create(
                customer=customer, role=role, user__email=f"{name}{number}@tools.example", user__first_name=name.title()
            ).user
            for name in ("ann", "bob")
        )
        AddressFactory.create(customer=customer, is_default_billing=True, is_default_shipping=True)
        return Shop(customer=customer, buyer=buyer, colleague=colleague)

    def invoice(self, shop: Shop, amount: str = "250.00") -> Invoice:
        """A posted invoice of one line."""
        now = timezone.now()
        draft = invoice_draft(
            customer=shop.customer,
            website=self.seller.website,
            lines=[LineAsked(name="Service", quantity=Decimal(1), unit_price=Decimal(amount))],
            bill_to=AddressSnapshot(company=shop.customer.name, line_1="1 Main Street", city="Austin", country="US"),
            by=self.seller.staff,
            now=now - timedelta(days=1),
        )
        return invoice_post(invoice=draft, by=self.seller.staff, now=now)

    def log_in(self, page: Page, email: str) -> None:
        page.goto(f"{self.url}{reverse('account_login')}")
        page.locator("input[name=login]").fill(email)
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("form button[type=submit], form button:not([type])").last.click()
        page.wait_for_url(lambda address: reverse("account_login") not in address)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is true in the database; fails after a while."""
        assert processes.wait_until(condition, seconds=40)

    def wait_for(self, page: Page, *states: str) -> None:
        """Wait until the Paying page says one of these; nothing is timed."""
        wanted = ", ".join(f'#paying-state[data-state="{state}"]' for state in states)
        expect(page.locator(wanted)).to_be_visible(timeout=40_000)


def shop_open(*, service_url: str) -> Seller:
    """The seller, its website at localhost, a product with a price, and the way to pay."""
    organization = OrganizationFactory.create(name="Browser Supply", code="browser")
    website = WebsiteFactory.create(
        organization=organization, domain="localhost", name="Browser Supply", is_default=True
    )
    category = CategoryFactory.create(organization=organization, name="Fasteners", slug="fasteners")
    product = ProductFactory.create(organization=organization, name="Hex bolt M8", slug="hex-bolt", category=category)
    prices = PriceListFactory.create(organization=organization)
    PriceListAssignmentFactory.create(price_list=prices, website=website)
    PriceFactory.create(product=product, price_list=prices, amount=Decimal("100.00"))
    account = provider_provision(
        organization=organization,
        name="Sandbox",
        app_id="contract-app",
        app_key="contract-key",
        service_url=service_url,
        environment=Environment.SANDBOX,
        settlement_currency="USD",
    )
    integration = integration_save(
        integration=Integration(
            organization=organization,
            name="OroPay",
            provider_account=account,
            payment_action=PaymentAction.AUTOMATIC,
            echeck=True,
            currencies=["USD"],
        )
    )
    IntegrationLabel.objects.create(integration=integration, label="Card or bank account", short_label="OroPay")
    staff = StaffFactory.create(organization=organization, email="staff@browser.example", is_superuser=True)
    return Seller(organization, website, product, integration, staff)


def field(page: Page, name: str) -> FrameLocator:
    """One hosted field: an iframe of the gateway's origin."""
    return page.frame_locator(f'[data-field="{name}"] iframe')


def fill_card(page: Page, number: str = VISA) -> None:
    """Type a card into the gateway's own fields, as a buyer does."""
    expect(page.locator("[data-card-fields]").first).to_be_visible(timeout=20_000)
    values: dict[str, Any] = {
        "card-number": number,
        "card-expiration": "12 / 2030",
        "card-cvv": "123",
        "card-holder-name": "Ann Lee",
    }
    for name, value in values.items():
        field(page, name).locator("input").fill(value)


def press_pay(page: Page) -> None:
    """The button of the card form is the gateway's, in its own frame; other ways have ours."""
    hosted = page.locator('[data-field="submit"]:visible iframe')
    if hosted.count():
        field(page, "submit").locator("button").click()
    else:
        page.locator("[data-pay-button]").click()
