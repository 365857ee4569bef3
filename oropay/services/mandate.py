"""Whether a person's word covers a debit: finding it, writing down one given by phone or on paper, taking it back."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import User
from commerce.money import format_money
from oropay import locks
from oropay.exceptions import MandateEnded, MandateRefused
from oropay.models import (
    Initiator,
    Instrument,
    InstrumentKind,
    InstrumentState,
    Mandate,
    MandateKind,
    Payment,
)
from oropay.services.instrument import sec_code
from plumbing.audit import because
from plumbing.models import DocumentKind
from plumbing.services import document_add

AUTOMATIC = frozenset({Initiator.AUTOPAY, Initiator.SCHEDULE})
"""Nobody presses a button for these."""
COVERS: dict[MandateKind, frozenset[Initiator]] = {
    MandateKind.SINGLE: frozenset({Initiator.BUYER, Initiator.STAFF, Initiator.LINK}),
    MandateKind.STANDING: frozenset({Initiator.BUYER, Initiator.STAFF, Initiator.LINK}),
    MandateKind.RECURRING: AUTOMATIC,
}
"""Who may start a debit under which mandate. Source: Nacha, standing and recurring authorizations."""
PROVEN = frozenset({"phone", "paper"})
"""Channels whose mandate needs a recording, a written notice or a signed paper."""


@dataclass(frozen=True)
class Proof:
    """The file that proves a mandate given by phone or on paper."""

    name: str
    content_type: str
    content: bytes


def mandate_covers(
    *, mandate: Mandate, instrument_id: int, amount: Decimal, initiator: Initiator, payment: Payment | None = None
) -> str:
    """Why a mandate does not cover a debit of `amount` (major units), or nothing when it does.

    A single one covers exactly its own debit, and the same debit sent again after a return: `payment` is the first one
    then.
    """
    if mandate.revoked_at is not None:
        return _("It was revoked.")
    if payment is not None:
        return "" if payment.mandate_id == mandate.pk and payment.amount == amount else _("It is for another debit.")
    if mandate.instrument_id != instrument_id:
        return _("It is for another account.")
    if initiator not in COVERS[MandateKind(mandate.kind)]:
        return _("It does not cover debits that are started this way.")
    if mandate.kind == MandateKind.SINGLE and mandate.payments.exists():
        return _("It covered one debit, which has been made.")
    if mandate.limit is not None and amount > mandate.limit:
        currency = mandate.instrument.provider_account.settlement_currency
        return _("It covers debits up to {limit}.").format(limit=format_money(mandate.limit, currency))
    return ""


def mandate_for(*, instrument: Instrument, amount: Decimal, initiator: Initiator) -> Mandate | None:
    """The newest standing or recurring mandate of an account that covers this debit, if there is one."""
    candidates = (
        Mandate.objects.filter(instrument=instrument, revoked_at__isnull=True)
        .exclude(kind=MandateKind.SINGLE)
        .select_related("instrument__provider_account")
        .order_by("-given_at")
    )
    return next(
        (
            one
            for one in candidates
            if not mandate_covers(mandate=one, instrument_id=instrument.pk, amount=amount, initiator=initiator)
        ),
        None,
    )


@atomic(durable=True)
def mandate_record(
    *,
    instrument: Instrument,
    kind: MandateKind,
    channel: str,
    text: str,
    limit: Decimal | None,
    proof: Proof,
    by: User,
    now: datetime,
    note: str = "",
) -> Mandate:
    """Write down a mandate that a customer gave by phone or on paper, with what proves it.

    `channel` is "phone" or "paper"; `limit` is in major units, None for no limit. By phone the proof is the recording
    or the written notice sent before the debit; on paper it is the signed sheet.

    Raises:
        MandateRefused: not a bank account in use, no text, or no proof.
    Source: Nacha, TEL and PPD authorizations.
    """
    if instrument.kind != InstrumentKind.BANK or instrument.state != InstrumentState.ACTIVE:
        raise MandateRefused(why=_("Only a saved bank account that is not frozen can have one."))
    if channel not in PROVEN:
        raise MandateRefused(why=_("Say whether it was given by phone or on paper."))
    if not text.strip():
        raise MandateRefused(why=_("Write the words that the customer agreed to."))
    if not proof.content:
        raise MandateRefused(why=_("Attach the recording, the notice or the signed paper."))
    document = document_add(
        kind=DocumentKind.EVIDENCE, name=proof.name, content_type=proof.content_type, content=proof.content, now=now
    )
    currency = instrument.provider_account.settlement_currency
    rule = _("any amount owed") if limit is None else _("up to {limit}").format(limit=format_money(limit, currency))
    with because(by=by, why=note.strip() or f"mandate by {channel}"):
        return Mandate.objects.create(
            instrument=instrument,
            kind=kind,
            sec_code=sec_code(holder_type=instrument.holder_type, channel=channel),
            text_version="by hand",
            text=text.strip(),
            text_hash=hashlib.sha256(text.strip().encode()).hexdigest(),
            amount_rule=rule,
            limit=limit,
            document=document,
            note=note.strip(),
            given_by=by,
            channel=channel,
            given_at=now,
        )


@atomic(durable=True)
def mandate_revoke(*, mandate: Mandate, by: User, why: str, now: datetime) -> Mandate:
    """End a mandate: nothing more is debited under it. A debit that is under way stays; it can only be voided.

    Raises:
        MandateEnded: it was revoked already.
    """
    with because(by=by, why=why.strip() or "revoked"):
        mandate = locks.mandate(pk=mandate.pk)
        if mandate.revoked_at is not None:
            raise MandateEnded
        mandate.revoked_at, mandate.revoked_by, mandate.revoked_because = now, by, why.strip()
        mandate.save(update_fields=["revoked_at", "revoked_by", "revoked_because"])
    return mandate
