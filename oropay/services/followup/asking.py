"""Asking a second person about money given back above its maker's limit."""

from datetime import datetime
from typing import Any

from commerce.models import User
from oropay.models import Action, Approval, ApprovalKind, Payment, PaymentTransaction, RefundLine
from oropay.services.approval import approval_ask
from oropay.services.instrument import destination_of

KINDS = {Action.REFUND: ApprovalKind.REFUND, Action.CANCEL: ApprovalKind.VOID}


def giving_back_ask(*, row: PaymentTransaction, why: str, note: str, by: User, now: datetime) -> Approval:
    """Ask a second person about a refund or void that waits; binds charge, lines, amount and destination."""
    return approval_ask(
        kind=KINDS[Action(row.action)],
        organization_id=row.payment.organization_id,
        transaction=row,
        asked=giving_back_asked(row=row, payment=row.payment),
        why=why,
        note=note,
        by=by,
        now=now,
    )


def giving_back_asked(*, row: PaymentTransaction, payment: Payment) -> dict[str, Any]:
    """Exactly what a second person agrees to."""
    lines = RefundLine.objects.filter(refund=row).order_by("pk")
    return {
        "action": row.action,
        "charge": row.parent_id,
        "amount": f"{row.amount:.4f}",
        "currency": row.currency,
        "lines": [[line.source, line.payable_id, f"{line.amount:.4f}"] for line in lines],
        "destination": destination_of(payment.instrument),
    }
