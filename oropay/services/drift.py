"""Differences between the gateway's list and ours: noting them once, and what people say about them."""

from datetime import datetime

from django.db.transaction import atomic

from commerce.models import User
from oropay.exceptions import RemarkRequired
from oropay.models import DriftFinding, DriftKind, PaymentTransaction, ProviderAccount
from plumbing.services import job_add, note_add

DRIFT_JOB = "oropay.drift"
"""The kind of job that compares one account."""


def finding_note(
    *,
    account: ProviderAccount,
    gateway_id: str,
    kind: DriftKind,
    text: str,
    transaction: PaymentTransaction | None,
    repaired: bool,
    now: datetime,
) -> bool:
    """Write down a difference, once per account, gateway id and kind while it is open. True when it is new.

    What was resolved or repaired stays closed when the same is seen again; another difference is a finding of its own.
    """
    same = {"provider_account": account, "gateway_id": gateway_id, "kind": kind}
    last = DriftFinding.objects.filter(**same).order_by("-pk").first()
    if last is not None and (last.is_open or last.text == text):
        last.seen_at = now
        if not repaired:
            last.text = text
        elif not last.repaired:
            last.repaired = text
        last.save(update_fields=["seen_at", "text", "repaired"])
        return False
    _finding, created = DriftFinding.objects.get_or_create(
        **same,
        resolved_at=None,
        repaired=text if repaired else "",
        defaults={"transaction": transaction, "text": text, "found_at": now, "seen_at": now},
    )
    return created


@atomic
def finding_resolve(*, finding: DriftFinding, remark: str, by: User, now: datetime) -> DriftFinding:
    """Close a difference with what was found out. The first word stands.

    Raises:
        RemarkRequired: `remark` is blank.
    """
    if not remark.strip():
        raise RemarkRequired
    open_ones = DriftFinding.objects.filter(pk=finding.pk, resolved_at=None)
    if open_ones.update(resolved_at=now, resolved_by=by, remark=remark.strip()) and finding.transaction is not None:
        note_add(on=finding.transaction.payment, text=f"{finding.get_kind_display()}: {remark.strip()}", by=by, now=now)
    finding.refresh_from_db()
    return finding


def drift_ask(*, account: ProviderAccount, now: datetime) -> None:
    """Have a worker compare an account with the gateway's list; while one does, it is not asked twice."""
    job_add(kind=DRIFT_JOB, key=str(account.pk), payload={"account": account.pk}, queue="gateway-batch", now=now)
