"""Lets twelve months happen, in order, each thing at its own moment, through the services that people use.

Every step looks first whether it was done, so that a seeding that was interrupted goes on where it stopped.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from functools import partial
from zoneinfo import ZoneInfo

from django.db.transaction import atomic

from checkout.services import list_add
from checkout.services.cancel import order_withdraw
from commerce.drafts import AddressSnapshot, LineDraft, OrderDraft
from commerce.models import Address, Customer, Order, OrderState, Organization, Product, User, Website
from commerce.money import rounded
from commerce.pricing import price_tags
from commerce.selectors import payment_term_of
from commerce.services import order_close, order_open, order_write
from config.demo.people import BUYERS, COMPANIES, STAFF
from config.demo.stories import LISTS, ORDERS, RECEIPTS, SERVICES, STORIES, Arrived, Fate, OpenOrder, Story
from invoices.models import Invoice, InvoiceState
from invoices.services import (
    LineAsked,
    invoice_draft,
    invoice_draft_from_order,
    invoice_post,
    invoice_void,
)
from invoices.services.receipt import RECEIPT_JOB
from oropay.models import Payable, PayableKind, Payment
from oropay.services import PartAsked, offline_receipt_record, payable_open
from plumbing.models import Job, JobState
from plumbing.services import job_run

SHIPPED_AFTER = 30
"""Orders billed longer ago than so many days are delivered and closed."""

PO_NUMBERS = {"calder": "PO-{:05d}", "marine": "CM-{:04d}", "oakhollow": "REQ-{:05d}", "brindle": "B-{:04d}"}
ORDERED_BY = {
    "calder": ("bea@calder.example", "rick@calder.example", "anna@calder.example"),
    "marine": ("mia@calder-marine.example",),
    "oakhollow": ("omar@oakhollow.example",),
    "brindle": ("sam@brindle.example",),
}
QUANTITIES = {
    "each": (2, 4, 6, 10, 12, 24, 50),
    "pair": (4, 6, 12, 24),
    "box": (2, 4, 5, 8, 20),
    "case": (1, 2, 3, 5),
    "foot": (50, 100, 250, 500),
}
"""Plausible quantities of each unit."""

RECEIPT_NAMES = uuid.UUID("7d0c5a52-6a3e-4f0e-9d55-0b3a3f1f6c11")
"""Name space of the receipts' attempt keys: the same check is recorded once."""


@dataclass(frozen=True)
class World:
    """Everybody and everything the history is about."""

    organization: Organization
    websites: list[Website]
    customers: Mapping[str, Customer]
    people: Mapping[str, User]
    products: list[Product]
    now: datetime

    @property
    def clerk(self) -> User:
        """Who bills and records receipts."""
        return self.people[STAFF[1].email]


def world_of(*, organization: Organization, now: datetime) -> World:
    """Read what was made before the history."""
    customers = Customer.objects.filter(organization=organization).select_related("payment_term", "group__payment_term")
    by_number = {customer.number: customer for customer in customers}
    return World(
        organization=organization,
        websites=list(Website.objects.filter(organization=organization).order_by("pk")),
        customers={key: by_number[company.number] for key, company in COMPANIES.items()},
        people={user.email: user for user in User.objects.filter(email__in=[each.email for each in (*STAFF, *BUYERS)])},
        products=list(Product.objects.filter(organization=organization).select_related("unit").order_by("sku")),
        now=now,
    )


def history_happen(*, world: World) -> None:
    """Let everything happen that has not happened yet, oldest first."""
    for at, happen in sorted(_events(world), key=lambda event: event[0]):
        happen(at=at)
    _lists_fill(world)


def _events(world: World) -> Iterable[tuple[datetime, Callable[..., None]]]:
    for story in STORIES:
        if story.ordered:
            place = partial(_order_place, world, key=story.key, company=story.company, site=story.site)
            yield moment(world, story.days_ago + 2, 9), place
        yield moment(world, story.days_ago, 14), partial(_bill, world, story)
        if story.fate == Fate.VOID:
            yield moment(world, story.days_ago - 2, 16), partial(_withdraw_invoice, world, story)
        if story.ordered and story.days_ago > SHIPPED_AFTER:
            yield moment(world, story.days_ago - 1, 15), partial(_deliver, world, story)
    for arrived in RECEIPTS:
        yield moment(world, arrived.days_ago, 11), partial(_receive, world, arrived)
    for order in ORDERS:
        place = partial(_order_place, world, key=order.key, company=order.company, site=order.site)
        yield moment(world, order.days_ago, 10), place
        if order.canceled_because:
            yield moment(world, order.days_ago - 1, 10), partial(_cancel, world, order)


def moment(world: World, days_ago: int, hour: int) -> datetime:
    """A working hour of the seller's day; weekends move back to Friday."""
    day = world.organization.today(world.now) - timedelta(days=days_ago)
    day -= timedelta(days=max(0, day.weekday() - 4))
    return datetime.combine(day, time(hour), ZoneInfo(world.organization.time_zone))


# --- Orders ----------------------------------------------------------------------------------------------------------


def _order_place(world: World, *, key: int, company: str, site: int, at: datetime) -> None:
    """Write and place an order. Without a payment term it awaits the check that comes with it."""
    if _order_of(world, key=key, company=company) is not None:
        return
    customer, website = world.customers[company], world.websites[site]
    products = _picked(world.products, key=key)
    tags = price_tags(customer=customer, website=website, products=products, now=at)
    book = _addresses(customer)
    term = payment_term_of(customer=customer)
    draft = OrderDraft(
        website=website,
        customer=customer,
        placed_by=world.people[ORDERED_BY[company][key % len(ORDERED_BY[company])]],
        lines=tuple(
            LineDraft(
                product=product,
                quantity=_quantity(product, key=key),
                price=tags[product.pk],
                tax_rate=website.tax_rate,
            )
            for product in products
        ),
        billing_address=book[0],
        shipping_address=book[-1],
        shipping_method="Flat rate",
        shipping=website.shipping_flat_rate,
        po_number=_po_number(key=key, company=company),
        payment_term=term,
    )
    with atomic():
        order = order_write(draft=draft, now=at)
        payable_open(
            kind=PayableKind.ORDER,
            organization=world.organization,
            customer=customer,
            currency=order.currency,
            number=order.number,
            total=order.total,
            order=order,
        )
        if term is not None:
            order_open(order=order, now=at)


def _deliver(world: World, story: Story, *, at: datetime) -> None:
    order = _order_of(world, key=story.key, company=story.company)
    if order is not None and order.state == OrderState.OPEN:
        with atomic():
            order_close(order=order)


def _cancel(world: World, story: OpenOrder, *, at: datetime) -> None:
    order = _order_of(world, key=story.key, company=story.company)
    if order is not None and order.state == OrderState.OPEN:
        order_withdraw(order=order, note=story.canceled_because, by=world.clerk, now=at)


# --- Invoices --------------------------------------------------------------------------------------------------------


def _bill(world: World, story: Story, *, at: datetime) -> None:
    invoice = _invoice_of(world, story=story) or _draft(world, story, at=at)
    if invoice.state == InvoiceState.DRAFT and story.fate != Fate.DRAFT:
        invoice_post(invoice=invoice, by=world.clerk, now=at, mail=False)
        _receipts_issue(at=at)


def _draft(world: World, story: Story, *, at: datetime) -> Invoice:
    if story.ordered:
        order = Order.objects.get(organization=world.organization, po_number=_po_number(story.key, story.company))
        return invoice_draft_from_order(order=order, by=world.clerk, now=at)
    customer, website = world.customers[story.company], world.websites[story.site]
    book = _addresses(customer)
    return invoice_draft(
        website=website,
        customer=customer,
        lines=[_service(story.key, position, website=website) for position in range(1 + story.key % 3)],
        by=world.clerk,
        now=at,
        bill_to=book[0],
        ship_to=book[-1],
        payment_term=payment_term_of(customer=customer),
        po_number=_po_number(key=story.key, company=story.company),
        external_id=_external_id(key=story.key),
    )


def _service(key: int, position: int, *, website: Website) -> LineAsked:
    name, unit, price = SERVICES[(key + 3 * position) % len(SERVICES)]
    return LineAsked(
        name=name,
        unit=unit,
        quantity=Decimal(1 + _digest(key, position) % 6),
        unit_price=price,
        tax_rate=website.tax_rate,
    )


def _withdraw_invoice(world: World, story: Story, *, at: datetime) -> None:
    invoice = _invoice_of(world, story=story)
    if invoice is not None and invoice.state == InvoiceState.POSTED:
        invoice_void(invoice=invoice, note="Billed to the wrong company.", by=world.clerk, now=at)


# --- Money -----------------------------------------------------------------------------------------------------------


def _receive(world: World, arrived: Arrived, *, at: datetime) -> None:
    """Record a check or wire of the past. No gateway took part, so no gateway's rows are made up."""
    attempt_key = uuid.uuid5(RECEIPT_NAMES, f"{world.organization.pk} {arrived.document}")
    if Payment.objects.filter(attempt_key=attempt_key).exists():
        return
    payables = [_payable_of(world, key=key) for key in arrived.pays]
    offline_receipt_record(
        parts=[PartAsked(payable_id=row.pk, amount=_amount(row, share=arrived.share)) for row in payables],
        received_on=world.organization.today(at),
        document=arrived.document,
        by=world.clerk,
        now=at,
        attempt_key=attempt_key,
    )
    _receipts_issue(at=at)


def _payable_of(world: World, *, key: int) -> Payable:
    """What is owed at this moment: the invoice, or before it is posted its order."""
    story = STORIES[key - 1]
    invoice = _invoice_of(world, story=story)
    if invoice is not None and invoice.payable is not None:
        return invoice.payable
    return Payable.objects.get(
        order__organization=world.organization, order__po_number=_po_number(story.key, story.company)
    )


def _amount(payable: Payable, *, share: Decimal | None) -> Decimal:
    return payable.payable_now if share is None else rounded(payable.total * share, payable.currency)


def _receipts_issue(*, at: datetime) -> None:
    """Issue receipts on their own day, so that their numbers belong to their month. The worker draws the invoices."""
    due = Job.objects.filter(kind=RECEIPT_JOB, state=JobState.QUEUED, next_at__lte=at)
    for job_id in list(due.order_by("pk").values_list("pk", flat=True)):
        job_run(job_id=job_id, now=at)


# --- What is picked --------------------------------------------------------------------------------------------------


def _lists_fill(world: World) -> None:
    """A few things on a list, so that a checkout is two clicks away."""
    for key, (email, company) in enumerate(LISTS, start=200):
        customer, user = world.customers[company], world.people[email]
        if user.shopping_lists.exists():
            continue
        for product in _picked(world.products, key=key)[:3]:
            list_add(
                user=user,
                customer=customer,
                website=world.websites[0],
                product=product,
                quantity=_quantity(product, key=key),
                now=world.now,
            )


def _picked(products: list[Product], *, key: int) -> list[Product]:
    """Three to six different products; a key always picks the same."""
    step = (3, 7, 9, 11)[_digest(key, "step") % 4]
    start = _digest(key, "start")
    return [products[(start + step * index) % len(products)] for index in range(3 + _digest(key, "count") % 4)]


def _quantity(product: Product, *, key: int) -> Decimal:
    usual = QUANTITIES[product.unit.code]
    return Decimal(usual[_digest(key, product.sku) % len(usual)])


def _digest(*parts: object) -> int:
    return hashlib.sha256(repr(parts).encode()).digest()[0]


def _po_number(key: int, company: str) -> str:
    return PO_NUMBERS[company].format(4200 + 7 * key)


def _external_id(*, key: int) -> str:
    return f"AR-{70000 + key}"


def _addresses(customer: Customer) -> list[AddressSnapshot]:
    """Where to bill, then where to ship; one address if both are the same."""
    book = Address.objects.filter(customer=customer).order_by("-is_default_billing", "pk")
    return [AddressSnapshot.of(address) for address in book]


def _order_of(world: World, *, key: int, company: str) -> Order | None:
    return Order.objects.filter(organization=world.organization, po_number=_po_number(key, company)).first()


def _invoice_of(world: World, *, story: Story) -> Invoice | None:
    rows = Invoice.objects.filter(organization=world.organization).select_related("payable")
    if story.ordered:
        return rows.filter(order__po_number=_po_number(story.key, story.company)).first()
    return rows.filter(external_id=_external_id(key=story.key)).first()
