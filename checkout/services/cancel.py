"""Canceling an order that nobody delivered and nobody paid, by staff or by the buyer who leaves its checkout."""

from datetime import datetime

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from checkout import locks
from checkout.exceptions import CheckoutBeingPaid, CheckoutNotLeft, OrderNotCancelable
from checkout.models import Checkout, CheckoutState
from checkout.services.checkouts import may_order_check
from commerce.models import Order, User
from commerce.services import order_cancel
from oropay import locks as money_locks
from oropay.models import Payable
from oropay.services import payable_recompute, payable_running
from plumbing.audit import because
from plumbing.services import note_add


@atomic(durable=True)
def order_withdraw(*, order: Order, note: str, by: User, now: datetime) -> Order:
    """Cancel an order to which no money is attached; `note` says why. The buyer's list may start a new checkout.

    Money that is held, taken or on its way is dealt with first, on its payment: nothing moves here.

    Raises:
        OrderNotCancelable: `note` is blank, money is attached, or an invoice took over what is owed.
        IllegalOrderMove: the order is closed or canceled.
    """
    if not note.strip():
        raise OrderNotCancelable(number=order.number, why=_("please write why."))
    payable_ids = list(Payable.objects.filter(order_id=order.pk).values_list("pk", flat=True))
    with because(by=by, why=note):
        payable = next(iter(money_locks.payables(ids=payable_ids)), None)
        if payable is not None:
            _refuse_money(order=order, payable=payable)
        locks.orders(ids=[order.pk])
        if Order.objects.get(pk=order.pk).billed_at is not None:
            raise OrderNotCancelable(number=order.number, why=_("its invoice is posted; void that first."))
        canceled = order_cancel(order=order)
        Checkout.objects.filter(order=order, state=CheckoutState.OPEN).update(state=CheckoutState.ABANDONED)
        if payable is not None:
            payable_recompute(payable=payable)
        note_add(on=canceled, text=note, by=by, now=now)
    return canceled


@atomic(durable=True)
def checkout_abandon(*, checkout: Checkout, by: User, now: datetime) -> Checkout:
    """Leave a checkout: nothing is ordered, the list stays. An order it wrote for a try without money is canceled.

    Left once more, it stays left.

    Raises:
        NotAllowedToOrder: no permission to order for this company.
        CheckoutNotLeft: money is attached to its order, or the order is placed.
        CheckoutBeingPaid: a payment has no outcome yet, or another window places the order right now.
    """
    order_id = Checkout.objects.values_list("order_id", flat=True).get(pk=checkout.pk)
    payable_ids = list(Payable.objects.filter(order_id=order_id).values_list("pk", flat=True)) if order_id else []
    payable = next(iter(money_locks.payables(ids=payable_ids)), None)
    left = locks.checkout(pk=checkout.pk)
    may_order_check(by=by, customer=left.customer)
    if left.state == CheckoutState.ABANDONED:
        return left
    order = left.order
    if order is not None:
        if left.order_id != order_id or (payable is not None and payable_running(payable=payable)):
            raise CheckoutBeingPaid(number=order.number)
        if left.state == CheckoutState.PLACED:
            raise CheckoutNotLeft(number=order.number, why=_("it is placed already; ask us to cancel it."))
        if payable is not None and payable.held + payable.settling + payable.paid > 0:
            raise CheckoutNotLeft(number=order.number, why=_("money is attached to it; ask us to cancel it."))
        why = "left by the buyer before it was paid"
        with because(by=by, why=why):
            canceled = order_cancel(order=order)
            if payable is not None:
                payable_recompute(payable=payable)
            note_add(on=canceled, text=why, by=by, now=now)
    left.state = CheckoutState.ABANDONED
    left.save(update_fields=["state"])
    return left


def _refuse_money(*, order: Order, payable: Payable) -> None:
    if payable_running(payable=payable):
        raise OrderNotCancelable(number=order.number, why=_("a payment has no outcome yet; wait for it."))
    if payable.held > 0:
        raise OrderNotCancelable(number=order.number, why=_("money is held for it; cancel that authorization first."))
    if payable.settling > 0:
        raise OrderNotCancelable(number=order.number, why=_("a bank debit for it is settling; wait for it."))
    if payable.paid > 0:
        raise OrderNotCancelable(number=order.number, why=_("it is paid, at least in part; refund that first."))
