"""An order copies what was bought, moves only as allowed, and tells its listeners once."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import Error, IntegrityError
from django.db.transaction import atomic

from commerce.drafts import AddressSnapshot, LineDraft, OrderDraft
from commerce.exceptions import (
    AnotherOrganization,
    EmptyOrder,
    IllegalOrderMove,
    OrderAlreadyPlaced,
    OrderLineInvalid,
)
from commerce.models import MOVES, Order, OrderLine, OrderState
from commerce.pricing import PriceTag, Tier
from commerce.services import order_bill, order_cancel, order_close, order_open, order_unbill, order_write
from plumbing.hooks import Registry
from tests.factories import (
    NOON,
    AddressFactory,
    CustomerFactory,
    OrderFactory,
    OrderLineFactory,
    PaymentTermFactory,
    ProductFactory,
    UserFactory,
    WebsiteFactory,
)

pytestmark = pytest.mark.django_db


def line(product, quantity="3", list_price="12.50", unit_price="10.00", tax_rate="0.08875", currency="USD"):
    price = PriceTag(
        product_id=product.pk,
        currency=currency,
        list_price=Decimal(list_price),
        tiers=(Tier(Decimal(1), Decimal(unit_price)),),
    )
    return LineDraft(product=product, quantity=Decimal(quantity), price=price, tax_rate=Decimal(tax_rate))


@pytest.fixture
def draft():
    website = WebsiteFactory(organization__code="north")
    customer = CustomerFactory(organization=website.organization)
    address = AddressSnapshot.of(AddressFactory(customer=customer, company="Acme"))
    return OrderDraft(
        website=website,
        customer=customer,
        placed_by=UserFactory(),
        lines=(line(ProductFactory(organization=website.organization, sku="BOLT-8", name="Bolt M8")),),
        billing_address=address,
        shipping_address=replace(address, line_1="2 Dock Road"),
        shipping_method="Flat rate",
        shipping=Decimal("15.00"),
        po_number="PO-77",
        notes="Ring twice.",
        payment_term=PaymentTermFactory(organization=website.organization),
    )


@pytest.fixture
def listener(monkeypatch):
    """Somebody who notes what was placed, alone in the registry."""

    class Notes:
        def __init__(self):
            self.placed = []

        def on_placed(self, *, order, now):
            self.placed.append((order.number, order.state, now))

    notes = Notes()
    registry: Registry[Any] = Registry("order listeners")
    registry.register("notes", notes)
    monkeypatch.setattr("commerce.services.orders.order_listeners", registry)
    return notes


def test_an_order_copies_lines_addresses_and_amounts(draft):
    order = Order.objects.get(pk=order_write(draft=draft, now=NOON).pk)

    assert order.state == OrderState.AWAITING_PAYMENT
    assert (order.created_at, order.placed_at) == (NOON, None)
    assert order.number.startswith("NORTH-")
    assert order.currency == "USD"
    assert (order.subtotal, order.discount, order.shipping, order.tax, order.total) == (
        Decimal("37.50"),
        Decimal("7.50"),
        Decimal("15.00"),
        Decimal("2.66"),
        Decimal("47.66"),
    )
    assert (order.po_number, order.notes, order.shipping_method) == ("PO-77", "Ring twice.", "Flat rate")
    assert order.billing_address["company"] == "Acme"
    assert AddressSnapshot.from_json(order.shipping_address).line_1 == "2 Dock Road"
    (copied,) = order.lines.all()
    assert (copied.position, copied.sku, copied.name, copied.unit) == (1, "BOLT-8", "Bolt M8", "each")
    assert (copied.list_price, copied.unit_price, copied.discount) == (
        Decimal("12.50"),
        Decimal("10.00"),
        Decimal("7.50"),
    )
    assert (copied.tax_rate, copied.tax, copied.total) == (Decimal("0.08875"), Decimal("2.66"), Decimal("32.66"))
    assert copied.commodity_code == "31161500"


def test_editing_the_catalog_and_the_address_changes_no_order(draft):
    order = order_write(draft=draft, now=NOON)
    product = draft.lines[0].product
    product.name, product.sku = "Renamed", "NEW"
    product.save()
    draft.customer.addresses.update(line_1="moved")

    order.refresh_from_db()

    assert order.lines.get().name == "Bolt M8"
    assert order.billing_address["line_1"] == "1 Main Street"


def test_written_again_an_order_keeps_number_row_and_moment(draft):
    first = order_write(draft=draft, now=NOON)
    product = ProductFactory(organization=draft.website.organization, sku="NUT-8")
    changed = replace(draft, lines=(line(product, quantity="1"), *draft.lines), po_number="PO-78")

    again = order_write(draft=changed, now=NOON + timedelta(hours=1), order=first)

    assert (again.pk, again.number, again.created_at) == (first.pk, first.number, NOON)
    assert again.po_number == "PO-78"
    assert [(row.position, row.sku) for row in again.lines.order_by("position")] == [(1, "NUT-8"), (2, "BOLT-8")]
    assert again.total == Decimal("10.89") + Decimal("47.66")
    assert OrderLine.objects.count() == 2


@pytest.mark.parametrize("state", [OrderState.OPEN, OrderState.CLOSED, OrderState.CANCELED])
def test_an_order_that_no_longer_awaits_payment_is_not_written_again(draft, state):
    order = order_write(draft=draft, now=NOON)
    if state is OrderState.CANCELED:
        order_cancel(order=order)
    else:
        order_open(order=order, now=NOON)
    if state is OrderState.CLOSED:
        order_close(order=order)

    with pytest.raises(OrderAlreadyPlaced, match="was not changed"):
        order_write(draft=replace(draft, po_number="other"), now=NOON, order=order)

    order.refresh_from_db()
    assert (order.po_number, order.lines.count()) == ("PO-77", 1)


@pytest.mark.parametrize(
    ("spoil", "error", "says"),
    [
        (lambda d: replace(d, lines=()), EmptyOrder, "No order was written"),
        (lambda d: replace(d, customer=CustomerFactory()), AnotherOrganization, "different sellers"),
        (lambda d: replace(d, lines=(line(ProductFactory()),)), OrderLineInvalid, "not for sale here"),
        (lambda d: replace(d, lines=(replace(d.lines[0], quantity=Decimal(0)),)), OrderLineInvalid, "more than zero"),
        (lambda d: replace(d, lines=(replace(d.lines[0], quantity=Decimal("1.5")),)), OrderLineInvalid, "0 digits"),
        (lambda d: replace(d, lines=(line(d.lines[0].product, currency="EUR"),)), OrderLineInvalid, "of this website"),
    ],
)
def test_a_draft_that_does_not_fit_writes_nothing(draft, spoil, error, says):
    with pytest.raises(error, match=says):
        order_write(draft=spoil(draft), now=NOON)

    assert not Order.objects.exists()


def test_a_product_taken_off_sale_cannot_be_ordered(draft):
    draft.lines[0].product.is_active = False

    with pytest.raises(OrderLineInvalid, match="take it off the list"):
        order_write(draft=draft, now=NOON)

    assert not Order.objects.exists()


def test_opening_an_order_tells_the_listeners_once(draft, listener):
    order = order_write(draft=draft, now=NOON)

    opened = order_open(order=order, now=NOON)
    again = order_open(order=order, now=NOON + timedelta(minutes=1))

    assert (opened.state, opened.placed_at) == (OrderState.OPEN, NOON)
    assert again.placed_at == NOON
    assert listener.placed == [(order.number, OrderState.OPEN, NOON)]


def test_a_canceled_order_does_not_open_and_nobody_is_told(draft, listener):
    order = order_cancel(order=order_write(draft=draft, now=NOON))

    with pytest.raises(IllegalOrderMove, match="stays Canceled"):
        order_open(order=order, now=NOON)

    assert Order.objects.get().state == OrderState.CANCELED
    assert listener.placed == []


def test_canceling_twice_is_one_cancellation(draft):
    order = order_cancel(order=order_write(draft=draft, now=NOON))

    assert order_cancel(order=order).state == OrderState.CANCELED


def test_an_order_that_awaits_payment_does_not_close(draft):
    order = order_write(draft=draft, now=NOON)

    with pytest.raises(IllegalOrderMove, match="cannot become Closed"):
        order_close(order=order)


@pytest.mark.parametrize("before", OrderState)
@pytest.mark.parametrize("after", OrderState)
def test_the_database_allows_exactly_the_moves_of_the_table(before, after):
    order = OrderFactory(state=before)
    write = Order.objects.filter(pk=order.pk)

    if after in MOVES[before] or after == before:
        assert write.update(state=after, placed_at=NOON) == 1
        return
    with pytest.raises(Error, match="Invalid transition"), atomic():
        write.update(state=after, placed_at=NOON)
    assert write.get().state == before


def test_the_lines_of_a_placed_order_stay():
    order_line = OrderLineFactory()
    OrderLine.objects.filter(pk=order_line.pk).update(name="still a draft")
    order_open(order=order_line.order, now=NOON)

    for change in (lambda rows: rows.update(name="other"), lambda rows: rows.delete()):
        with pytest.raises(IntegrityError, match="no longer awaits payment"), atomic():
            change(OrderLine.objects.filter(pk=order_line.pk))

    assert OrderLine.objects.get().name == "still a draft"


@pytest.mark.parametrize(
    "columns", [{"total": Decimal("99.99")}, {"subtotal": Decimal("-1.00"), "total": Decimal("-1.00")}]
)
def test_the_database_refuses_an_order_that_does_not_add_up(columns):
    with pytest.raises(IntegrityError), atomic():
        OrderFactory(**columns)

    assert not Order.objects.exists()


def test_writing_an_order_costs_few_statements(draft, django_assert_max_num_queries):
    many = tuple(line(ProductFactory(organization=draft.website.organization)) for _ in range(30))
    for each in many:
        assert each.product.unit.code == "each"

    with django_assert_max_num_queries(3):
        order = order_write(draft=replace(draft, lines=many), now=NOON)
    with django_assert_max_num_queries(7):  # with the look at what points at the old lines
        order_write(draft=replace(draft, lines=many), now=NOON, order=order)


def test_a_billed_order_says_since_when_until_its_invoice_is_voided():
    order = OrderFactory(state=OrderState.OPEN)

    order_bill(order=order, now=NOON)
    billed_at = Order.objects.get().billed_at
    order_unbill(order=order)

    assert billed_at == NOON
    assert Order.objects.get().billed_at is None
