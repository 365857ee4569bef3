"""The rows this room locks, in the order of the house: order, then company tree, then number sequence (last)."""

from django.db import connection

from commerce.exceptions import NumberOutsideTransaction
from commerce.models import Order, Organization


def order(*, order_id: int) -> Order:
    """The order, held until the transaction ends, read again under the lock."""
    return Order.objects.select_for_update(no_key=True, of=("self",)).get(pk=order_id)


def customer_tree(*, organization_id: int) -> None:
    """One change of an organization's company tree at a time: two moves at once could tie a knot neither sees.

    Locks the organization's row against other movers only; rows that point at it are written freely meanwhile.
    """
    Organization.objects.select_for_update(no_key=True).only("pk").get(pk=organization_id)


def next_in_sequence(*, organization_id: int, kind: str, period: str) -> int:
    """Count one up and hold the row until the transaction ends: a rolled-back document gives its number back.

    Raises:
        NumberOutsideTransaction: without a transaction the number could be lost.
    """
    if not connection.in_atomic_block:
        raise NumberOutsideTransaction
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO commerce_numbersequence AS sequence (organization_id, kind, period, last)
            VALUES (%s, %s, %s, 1)
            ON CONFLICT (organization_id, kind, period) DO UPDATE SET last = sequence.last + 1
            RETURNING last
            """,
            [organization_id, kind, period],
        )
        return int(cursor.fetchone()[0])
