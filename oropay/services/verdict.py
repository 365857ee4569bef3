"""Asking two persons what became of a transaction that no evidence decides. Source: ADR 3."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import User
from oropay.exceptions import VerdictRefused
from oropay.models import (
    NAMED,
    RUNNING,
    Approval,
    ApprovalKind,
    ApprovalState,
    PaymentTransaction,
    TransactionState,
)
from oropay.services.approval import approval_ask
from oropay.services.followup.queue import lock_family, member
from plumbing.models import DocumentKind
from plumbing.services import document_add

GATEWAY_ID = re.compile(r"[A-Za-z0-9_-]{4,50}")


@dataclass(frozen=True)
class EvidenceFile:
    """A file that proves what is said, at most 25 MB."""

    name: str
    content_type: str
    content: bytes


def verdict_refusal(*, row: PaymentTransaction, now: datetime) -> str:
    """Why people may not decide this transaction (yet); empty if they may."""
    if row.state != TransactionState.UNKNOWN:
        return _("What became of it is known.")
    if row.unknown_since is None or now - row.unknown_since < settings.OROPAY_VERDICT_AFTER:
        return _("It is still being looked up; people may decide it 24 hours after its answer was lost.")
    if row.approvals.filter(state=ApprovalState.WAITING).exists():
        return _("What somebody said of it waits for a second person.")
    return ""


@atomic(durable=True)
def verdict_propose(
    *,
    row: PaymentTransaction,
    taken: bool,
    evidence: str,
    by: User,
    now: datetime,
    gateway_id: str = "",
    document: EvidenceFile | None = None,
) -> Approval:
    """Say, as the first of two persons, whether an unknown transaction was taken, with what proves it.

    Nothing moves until a second person agrees. `gateway_id`: its name at the gateway, which one that was taken has.

    Raises:
        NoteRequired: `evidence` is blank.
        VerdictRefused: it is known already, or too young, or its reversal is under way, or what somebody said waits for
            a second person; the id is missing or another's.
        DocumentTooLarge, DocumentEmpty: the file cannot be kept.
    """
    _payment, family = lock_family(payment_id=row.payment_id)
    row = member(family, row.pk)
    if why := verdict_refusal(row=row, now=now):
        raise VerdictRefused(why=why)
    if any(child.parent_id == row.pk and child.state in RUNNING for child in family):
        raise VerdictRefused(why=_("Its reversal is under way; that answer decides."))
    gateway_id = gateway_id.strip()
    if taken and row.action in NAMED and not GATEWAY_ID.fullmatch(gateway_id):
        raise VerdictRefused(why=_("What was taken has an id at the gateway; please give it."))
    if gateway_id and PaymentTransaction.objects.filter(gateway_id=gateway_id).exclude(pk=row.pk).exists():
        raise VerdictRefused(why=_("This id belongs to another transaction."))
    kept = (
        document_add(
            kind=DocumentKind.EVIDENCE,
            name=document.name[:200],
            content_type=document.content_type[:100],
            content=document.content,
            now=now,
        )
        if document is not None
        else None
    )
    return approval_ask(
        kind=ApprovalKind.VERDICT,
        organization_id=row.payment.organization_id,
        transaction=row,
        asked=verdict_asked(row=row, taken=taken, gateway_id=gateway_id if taken else ""),
        why=_("What no evidence decides is decided by two persons."),
        note=evidence,
        document=kept,
        by=by,
        now=now,
    )


def verdict_asked(*, row: PaymentTransaction, taken: bool, gateway_id: str) -> dict[str, Any]:
    """Exactly what a second person agrees to; another state of the transaction voids it."""
    return {
        "transaction": row.pk,
        "action": row.action,
        "amount": f"{row.amount:.4f}",
        "currency": row.currency,
        "state": row.state,
        "taken": taken,
        "gateway_id": gateway_id,
    }
