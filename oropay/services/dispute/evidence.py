"""Documents for a dispute: what may be collected, and what the gateway takes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import User
from oropay import locks
from oropay.exceptions import EvidenceRefused
from oropay.models import REQUEST_VOID, Dispute, DisputeEvidence, DisputeRequest, EvidenceType
from plumbing.models import DOCUMENT_LIMIT, DocumentKind
from plumbing.services import document_add

SIGNATURES: dict[str, tuple[bytes, ...]] = {
    "application/pdf": (b"%PDF-",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/tiff": (b"II*\x00", b"MM\x00*"),
}
"""Types a bank's clerk can open → how such a file begins. What a file is called proves nothing."""


@dataclass(frozen=True)
class EvidenceFile:
    """One file as it was uploaded."""

    name: str
    content: bytes


def type_of(content: bytes) -> str:
    """The content type a file proves by how it begins; empty for one that a bank could not open."""
    return next((kind for kind, starts in SIGNATURES.items() if content.startswith(starts)), "")


def size_words(size: int) -> str:
    """Bytes as people say them."""
    return _("{n} MB").format(n=f"{size / 1048576:.1f}") if size >= 1048576 else _("{n} KB").format(n=-(-size // 1024))


@atomic(durable=True)
def evidence_add(
    *,
    dispute: Dispute,
    files: Sequence[EvidenceFile],
    kind: EvidenceType,
    description: str,
    by: User,
    now: datetime,
) -> list[DisputeEvidence]:
    """Keep files with a dispute, all or none; nothing is sent.

    A file may be larger than the gateway takes: it is part of the case, but cannot go with a challenge.

    Raises:
        EvidenceRefused: no file, an empty or a too large one, or one that is no PDF, JPEG, PNG or TIFF.
    """
    if not files:
        raise EvidenceRefused(why=_("Choose at least one file."))
    for file in files:
        if not file.content:
            raise EvidenceRefused(why=_("{name} is empty.").format(name=file.name))
        if len(file.content) > DOCUMENT_LIMIT:
            raise EvidenceRefused(
                why=_("{name} has {size}; at most {limit} are kept.").format(
                    name=file.name, size=size_words(len(file.content)), limit=size_words(DOCUMENT_LIMIT)
                )
            )
        if not type_of(file.content):
            raise EvidenceRefused(why=_("{name} is no PDF, JPEG, PNG or TIFF file.").format(name=file.name))
    dispute = locks.dispute(pk=dispute.pk)
    return [
        DisputeEvidence.objects.create(
            dispute=dispute,
            document=document_add(
                kind=DocumentKind.EVIDENCE,
                name=file.name[-200:],
                content_type=type_of(file.content),
                content=file.content,
                now=now,
            ),
            type=kind,
            description=description.strip(),
            added_by=by,
            added_at=now,
        )
        for file in files
    ]


@atomic(durable=True)
def evidence_withdraw(*, evidence: DisputeEvidence, by: User, now: datetime) -> DisputeEvidence:
    """Take a document out of what goes with the next challenge; it stays in the case.

    Raises:
        EvidenceRefused: it was sent already.
    """
    locks.dispute(pk=evidence.dispute_id)
    evidence.refresh_from_db()
    if evidence.requests.exclude(state__in=REQUEST_VOID).exists():
        raise EvidenceRefused(why=_("It was sent to the gateway already."))
    evidence.withdrawn_at = evidence.withdrawn_at or now
    evidence.save(update_fields=["withdrawn_at"])
    return evidence


def evidence_withdrawable(*, dispute: Dispute) -> QuerySet[DisputeEvidence]:
    """What was never sent and waits to be."""
    sent = DisputeRequest.objects.filter(evidence=OuterRef("pk")).exclude(state__in=REQUEST_VOID)
    return (
        DisputeEvidence.objects.filter(~Exists(sent), dispute=dispute, withdrawn_at=None)
        .select_related("document")
        .defer("document__content")
    )


def evidence_offered(*, dispute: Dispute) -> QuerySet[DisputeEvidence]:
    """What can go with the next challenge: neither withdrawn nor sent in this stage, and small enough for the gateway.

    A later stage is judged anew: what an earlier challenge carried may be sent again.
    """
    sent = DisputeRequest.objects.filter(
        evidence=OuterRef("pk"), stage=dispute.stage, created_at__gte=dispute.stage_at
    ).exclude(state__in=REQUEST_VOID)
    return (
        DisputeEvidence.objects.filter(
            ~Exists(sent),
            dispute=dispute,
            withdrawn_at=None,
            document__size__lte=settings.OROPAY_DISPUTE_DOCUMENT_BYTES,
        )
        .select_related("document")
        .defer("document__content")
    )
