"""Rows for tests: valid, minimal, and of one organization as long as you pass the nearest thing you care about.

A row takes its organization from its customer (or its product), so `OrderFactory(customer=acme)` is whole by itself.
Rooms above keep factories for their own tables in `tests/<room>/factories.py`.
"""

# mypy: allow-untyped-calls
# (factory-boy's declarations carry no annotations)

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from factory.declarations import LazyAttribute, Maybe, SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory
from factory.helpers import post_generation

from commerce.models import (
    Address,
    Category,
    Customer,
    CustomerGroup,
    CustomerRole,
    CustomerUser,
    Level,
    Order,
    OrderLine,
    OrderState,
    Organization,
    PaymentTerm,
    Permission,
    Price,
    PriceList,
    PriceListAssignment,
    Product,
    ProductUnit,
    RolePermission,
    User,
    Website,
)

NOON = datetime(2026, 11, 16, 17, 0, tzinfo=UTC)
"""A Monday, noon in New York: the moment tests happen unless they say otherwise."""

PASSWORD = "correct horse battery staple"
"""What every `UserFactory` person logs in with."""


class OrganizationFactory(DjangoModelFactory[Organization]):
    class Meta:
        model = Organization

    code = Sequence(lambda n: f"seller-{n}")
    name = Sequence(lambda n: f"Seller {n}")


class WebsiteFactory(DjangoModelFactory[Website]):
    class Meta:
        model = Website

    organization = SubFactory(OrganizationFactory)
    code = Sequence(lambda n: f"site-{n}")
    name = Sequence(lambda n: f"Site {n}")
    domain = Sequence(lambda n: f"site-{n}.example.test")


class PaymentTermFactory(DjangoModelFactory[PaymentTerm]):
    class Meta:
        model = PaymentTerm

    organization = SubFactory(OrganizationFactory)
    name = Sequence(lambda n: f"Net 30 ({n})")
    days = 30


class CustomerGroupFactory(DjangoModelFactory[CustomerGroup]):
    class Meta:
        model = CustomerGroup

    organization = SubFactory(OrganizationFactory)
    name = Sequence(lambda n: f"Group {n}")


class CustomerFactory(DjangoModelFactory[Customer]):
    """A company; with `parent` it belongs to the parent's organization."""

    class Meta:
        model = Customer

    organization = Maybe("parent", SelfAttribute("parent.organization"), SubFactory(OrganizationFactory))
    parent = None
    name = Sequence(lambda n: f"Company {n}")

    @classmethod
    def _create(cls, model_class: type[Customer], *args: Any, **kwargs: Any) -> Customer:
        customer: Customer = super()._create(model_class, *args, **kwargs)
        customer.refresh_from_db(fields=["path"])
        return customer


class UserFactory(DjangoModelFactory[User]):
    """A buyer without seats."""

    class Meta:
        model = User

    email = Sequence(lambda n: f"person-{n}@example.test")
    first_name = "Robin"
    last_name = Sequence(lambda n: f"Person {n}")

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        kwargs.setdefault("password", PASSWORD)
        return model_class.objects.create_user(*args, **kwargs)


class StaffFactory(UserFactory):
    """A person of the back-office, of one organization, without special permissions."""

    is_staff = True
    organization = SubFactory(OrganizationFactory)


class CustomerRoleFactory(DjangoModelFactory[CustomerRole]):
    """A role; `levels={Permission.VIEW_ORDER: Level.OWN}` says what it may, nothing by default."""

    class Meta:
        model = CustomerRole
        skip_postgeneration_save = True

    organization = SubFactory(OrganizationFactory)
    name = Sequence(lambda n: f"Role {n}")

    @post_generation
    def levels(self: CustomerRole, create: bool, levels: Mapping[Permission, Level] | None, **_: Any) -> None:
        if create and levels:
            RolePermission.objects.bulk_create(
                RolePermission(role=self, permission=permission, level=level) for permission, level in levels.items()
            )


class CustomerUserFactory(DjangoModelFactory[CustomerUser]):
    """A seat; `role__levels={…}` says what it may."""

    class Meta:
        model = CustomerUser

    user = SubFactory(UserFactory)
    customer = SubFactory(CustomerFactory)
    role = SubFactory(CustomerRoleFactory, organization=SelfAttribute("..customer.organization"))


class AddressFactory(DjangoModelFactory[Address]):
    class Meta:
        model = Address

    customer = SubFactory(CustomerFactory)
    company = SelfAttribute("customer.name")
    name = "Robin Person"
    line_1 = "1 Main Street"
    city = "Springfield"
    region = "IL"
    postal_code = "62701"
    country = "US"
    phone = "+1 217 555 0100"


class CategoryFactory(DjangoModelFactory[Category]):
    class Meta:
        model = Category

    organization = SubFactory(OrganizationFactory)
    name = Sequence(lambda n: f"Category {n}")
    slug = Sequence(lambda n: f"category-{n}")


class ProductUnitFactory(DjangoModelFactory[ProductUnit]):
    class Meta:
        model = ProductUnit
        django_get_or_create = ("organization", "code")

    organization = SubFactory(OrganizationFactory)
    code = "each"
    name = "Each"


class ProductFactory(DjangoModelFactory[Product]):
    class Meta:
        model = Product

    organization = SubFactory(OrganizationFactory)
    sku = Sequence(lambda n: f"SKU-{n:04d}")
    name = Sequence(lambda n: f"Product {n}")
    slug = Sequence(lambda n: f"product-{n}")
    unit = SubFactory(ProductUnitFactory, organization=SelfAttribute("..organization"))
    commodity_code = "31161500"


class PriceListFactory(DjangoModelFactory[PriceList]):
    class Meta:
        model = PriceList

    organization = SubFactory(OrganizationFactory)
    name = Sequence(lambda n: f"Price list {n}")
    currency = "USD"


class PriceListAssignmentFactory(DjangoModelFactory[PriceListAssignment]):
    """Pass exactly one of `website`, `group`, `customer`, and the `price_list`."""

    class Meta:
        model = PriceListAssignment

    price_list = SubFactory(PriceListFactory)


class PriceFactory(DjangoModelFactory[Price]):
    class Meta:
        model = Price

    product = SubFactory(ProductFactory)
    price_list = SubFactory(PriceListFactory, organization=SelfAttribute("..product.organization"))
    unit = SelfAttribute("product.unit")
    min_quantity = Decimal(1)
    amount = Decimal("10.00")


class OrderFactory(DjangoModelFactory[Order]):
    """An order of 100.00 that awaits its payment; `state=OrderState.OPEN` gives a placed one. Lines are extra."""

    class Meta:
        model = Order

    customer = SubFactory(CustomerFactory)
    organization = SelfAttribute("customer.organization")
    website = SubFactory(WebsiteFactory, organization=SelfAttribute("..organization"))
    placed_by = SubFactory(UserFactory)
    number = Sequence(lambda n: f"O-{100001 + n}")
    state = OrderState.AWAITING_PAYMENT
    currency = SelfAttribute("website.currency")
    subtotal = Decimal("100.00")
    discount = Decimal("0.00")
    shipping = Decimal("0.00")
    tax = Decimal("0.00")
    total = LazyAttribute(lambda order: order.subtotal - order.discount + order.shipping + order.tax)
    created_at = NOON
    placed_at = LazyAttribute(
        lambda order: order.created_at if order.state in {OrderState.OPEN, OrderState.CLOSED} else None
    )


class OrderLineFactory(DjangoModelFactory[OrderLine]):
    """One unit at 100.00, no discount, no tax, unless you say otherwise; amounts follow from what you pass."""

    class Meta:
        model = OrderLine

    order = SubFactory(OrderFactory)
    position = LazyAttribute(lambda line: line.order.lines.count() + 1)
    product = SubFactory(ProductFactory, organization=SelfAttribute("..order.organization"))
    sku = SelfAttribute("product.sku")
    name = SelfAttribute("product.name")
    unit = SelfAttribute("product.unit.code")
    quantity = Decimal(1)
    list_price = Decimal("100.00")
    unit_price = SelfAttribute("list_price")
    discount = LazyAttribute(lambda line: (line.list_price - line.unit_price) * line.quantity)
    tax = Decimal("0.00")
    total = LazyAttribute(lambda line: line.unit_price * line.quantity + line.tax)
    commodity_code = SelfAttribute("product.commodity_code")
