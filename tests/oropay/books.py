"""What somebody does in the gateway's own portal, and how the two books look then."""

import time
import uuid
from datetime import timedelta

from django.db import connection
from moneyed import Money

from oropay.gateway.port import FollowUpRequest
from oropay.models import PaymentTransaction


def portal(gateway_id: str, amount: str | None = None) -> FollowUpRequest:
    """What somebody asks for in the gateway's own portal."""
    return FollowUpRequest(
        gateway_id=gateway_id,
        idempotency_key=str(uuid.uuid4()),
        send_before=time.monotonic() + 10,
        amount=Money(amount, "USD") if amount else None,
        reference=f"portal-{uuid.uuid4().hex[:20]}",
    )


def steps(payment_id: int) -> list[tuple[str, str, str, bool]]:
    rows = PaymentTransaction.objects.filter(payment=payment_id).order_by("pk")
    return [(row.action, f"{row.amount:.2f}", row.state, row.outside) for row in rows]


def aged(row: PaymentTransaction, by: timedelta) -> None:
    """As if it had been made earlier."""
    disguised(row, created_at=(row.created_at - by).isoformat())


def disguised(row: PaymentTransaction, **columns: str) -> None:
    """Change what a final row never changes, behind the database's back."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for name, value in columns.items():
            cursor.execute(f"UPDATE oropay_paymenttransaction SET {name} = %s WHERE id = %s", [value, row.pk])  # noqa: S608
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
