"""Whether an order is billed: from then on its invoice is what is owed. Both run in the caller's transaction."""

from datetime import datetime

from commerce import locks
from commerce.models import Order


def order_bill(*, order: Order, now: datetime) -> Order:
    """Note that the order's invoice was posted, so that nothing more is paid on the order itself."""
    billed = locks.order(order_id=order.pk)
    billed.billed_at = now
    billed.save(update_fields=["billed_at"])
    return billed


def order_unbill(*, order: Order) -> Order:
    """Note that the order's invoice was voided: the order is what is owed again."""
    billed = locks.order(order_id=order.pk)
    billed.billed_at = None
    billed.save(update_fields=["billed_at"])
    return billed
