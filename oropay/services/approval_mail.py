"""Telling people that a second person is wanted, and telling who asked how it ended."""

from datetime import datetime

from oropay.models import Approval
from oropay.ports import approval_handlers
from oropay.services.staff import staff_who_may
from plumbing.services import mail_queue


def approval_asked_mail(*, approval: Approval, now: datetime) -> None:
    """Queue it to everybody who may agree, in the transaction that asks."""
    permission = approval_handlers.get(approval.kind).permission
    people = staff_who_may(organization_id=approval.organization_id, permissions=[permission])
    for person in people.exclude(pk=approval.asked_by_id):
        _queue(approval, to=person.email, now=now)


def approval_decided_mail(*, approval: Approval, now: datetime) -> None:
    """Queue it to who asked, unless that person decided it: somebody else did, or its time was over."""
    if approval.decided_by_id != approval.asked_by_id and approval.asked_by.email:
        _queue(approval, to=approval.asked_by.email, now=now)


def _queue(approval: Approval, *, to: str, now: datetime) -> None:
    handler = approval_handlers.get(approval.kind)
    website = approval.organization.websites.order_by("-is_default", "pk").first()
    mail_queue(
        to=to,
        template="oropay/mail/approval.txt",
        context={
            "approval": approval,
            "waits": approval.decided_at is None,
            "sentence": handler.sentence(approval=approval),
            "details": list(handler.details(approval=approval)),
            "link": website.url("admin:oropay_approval_change", object_id=approval.pk) if website is not None else "",
        },
        language="en-us",
        now=now,
    )
