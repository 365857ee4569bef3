"""Canceling an order that nobody delivered and nobody paid."""

from datetime import datetime

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from checkout.exceptions import OrderNotCancelable
from commerce.models import Order, User
from commerce.services import order_cancel
from oropay import locks as money_locks
from oropay.models import Payable
from oropay.services import payable_recompute, payable_running
from plumbing.audit import because
from plumbing.services import note_add


@atomic(durable=True)
def order_withdraw(*, order: Order, note: str, by: User, now: datetime) -> Order:
    """Cancel an order to which no money is attached; `note` says why.

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
        if Order.objects.get(pk=order.pk).billed_at is not None:
            raise OrderNotCancelable(number=order.number, why=_("its invoice is posted; void that first."))
        canceled = order_cancel(order=order)
        if payable is not None:
            payable_recompute(payable=payable)
        note_add(on=canceled, text=note, by=by, now=now)
    return canceled


def _refuse_money(*, order: Order, payable: Payable) -> None:
    if payable_running(payable=payable):
        raise OrderNotCancelable(number=order.number, why=_("a payment has no outcome yet; wait for it."))
    if payable.held > 0:
        raise OrderNotCancelable(number=order.number, why=_("money is held for it; cancel that authorization first."))
    if payable.settling > 0:
        raise OrderNotCancelable(number=order.number, why=_("a bank debit for it is settling; wait for it."))
    if payable.paid > 0:
        raise OrderNotCancelable(number=order.number, why=_("it is paid, at least in part; refund that first."))
