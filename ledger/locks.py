"""The row locks of this room: the period's. Posting takes it FOR SHARE (with the entry itself, if nobody held it
before), closing FOR UPDATE; it is the first of all.
"""

from datetime import date

from django.db import connection
from django.db.transaction import TransactionManagementError

from ledger.models import Period
from plumbing.prepared import prepared

PERIOD_SHARED = """
SELECT id, organization_id, starts_on, state FROM ledger_period
 WHERE organization_id = %s AND starts_on = %s
   FOR SHARE
"""


def needs_transaction() -> None:
    """Refuse what would let go of its locks at once. Raises TransactionManagementError."""
    if not connection.in_atomic_block:
        raise TransactionManagementError("Nothing was posted. Open a transaction before locking a period.")


def period_shared(*, organization_id: int, starts_on: date) -> Period | None:
    """The month's row, kept from changing its state until the transaction ends; many may post to it at once."""
    needs_transaction()
    with connection.cursor() as cursor:
        cursor.execute(prepared(name="period", sql=PERIOD_SHARED, connection=connection), [organization_id, starts_on])
        row = cursor.fetchone()
    if row is None:
        return None
    return Period.from_db(connection.alias, ["id", "organization_id", "starts_on", "state"], row)


def period_alone(*, organization_id: int, starts_on: date) -> Period | None:
    """The month's row for whoever changes its state; waits for all who are posting to it."""
    return Period.objects.select_for_update().filter(organization_id=organization_id, starts_on=starts_on).first()
