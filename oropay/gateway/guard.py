"""Keeps rule 2 of the way of a payment: no database transaction is open while the gateway is called."""

from django.db import connections


class TransactionOpen(RuntimeError):
    """The gateway was about to be called inside a database transaction. Nothing was sent."""


def assert_no_transaction() -> None:
    """Refuse to speak to a gateway while any database transaction is open.

    A slow gateway would otherwise hold row locks for as long as it likes, and a crash would roll back the row that
    says we spoke. A test case's own outer block does not count, as with `atomic(durable=True)`.

    Raises:
        TransactionOpen: somewhere up the stack an `atomic` block is open.
    """
    for connection in connections.all(initialized_only=True):
        if any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks):
            raise TransactionOpen(
                f"The gateway was not called: a transaction is open on database {connection.alias!r}."
            )
