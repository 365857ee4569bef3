"""Numbers of documents."""

from django.db import connection

from commerce import locks
from commerce.models import NumberKind, Organization

PREFIXES: dict[NumberKind, str] = {
    NumberKind.INVOICE: "INV",
    NumberKind.CREDIT_MEMO: "CM",
    NumberKind.DEBIT_MEMO: "DM",
    NumberKind.RECEIPT: "RCPT",
}


def number_next(*, organization: Organization, kind: NumberKind | str, period: str = "") -> str:
    """Take the next gap-free number, such as "INV-2026-11-00001" for the period "2026-11".

    Call it as the last statement of the transaction that writes the document: everybody else who needs a number of
    this kind waits until that transaction ends, and a rollback gives the number back.

    Raises:
        NumberOutsideTransaction: no transaction is open.
    """
    kind = NumberKind(kind)
    last = locks.next_in_sequence(organization_id=organization.pk, kind=kind, period=period)
    return "-".join(part for part in (PREFIXES[kind], period, f"{last:05d}") if part)


def order_number_next(*, organization: Organization) -> str:
    """Take an order number, such as "NORTH-100001". Gaps are fine; nobody waits for anybody."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('commerce_order_number')")
        return f"{organization.code.upper()}-{cursor.fetchone()[0]}"
