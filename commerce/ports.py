"""What this room tells the rooms above it."""

from datetime import datetime
from typing import Protocol

from commerce.models import Order
from plumbing.hooks import Registry


class OrderListener(Protocol):
    """Somebody who acts when an order is placed, for example by drafting its invoice."""

    def on_placed(self, *, order: Order, now: datetime) -> None:
        """Called once per order, in the transaction that opens it, with the order's row locked. Errors stop it."""


order_listeners: Registry[OrderListener] = Registry("order listeners")
