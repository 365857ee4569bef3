"""The life of an order. All of these run in the caller's transaction: money and order move together or not at all."""

from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from commerce import locks
from commerce.drafts import LineDraft, OrderDraft
from commerce.exceptions import (
    AnotherOrganization,
    EmptyOrder,
    IllegalOrderMove,
    OrderAlreadyPlaced,
    OrderLineInvalid,
)
from commerce.models import MOVES, Order, OrderLine, OrderState
from commerce.ports import order_listeners
from commerce.services.numbers import order_number_next
from plumbing.rows import row_write


def order_write(*, draft: OrderDraft, now: datetime, order: Order | None = None) -> Order:
    """Write an order before any money moves, or write an order again that still awaits its payment.

    Lines, addresses and amounts are copied from the draft. Written again, an order keeps its number, its moment and
    its row. Whether money is already attached is known above this room: ask there before writing again.

    Raises:
        EmptyOrder: the draft has no lines.
        OrderLineInvalid: a product that is not for sale here, or a quantity or currency that does not fit.
        AnotherOrganization: customer and website belong to different sellers.
        OrderAlreadyPlaced: the order no longer awaits payment.
    """
    _check(draft)
    if order is None:
        written = Order(
            organization_id=draft.website.organization_id,
            number=order_number_next(organization=draft.website.organization),
            created_at=now,
        )
    else:
        written = locks.order(order_id=order.pk)
        if written.state != OrderState.AWAITING_PAYMENT:
            raise OrderAlreadyPlaced(number=written.number, state=written.get_state_display())
        if written.organization_id != draft.website.organization_id:
            raise AnotherOrganization(what=written.number, other=draft.website.name)
        written.lines.all().delete()
    totals = draft.totals
    written.website = draft.website
    written.customer = draft.customer
    written.placed_by = draft.placed_by
    written.currency = draft.currency
    written.subtotal = totals.subtotal
    written.discount = totals.discount
    written.shipping = totals.shipping
    written.tax = totals.tax
    written.total = totals.total
    written.po_number = draft.po_number
    written.notes = draft.notes
    written.payment_term = draft.payment_term
    written.billing_address = draft.billing_address.as_json()
    written.shipping_address = draft.shipping_address.as_json()
    written.shipping_method = draft.shipping_method
    written.save()
    OrderLine.objects.bulk_create(_line(written, position, line) for position, line in enumerate(draft.lines, start=1))
    return written


def order_open(*, order: Order, now: datetime, locked: bool = False) -> Order:
    """Place an order: it is paid, held, on terms or free, and the seller owes the goods. Tells `order_listeners`.

    `locked` says that `order` was read under its lock in this transaction. An order that is already open is returned as
    it is and nobody is told twice: two answers about one payment are both facts.

    Raises:
        IllegalOrderMove: the order was canceled or closed.
    """
    placed = order if locked else locks.order(order_id=order.pk)
    if placed.state == OrderState.OPEN:
        return placed
    _move(placed, OrderState.OPEN)
    placed.placed_at = now
    row_write(placed, "state", "placed_at")
    for listener in order_listeners.all():
        listener.on_placed(order=placed, now=now)
    return placed


def order_cancel(*, order: Order) -> Order:
    """Cancel an order that is not delivered. What happens to its money is decided above this room, first.

    Raises:
        IllegalOrderMove: the order is closed.
    """
    return _end(order, OrderState.CANCELED)


def order_close(*, order: Order) -> Order:
    """Close an order that is delivered.

    Raises:
        IllegalOrderMove: the order is not open.
    """
    return _end(order, OrderState.CLOSED)


def _end(order: Order, state: OrderState) -> Order:
    ended = locks.order(order_id=order.pk)
    if ended.state != state:
        _move(ended, state)
        ended.save(update_fields=["state"])
    return ended


def _move(order: Order, state: OrderState) -> None:
    if state not in MOVES[OrderState(order.state)]:
        raise IllegalOrderMove(number=order.number, state=order.get_state_display(), wanted=str(state.label))
    order.state = state


def _check(draft: OrderDraft) -> None:
    if not draft.lines:
        raise EmptyOrder
    if draft.customer.organization_id != draft.website.organization_id:
        raise AnotherOrganization(what=draft.customer.name, other=draft.website.name)
    for line in draft.lines:
        _check_line(draft, line)


def _check_line(draft: OrderDraft, line: LineDraft) -> None:
    product = line.product
    if product.organization_id != draft.website.organization_id or not product.is_active:
        raise OrderLineInvalid(sku=product.sku, why=_("it is not for sale here; take it off the list."))
    if line.price.product_id != product.pk or line.price.currency != draft.currency:
        raise OrderLineInvalid(sku=product.sku, why=_("its price is not one of this website; look it up again."))
    if line.quantity <= 0:
        raise OrderLineInvalid(sku=product.sku, why=_("the quantity must be more than zero."))
    if line.quantity % Decimal(f"1E-{product.unit.precision}"):
        raise OrderLineInvalid(
            sku=product.sku,
            why=_("it is sold with at most {digits} digits after the point.").format(digits=product.unit.precision),
        )


def _line(order: Order, position: int, line: LineDraft) -> OrderLine:
    totals = line.totals
    return OrderLine(
        order=order,
        position=position,
        product=line.product,
        sku=line.product.sku,
        name=line.product.name,
        unit=line.product.unit.code,
        quantity=line.quantity,
        list_price=totals.list_price,
        unit_price=totals.unit_price,
        discount=totals.discount,
        tax_rate=line.tax_rate,
        tax=totals.tax,
        total=totals.total,
        commodity_code=line.product.commodity_code,
    )
