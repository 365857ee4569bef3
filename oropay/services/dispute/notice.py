"""Telling finance about a dispute, once per kind and stage: by mail, and by an alert when a deadline nears."""

from datetime import datetime

from django.conf import settings
from django.db.models import Q
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import User
from commerce.money import format_money
from oropay import locks
from oropay.models import AlertKind, Dispute, DisputeNotice, DisputeStatus, Integration, NoticeKind
from oropay.services.alert import alert_raise
from oropay.services.staff import staff_who_may
from plumbing.apart import sum_apart
from plumbing.services import mail_queue

ANSWERS = ("oropay.accept_dispute", "oropay.challenge_dispute")
"""Who may press one of these buttons is told."""


def notice_give(*, dispute: Dispute, kind: NoticeKind, now: datetime, written_off: bool = False) -> bool:
    """Mail everybody who looks after a dispute, unless they were told the same of this stage; says whether it did.

    Inside the caller's transaction, which has locked the dispute.
    """
    about = f"{dispute.stage} {dispute.stage_at:%Y-%m-%dT%H:%M}"
    _notice, is_new = DisputeNotice.objects.get_or_create(dispute=dispute, kind=kind, about=about, defaults={"at": now})
    if not is_new:
        return False
    payment = dispute.transaction.payment if dispute.transaction is not None else None
    website = payment.website if payment is not None else None
    website = website or dispute.organization.websites.order_by("-is_default", "pk").first()
    context = {
        "kind": kind.value,
        "dispute": dispute,
        "amount": format_money(dispute.amount, dispute.currency),
        "moves": dispute.stage != "RETRIEVAL",
        "answerable": dispute.is_ours_to_answer,
        "days": _days_left(dispute=dispute, now=now),
        "customer": payment.customer if payment is not None else None,
        "numbers": ", ".join(part.payable.number for part in payment.parts.select_related("payable"))
        if payment
        else "",
        "written_off": written_off,
        "link": website.url("admin:oropay_dispute_change", object_id=dispute.pk) if website is not None else "",
    }
    for person in finance_of(dispute=dispute):
        mail_queue(to=person.email, template="oropay/mail/dispute.txt", context=context, language="en-us", now=now)
    return True


def finance_of(*, dispute: Dispute) -> list[User]:
    """Whoever looks after the dispute or the integration, and the seller's staff who may answer it; each once."""
    may = staff_who_may(organization_id=dispute.organization_id, permissions=ANSWERS)
    owners = Integration.objects.filter(provider_account_id=dispute.provider_account_id, is_active=True)
    return list(
        User.objects.filter(
            Q(pk__in=may.values("pk"))
            | Q(pk=dispute.owner_id)
            | Q(pk__in=owners.filter(owner__isnull=False).values("owner_id")),
            is_active=True,
            is_staff=True,
        ).order_by("pk")
    )


def deadlines_watch(*, now: datetime) -> int:
    """Tell finance of disputes that nobody has answered and whose deadline is near or over; returns how many.

    Safe to repeat: everybody is told once of each.

    Raises:
        SomeNotDone: of some nobody could be told; of all others they were.
    """
    soon = now + settings.OROPAY_DISPUTE_WARN_BEFORE
    waiting = Dispute.objects.filter(status=DisputeStatus.WITH_MERCHANT, respond_by__lte=soon).order_by("pk")
    return sum_apart(waiting.values_list("pk", flat=True), lambda pk: _watch(dispute_id=pk, now=now))


@atomic(durable=True)
def _watch(*, dispute_id: int, now: datetime) -> bool:
    dispute = locks.dispute(pk=dispute_id)
    answered = dispute.requests.exclude(state="failed").filter(created_at__gte=dispute.stage_at).exists()
    if answered or not dispute.is_ours_to_answer or dispute.respond_by is None:
        return False
    over = dispute.respond_by <= now
    told = notice_give(dispute=dispute, kind=NoticeKind.PASSED if over else NoticeKind.NEAR, now=now)
    if told and dispute.transaction is not None:
        text = _("Dispute {id} over {amount} must be answered by {day}, and nobody has.").format(
            id=dispute.gateway_id,
            amount=format_money(dispute.amount, dispute.currency),
            day=dispute.organization.today(dispute.respond_by).isoformat(),
        )
        alert_raise(row=dispute.transaction, kind=AlertKind.DISPUTE_UNANSWERED, text=text, now=now)
    return told


def _days_left(*, dispute: Dispute, now: datetime) -> int | None:
    if dispute.respond_by is None:
        return None
    return (dispute.organization.today(dispute.respond_by) - dispute.organization.today(now)).days
