"""Our answer to a dispute: accept the loss, or challenge it with documents. Each queues one row for the worker.

One that the gateway has not got can be taken back.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import User
from oropay import locks
from oropay.exceptions import (
    DisputeMoved,
    DisputeNotAnswerable,
    EvidenceRefused,
    NoteRequired,
    WithdrawalRefused,
)
from oropay.models import (
    REQUEST_LIVE,
    Dispute,
    DisputeAction,
    DisputeEvidence,
    DisputeRequest,
    DisputeResult,
    DisputeStage,
    EvidenceType,
    RequestState,
)
from oropay.selectors.disputes import twin_in_charge
from oropay.services.dispute.evidence import evidence_offered, size_words
from oropay.services.dispute.letter import letter_pdf
from plumbing.audit import because
from plumbing.models import DocumentKind
from plumbing.services import document_add, hint, note_add

GIVEN_UP = (DisputeResult.LOST, DisputeResult.ACCEPTED)
"""Results by which the money is gone, whoever said so."""


@dataclass(frozen=True)
class Answerable:
    """Whether a dispute can be answered now; if not, why."""

    now: bool
    why_not: str = ""


def answerable(*, dispute: Dispute, now: datetime) -> Answerable:
    """What dialogs, buttons and services ask before an answer."""
    if not dispute.is_open:
        return Answerable(False, _("The dispute is closed."))
    if not dispute.is_ours_to_answer:
        return Answerable(False, _("Others decide now; there is nothing to answer."))
    if dispute.respond_by is not None and dispute.respond_by <= now:
        return Answerable(False, _("The deadline has passed."))
    running = dispute.requests.filter(state__in=REQUEST_LIVE).first()
    if running is not None and running.waits:
        return Answerable(False, _("An answer waits until it can be sent; withdraw it to answer otherwise."))
    if running is not None:
        return Answerable(False, _("An answer is on its way; wait until it has arrived."))
    if dispute.requests.filter(state=RequestState.DONE, stage=dispute.stage, created_at__gte=dispute.stage_at).exists():
        return Answerable(False, _("It was answered already; the gateway has not shown that yet."))
    twin = twin_in_charge(dispute=dispute)
    if twin is not None:
        return Answerable(
            False,
            _("The account “{name}” keeps this dispute too, with its payment or our answer; see to it there.").format(
                name=twin.provider_account.name
            ),
        )
    return Answerable(True)


@atomic(durable=True)
def dispute_accept(
    *, dispute: Dispute, not_pursued: bool, note: str, by: User, now: datetime, after: int | None = None
) -> DisputeRequest:
    """Give the disputed money up. `not_pursued`: what it paid is written off instead of being owed again.

    `after` is the newest step of the dispute that the person saw. The loss is booked when the gateway confirms it.

    Raises:
        NoteRequired: `note` is blank.
        DisputeMoved: the gateway said something new since `after`.
        DisputeNotAnswerable: it is not our turn, the deadline has passed, or an answer is on its way.
    """
    if not note.strip():
        raise NoteRequired
    dispute = _lock(dispute=dispute, after=after, now=now)
    with because(by=by, why=note.strip()):
        dispute.not_pursued = not_pursued
        dispute.save(update_fields=["not_pursued"])
        request = _queue(dispute=dispute, action=DisputeAction.ACCEPT, by=by, now=now)
    note_add(on=dispute, text=note, by=by, now=now)
    return request


@atomic(durable=True)
def dispute_challenge(
    *,
    dispute: Dispute,
    evidence_ids: Collection[int],
    letter: str,
    by: User,
    now: datetime,
    after: int | None = None,
) -> DisputeRequest:
    """Send documents and, as a PDF, our own words to those who decide. `after`: see `dispute_accept`.

    Raises:
        EvidenceRefused: no document at all, too many, one that was sent or is too large, or several for a retrieval.
        DisputeMoved, DisputeNotAnswerable: as `dispute_accept`.
    """
    dispute = _lock(dispute=dispute, after=after, now=now)
    chosen = list(evidence_offered(dispute=dispute).filter(pk__in=evidence_ids))
    if len(chosen) != len(set(evidence_ids)):
        raise EvidenceRefused(why=_("A document was sent or withdrawn meanwhile, or is too large for the gateway."))
    count = len(chosen) + bool(letter.strip())
    if count == 0:
        raise EvidenceRefused(why=_("Add a document or write a letter: a challenge needs evidence."))
    if dispute.stage == DisputeStage.RETRIEVAL and count > 1:
        raise EvidenceRefused(why=_("A retrieval request takes one single document."))
    if count > settings.OROPAY_DISPUTE_DOCUMENTS:
        raise EvidenceRefused(
            why=_("The gateway takes at most {n} documents.").format(n=settings.OROPAY_DISPUTE_DOCUMENTS)
        )
    if letter.strip():
        chosen.append(_letter(dispute=dispute, text=letter.strip(), by=by, now=now))
    with because(by=by, why="challenge of the dispute"):
        dispute.not_pursued = False  # whoever challenges pursues, whatever an earlier acceptance said
        dispute.save(update_fields=["not_pursued"])
        request = _queue(dispute=dispute, action=DisputeAction.CHALLENGE, by=by, now=now)
        request.evidence.set(chosen)
    return request


@atomic(durable=True)
def dispute_answer_withdraw(*, dispute: Dispute, note: str, by: User, now: datetime) -> DisputeRequest:
    """Take an answer back that has not been sent: the dispute can be answered otherwise.

    Raises:
        NoteRequired: `note` is blank.
        WithdrawalRefused: none waits, or it is being sent at this moment.
    """
    if not note.strip():
        raise NoteRequired
    dispute = locks.dispute(pk=dispute.pk)
    waiting = answer_withdrawable(dispute=dispute)
    if waiting is None:
        raise WithdrawalRefused(why=_("No answer waits to be sent."))
    request = locks.dispute_request(pk=waiting.pk, state=RequestState.QUEUED)
    if request is None:
        raise WithdrawalRefused(why=_("It is being sent at this moment; see what becomes of it."))
    request.state, request.next_at, request.ended_at = RequestState.WITHDRAWN, None, now
    with because(by=by, why=note.strip()):
        request.save(update_fields=["state", "next_at", "ended_at"])
    acceptance_end(request=request, dispute=dispute, by=by, why=note.strip())
    note_add(on=dispute, text=note, by=by, now=now)
    return request


def answer_withdrawable(*, dispute: Dispute) -> DisputeRequest | None:
    """The answer that waits to be sent, if there is one."""
    return dispute.requests.filter(state=RequestState.QUEUED).first()


def acceptance_end(*, request: DisputeRequest, dispute: Dispute, by: User | None, why: str) -> None:
    """An acceptance that is not in effect decides nothing; what it said of a loss that is booked already stands.

    Inside the caller's transaction, which has locked the dispute.
    """
    if request.action == DisputeAction.ACCEPT and dispute.not_pursued and dispute.result not in GIVEN_UP:
        dispute.not_pursued = False
        with because(by=by, why=why):
            dispute.save(update_fields=["not_pursued"])


def _lock(*, dispute: Dispute, after: int | None, now: datetime) -> Dispute:
    dispute = locks.dispute_and_twins(pk=dispute.pk)
    if after is not None and dispute.steps.filter(pk__gt=after).exists():
        raise DisputeMoved
    found = answerable(dispute=dispute, now=now)
    if not found.now:
        raise DisputeNotAnswerable(why=found.why_not)
    return dispute


def _letter(*, dispute: Dispute, text: str, by: User, now: datetime) -> DisputeEvidence:
    content = letter_pdf(dispute=dispute, text=text, now=now)
    if len(content) > settings.OROPAY_DISPUTE_DOCUMENT_BYTES:
        raise EvidenceRefused(
            why=_("The letter comes to {size}, more than the gateway takes. Please shorten it.").format(
                size=size_words(len(content))
            )
        )
    return DisputeEvidence.objects.create(
        dispute=dispute,
        document=document_add(
            kind=DocumentKind.EVIDENCE,
            name=f"letter-{now:%Y-%m-%d}.pdf",
            content_type="application/pdf",
            content=content,
            now=now,
        ),
        type=EvidenceType.LETTER,
        description=text[:250],
        added_by=by,
        added_at=now,
    )


def _queue(*, dispute: Dispute, action: DisputeAction, by: User, now: datetime) -> DisputeRequest:
    request = DisputeRequest.objects.create(
        dispute=dispute,
        action=action,
        stage=dispute.stage,
        created_by=by,
        created_at=now,
        next_at=now + settings.OROPAY_RESEND_AFTER,
    )
    hint("oropay.tasks.dispute_answer", request.pk, queue="gateway-interactive")
    return request
