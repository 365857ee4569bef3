"""The mail that confirms an order: what was ordered, and what happened to the money."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from commerce.drafts import AddressSnapshot
from commerce.models import Order, OrderLine
from commerce.money import format_money, locale_of
from plumbing.services import mail_queue


class OrderMoney(StrEnum):
    """What happened to the money when an order was placed."""

    PAID = "paid"
    """Taken."""
    HELD = "held"
    """On hold on the card; taken when the goods are shipped."""
    DEBIT = "debit"
    """The bank accepted the debit; it is not sure yet."""
    TERMS = "terms"
    """Nothing was charged: the invoice says when it is due."""
    FREE = "free"
    """There was nothing to pay."""


def order_confirm(*, order: Order, money: OrderMoney, amount: Decimal, now: datetime) -> None:
    """Queue the confirmation of an order that is being placed, in the transaction that places it.

    To who placed it. `amount` is what was paid, held or accepted, in major units.
    """
    website = order.website
    locale = locale_of(website.language)

    def written(value: Decimal) -> str:
        return format_money(value, order.currency, locale)

    mail_queue(
        to=order.placed_by.email,
        template="checkout/mail/order.txt",
        context={
            "order": order,
            "seller": order.organization,
            "buyer": order.placed_by,
            "money": money.value,
            "amount": written(amount),
            "lines": [
                (_quantity(line), line, written(line.total - line.tax)) for line in order.lines.order_by("position")
            ],
            "shipping": written(order.shipping) if order.shipping else "",
            "tax": written(order.tax),
            "total": written(order.total),
            "address": AddressSnapshot.from_json(order.shipping_address),
            "link": website.url("storefront:order", number=order.number),
        },
        language=website.language,
        now=now,
    )


def _quantity(line: OrderLine) -> str:
    return f"{line.quantity.normalize():f}"
