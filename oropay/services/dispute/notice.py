"""Telling finance about a dispute, once of each thing: by mail, and by an alert when an answer is missing."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import User
from commerce.money import format_money
from oropay import locks
from oropay.models import (
    REQUEST_VOID,
    AlertKind,
    Dispute,
    DisputeNotice,
    DisputeRequest,
    DisputeStatus,
    Integration,
    NoticeKind,
    RequestState,
)
from oropay.selectors.disputes import linked_twin, twins_of
from oropay.services.alert import alert_raise
from oropay.services.staff import staff_who_may
from plumbing.apart import sum_apart
from plumbing.services import mail_queue

ANSWERS = ("oropay.accept_dispute", "oropay.challenge_dispute")
"""Who may press one of these buttons is told."""
TAKEN_WITHIN = timedelta(minutes=5)
"""Workers that are there take up an answer, or end the one that another left, within this after it is due."""


def notice_give(
    *,
    dispute: Dispute,
    kind: NoticeKind,
    now: datetime,
    about: str = "",
    answer: DisputeRequest | None = None,
    written_off: bool = False,
) -> bool:
    """Mail everybody who looks after a dispute, unless they were told the same before; says whether it did.

    What is the same is told once a stage, or once per `about`. `answer` is our newest, whatever became of it.
    Inside the caller's transaction, which has locked the dispute.
    """
    about = about or _stage(dispute)
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
        "answer": answer,
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


def answer_failed_tell(*, request: DisputeRequest, dispute: Dispute, now: datetime) -> None:
    """Say that what was answered is not in effect, while there may be time to answer again.

    Inside the caller's transaction, which has locked the dispute.
    """
    notice_give(dispute=dispute, kind=NoticeKind.FAILED, now=now, about=f"answer {request.pk}", answer=request)
    if dispute.is_ours_to_answer:
        text = _("The answer to dispute {id} over {amount} was not delivered: {why}. Please answer again by {day}.")
        _alert(dispute=dispute, text=text, why=request.get_failure_display(), now=now)


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
    """Tell finance of disputes that no answer has reached and whose deadline is near or over; returns how many.

    Safe to repeat: everybody is told once of each, and once more after an answer that failed or was withdrawn.

    Raises:
        SomeNotDone: of some nobody could be told; of all others they were.
    """
    soon = now + settings.OROPAY_DISPUTE_WARN_BEFORE
    waiting = Dispute.objects.filter(status=DisputeStatus.WITH_MERCHANT, respond_by__lte=soon).order_by("pk")
    return sum_apart(waiting.values_list("pk", flat=True), lambda pk: _watch(dispute_id=pk, now=now))


@atomic(durable=True)
def _watch(*, dispute_id: int, now: datetime) -> bool:
    dispute = locks.dispute(pk=dispute_id)
    ours = Q(dispute=dispute) | Q(dispute__in=twins_of(dispute=dispute))
    answers = DisputeRequest.objects.filter(ours, created_at__gte=dispute.stage_at)
    newest = answers.order_by("pk").last()
    if _arrives(newest, now=now) or not dispute.is_ours_to_answer or dispute.respond_by is None:
        return False
    if linked_twin(dispute=dispute) is not None:
        return False  # whoever sees to it there is warned there
    failed = newest if newest is not None and newest.state in REQUEST_VOID else None
    if failed is not None and dispute.respond_by > now:
        told = _near_again(dispute=dispute, failed=failed, respond_by=dispute.respond_by, now=now)
    else:
        kind = NoticeKind.NEAR if dispute.respond_by > now else NoticeKind.PASSED
        told = notice_give(dispute=dispute, kind=kind, now=now, answer=newest)
    if told:
        text = _("Dispute {id} over {amount} must be answered by {day}, and no answer has arrived.")
        _alert(dispute=dispute, text=text, now=now)
    return told


def _arrives(answer: DisputeRequest | None, *, now: datetime) -> bool:
    """Whether an answer has arrived or is just being sent; one that waits for a silent gateway, or that no worker
    takes or ends, may come too late.
    """
    if answer is None or answer.state in REQUEST_VOID or answer.state == RequestState.UNKNOWN or answer.waits:
        return False
    return answer.next_at is None or now < answer.next_at + TAKEN_WITHIN


def _near_again(*, dispute: Dispute, failed: DisputeRequest, respond_by: datetime, now: datetime) -> bool:
    """Warn again after an answer that failed or was withdrawn; people know of that, so not before half of the time that
    was left then is over.
    """
    ended_at = failed.ended_at or now
    if now < ended_at + (respond_by - ended_at) / 2:
        return False
    about = f"{_stage(dispute)} after answer {failed.pk}"
    return notice_give(dispute=dispute, kind=NoticeKind.NEAR, now=now, about=about)


def _stage(dispute: Dispute) -> str:
    return f"{dispute.stage} {dispute.stage_at:%Y-%m-%dT%H:%M}"


def _alert(*, dispute: Dispute, text: str, now: datetime, **facts: str) -> None:
    """Ask people to answer; a dispute without a payment has nothing to hang an alert on."""
    if dispute.transaction is None:
        return
    words = text.format(
        id=dispute.gateway_id,
        amount=format_money(dispute.amount, dispute.currency),
        day=dispute.organization.today(dispute.respond_by).isoformat() if dispute.respond_by else "–",
        **facts,
    )
    alert_raise(row=dispute.transaction, kind=AlertKind.DISPUTE_UNANSWERED, text=words, now=now)


def _days_left(*, dispute: Dispute, now: datetime) -> int | None:
    if dispute.respond_by is None:
        return None
    return (dispute.organization.today(dispute.respond_by) - dispute.organization.today(now)).days
