"""Who looks after a dispute, and what people remark on it."""

from datetime import datetime

from django.db.transaction import atomic

from commerce.models import User
from oropay import locks
from oropay.exceptions import RemarkRequired
from oropay.models import Dispute
from plumbing.audit import because
from plumbing.models import Note
from plumbing.services import job_add, note_add

REREAD_JOB = "oropay.dispute-reread"
"""The kind of job that reads one dispute again."""


@atomic(durable=True)
def dispute_assign(*, dispute: Dispute, owner: User | None, by: User) -> Dispute:
    """Say who looks after a dispute and is told of its deadline; None gives it back to everybody."""
    dispute = locks.dispute(pk=dispute.pk)
    dispute.owner = owner
    with because(by=by, why="owner of the dispute"):
        dispute.save(update_fields=["owner"])
    return dispute


@atomic(durable=True)
def dispute_remark(*, dispute: Dispute, text: str, by: User, now: datetime) -> Note:
    """Write down what was found out. No money moves.

    Raises:
        RemarkRequired: `text` is blank.
    """
    if not text.strip():
        raise RemarkRequired
    return note_add(on=dispute, text=text.strip(), by=by, now=now)


def dispute_reread_ask(*, dispute: Dispute, now: datetime) -> None:
    """Have a worker read a dispute of the gateway again; while one does, it is not asked twice."""
    job_add(kind=REREAD_JOB, key=str(dispute.pk), payload={"dispute": dispute.pk}, queue="gateway-batch", now=now)
