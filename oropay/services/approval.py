"""Four eyes: asking a second person, and what the second person says.

General: what is asked for and what happens on agreement is the business of the kind's handler
(`oropay.ports.approval_handlers`); here is what all kinds share. Rule: nobody agrees to what they asked for.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.transaction import atomic

from commerce.models import User
from oropay import locks
from oropay.exceptions import (
    ApprovalChanged,
    ApprovalNotYours,
    ApprovalOver,
    ApprovalTooLate,
    NoteRequired,
    RemarkRequired,
)
from oropay.models import Approval, ApprovalKind, ApprovalState, PaymentTransaction
from oropay.ports import approval_handlers
from oropay.services.approval_mail import approval_asked_mail, approval_decided_mail
from plumbing.apart import sum_apart
from plumbing.audit import because
from plumbing.models import Document

S = ApprovalState


def digest_of(asked: Mapping[str, Any]) -> str:
    """What a second person agrees to, as one number; the same question always has the same."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def approval_ask(
    *,
    kind: ApprovalKind,
    organization_id: int,
    asked: Mapping[str, Any],
    why: str,
    note: str,
    by: User,
    now: datetime,
    transaction: PaymentTransaction | None = None,
    document: Document | None = None,
) -> Approval:
    """Write down what a second person must agree to, in the caller's transaction.

    `asked` is plain JSON, amounts as text.

    Raises:
        NoteRequired: `note` is blank.
    """
    if not note.strip():
        raise NoteRequired
    approval = Approval.objects.create(
        organization_id=organization_id,
        kind=kind,
        transaction=transaction,
        asked=dict(asked),
        digest=digest_of(asked),
        why=why[:250],
        note=note.strip(),
        document=document,
        asked_by=by,
        asked_at=now,
        expires_at=now + settings.OROPAY_APPROVAL_EXPIRES,
    )
    approval_asked_mail(approval=approval, now=now)
    return approval


def approval_agree(*, approval: Approval, by: User, now: datetime) -> Approval:
    """Agree as the second person: what was asked for is done in the same moment, its limits looked at again.

    Raises:
        ApprovalNotYours: `by` asked for it, or lacks the permission of its kind.
        ApprovalOver: somebody decided already.
        ApprovalTooLate: its time is over; it is expired now.
        ApprovalChanged: what was asked for is not what would be done now; it is void and must be asked anew.
        PaymentError: its kind refuses now, with the reason; it stays waiting.
    """
    decided = _agree(approval=approval, by=by, now=now)
    if decided.state == S.EXPIRED:
        raise ApprovalTooLate
    if decided.state == S.VOID:
        raise ApprovalChanged
    return decided


@atomic(durable=True)
def _agree(*, approval: Approval, by: User, now: datetime) -> Approval:
    _second_person(approval=approval, by=by)
    handler = approval_handlers.get(approval.kind)
    subject = handler.lock(approval=approval)
    held = _waiting(pk=approval.pk)
    if now >= held.expires_at:
        handler.end(subject, approval=held, now=now)
        return _decided(held, state=S.EXPIRED, by=None, now=now)
    if digest_of(handler.asked_now(subject, approval=held)) != held.digest:
        handler.end(subject, approval=held, now=now)
        return _decided(held, state=S.VOID, by=None, now=now)
    with because(by=by, why=held.note):
        handler.agree(subject, approval=held, by=by, now=now)
        return _decided(held, state=S.AGREED, by=by, now=now)


@atomic(durable=True)
def approval_refuse(*, approval: Approval, remark: str, by: User, now: datetime) -> Approval:
    """Say no as the second person, or take it back as the one who asked. Nothing is done.

    Raises:
        RemarkRequired: `remark` is blank.
        ApprovalNotYours: `by` is neither.
        ApprovalOver: somebody decided already.
    """
    if not remark.strip():
        raise RemarkRequired
    own = approval.asked_by_id == by.pk
    if not own:
        _second_person(approval=approval, by=by)
    handler = approval_handlers.get(approval.kind)
    subject = handler.lock(approval=approval)
    held = _waiting(pk=approval.pk)
    handler.end(subject, approval=held, now=now)
    return _decided(held, state=S.WITHDRAWN if own else S.REFUSED, by=by, now=now, remark=remark)


def approval_void(*, transaction: PaymentTransaction, remark: str, now: datetime) -> None:
    """End the question about a transaction that will not be done any more, in the caller's transaction.

    The caller has locked the transaction and ended it.
    """
    held = locks.approval_waiting(transaction_id=transaction.pk)
    if held is not None:
        _decided(held, state=S.VOID, by=None, now=now, remark=remark)


def approvals_expire(*, now: datetime) -> int:
    """End every approval whose time is over, each in a transaction of its own; returns how many.

    Raises:
        SomeNotDone: some could not be ended; all others were.
    """
    due = Approval.objects.filter(state=S.WAITING, expires_at__lte=now).order_by("pk")
    return sum_apart(due, lambda approval: _expire(approval=approval, now=now))


@atomic(durable=True)
def _expire(*, approval: Approval, now: datetime) -> int:
    handler = approval_handlers.get(approval.kind)
    subject = handler.lock(approval=approval)
    held = locks.approval(pk=approval.pk)
    if held.state != S.WAITING:
        return 0
    handler.end(subject, approval=held, now=now)
    _decided(held, state=S.EXPIRED, by=None, now=now)
    return 1


def _second_person(*, approval: Approval, by: User) -> None:
    """Another one than who asked, of the same seller, with the permission of the kind."""
    if approval.asked_by_id == by.pk or not by.is_active or not by.is_staff:
        raise ApprovalNotYours
    if not by.is_superuser and by.organization_id != approval.organization_id:
        raise ApprovalNotYours
    if not by.has_perm(approval_handlers.get(approval.kind).permission):
        raise ApprovalNotYours


def _waiting(*, pk: int) -> Approval:
    held = locks.approval(pk=pk)
    if held.state != S.WAITING:
        raise ApprovalOver(state=held.get_state_display())
    return held


def _decided(approval: Approval, *, state: ApprovalState, by: User | None, now: datetime, remark: str = "") -> Approval:
    approval.state, approval.decided_by, approval.decided_at, approval.remark = state, by, now, remark.strip()
    approval.save(update_fields=["state", "decided_by", "decided_at", "remark"])
    approval_decided_mail(approval=approval, now=now)
    return approval
