"""Placing the order: it is written before any money moves, and opened when money, terms or a zero total allow it."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from django.db.models import F
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from checkout import locks
from checkout.exceptions import CheckoutBeingPaid, TermsNotOffered, TotalChanged
from checkout.models import Checkout, CheckoutState, ShoppingListItem
from checkout.selectors import draft_of, list_priced, terms_offers
from checkout.services.checkouts import may_order_check, open_check
from checkout.services.confirm import OrderMoney, order_confirm
from commerce.models import Order, PaymentTerm, User
from commerce.services import order_open, order_write
from oropay import locks as money_locks
from oropay.models import Payable, PayableKind
from oropay.services import payable_open, payable_recompute


class OrderAppeared(Exception):
    """Another click wrote the order while we waited for the checkout: start over, payable first."""


def order_place(
    *,
    checkout: Checkout,
    expected_total: Decimal,
    by: User,
    now: datetime,
    terms_integration_id: int | None = None,
) -> Order:
    """Write the order of a checkout, and what is owed for it. Nothing is charged here.

    `expected_total` is the total the person saw; `terms_integration_id` buys on payment terms and places the order at
    once, as a total of nothing does. Otherwise the order awaits its payment: start that next, with the same order.
    After a try without money the same order, number and payable are used, written anew.

    Raises:
        TotalChanged: prices or quantities are not what the page showed.
        CheckoutBeingPaid: a payment of this order has no outcome yet, or money is attached to it.
        CheckoutEnded: placed already.
        EmptyList, LinesInvalid, CheckoutIncomplete, NotAllowedToOrder, TermsNotOffered: say why.
    """
    for _try in range(3):
        try:
            return _place(
                checkout_id=checkout.pk,
                expected_total=expected_total,
                by=by,
                now=now,
                terms_integration_id=terms_integration_id,
            )
        except OrderAppeared:
            continue
    raise CheckoutBeingPaid(number=_("of this checkout"))


@atomic(durable=True)
def _place(
    *, checkout_id: int, expected_total: Decimal, by: User, now: datetime, terms_integration_id: int | None
) -> Order:
    order_id = Checkout.objects.values_list("order_id", flat=True).get(pk=checkout_id)
    payable = _payable_locked(order_id=order_id)
    checkout = locks.checkout(pk=checkout_id)
    if checkout.order_id != order_id:
        raise OrderAppeared
    open_check(checkout=checkout)
    may_order_check(by=by, customer=checkout.customer)
    if payable is not None and payable.paid + payable.settling + payable.held > 0:
        raise CheckoutBeingPaid(number=payable.number)
    priced = list_priced(
        shopping_list=checkout.shopping_list, website=checkout.website, customer=checkout.customer, now=now
    )
    term = _term(checkout=checkout, integration_id=terms_integration_id, total=priced.totals.total)
    draft = draft_of(checkout=checkout, priced=priced, term=term)
    if draft.totals.total != expected_total:
        raise TotalChanged(shown=expected_total, total=draft.totals.total, currency=draft.currency)
    order = order_write(draft=draft, now=now, order=checkout.order)
    if payable is None:
        payable_open(
            kind=PayableKind.ORDER,
            organization=checkout.website.organization,
            customer=checkout.customer,
            currency=order.currency,
            number=order.number,
            total=order.total,
            order=order,
        )
    else:
        payable_recompute(payable=payable)
    checkout.order = order
    checkout.save(update_fields=["order"])
    if term is not None or order.total == 0:
        money = OrderMoney.FREE if order.total == 0 else OrderMoney.TERMS
        return checkout_placed(order=order, checkouts=[checkout], money=money, amount=order.total, now=now)
    return order


def checkout_placed(
    *, order: Order, checkouts: Iterable[Checkout], money: OrderMoney, amount: Decimal, now: datetime
) -> Order:
    """Open an order, confirm it by mail and end its checkout; what was ordered leaves the list. Runs in the caller's
    transaction, which has locked `checkouts` and `order` and read them under the lock.

    An order without a checkout (written by staff) is only opened.
    """
    placed = order_open(order=order, now=now, locked=True)
    for checkout in checkouts:
        if checkout.state not in {CheckoutState.OPEN, CheckoutState.PAYING}:
            continue
        checkout.state, checkout.placed_at = CheckoutState.PLACED, now
        checkout.save(update_fields=["state", "placed_at"])
        _take_off_the_list(checkout=checkout, order=order)
        order_confirm(order=placed, money=money, amount=amount, now=now)
    return placed


def _take_off_the_list(*, checkout: Checkout, order: Order) -> None:
    """What was ordered leaves; what was added meanwhile stays."""
    for product_id, quantity in order.lines.values_list("product_id", "quantity"):
        here = ShoppingListItem.objects.filter(shopping_list_id=checkout.shopping_list_id, product_id=product_id)
        here.filter(quantity__lte=quantity).delete()
        here.update(quantity=F("quantity") - quantity)


def _payable_locked(*, order_id: int | None) -> Payable | None:
    if order_id is None:
        return None
    ids = list(Payable.objects.filter(order_id=order_id).values_list("pk", flat=True))
    return next(iter(money_locks.payables(ids=ids)), None)


def _term(*, checkout: Checkout, integration_id: int | None, total: Decimal) -> PaymentTerm | None:
    if integration_id is None:
        return None
    offers = terms_offers(customer=checkout.customer, website=checkout.website, total=total, language="")
    for offer in offers:
        if offer.integration.pk == integration_id and not offer.why_not:
            return offer.term
    raise TermsNotOffered(customer=checkout.customer.name)
