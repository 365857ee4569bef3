"""Bank accounts that may not be debited: found by fingerprint, across every customer of a seller."""

from datetime import datetime

from django.db.models import QuerySet
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import Organization, User
from oropay import locks
from oropay.exceptions import AlreadyLifted, NoteRequired
from oropay.models import AchReturn, Freeze, Instrument, InstrumentState
from oropay.services.ach.wrong import details_wrong
from plumbing.audit import because


def freeze_of(*, organization_id: int, fingerprint: str) -> Freeze | None:
    """The freeze that forbids debiting an account now, with its reason."""
    if not fingerprint:
        return None
    return Freeze.objects.filter(
        organization_id=organization_id, fingerprint=fingerprint, lifted_at__isnull=True
    ).first()


def account_state(*, instrument: Instrument) -> InstrumentState:
    """Which of the saved states an instrument is in by what speaks against it now: a freeze, or its bank's word."""
    organization_id, fingerprint = instrument.customer.organization_id, instrument.fingerprint
    if freeze_of(organization_id=organization_id, fingerprint=fingerprint) is not None:
        return InstrumentState.FROZEN
    if details_wrong(account=instrument, organization_id=organization_id, fingerprint=fingerprint):
        return InstrumentState.DEAD
    return InstrumentState.ACTIVE


def freeze_add(
    *, organization: Organization, instrument: Instrument, cause: AchReturn | None, code: str, now: datetime
) -> Freeze | None:
    """Forbid debiting a bank account across the organization, in the caller's transaction; None when it cannot be told
    apart from others.

    A second reason joins the freeze that stands: it is lifted once.
    """
    if not instrument.fingerprint:
        return None
    freeze, _made = Freeze.objects.get_or_create(
        organization=organization,
        fingerprint=instrument.fingerprint,
        lifted_at=None,
        defaults={"last4": instrument.last4, "cause": cause, "code": code, "frozen_at": now},
    )
    _same_account(organization=organization, fingerprint=instrument.fingerprint).filter(
        state=InstrumentState.ACTIVE
    ).update(state=InstrumentState.FROZEN)
    autopay_stop(organization=organization, instrument=instrument, now=now)
    return freeze


def freeze_follow(*, instrument: Instrument, before: str, now: datetime) -> None:
    """Let a freeze follow an account to the number its bank now gives it, in the caller's transaction.

    `before` is its old fingerprint. A freeze of the new number counts as well: it may be somebody else's account.
    """
    organization = instrument.customer.organization
    standing = freeze_of(organization_id=organization.pk, fingerprint=instrument.fingerprint) or freeze_of(
        organization_id=organization.pk, fingerprint=before
    )
    if standing is not None:
        freeze_add(organization=organization, instrument=instrument, cause=standing.cause, code=standing.code, now=now)


def autopay_stop(*, organization: Organization, instrument: Instrument, now: datetime) -> None:
    """From now on only a person may start a debit of this account, whichever customer of the seller it belongs to."""
    if instrument.fingerprint:
        _same_account(organization=organization, fingerprint=instrument.fingerprint).filter(
            autopay_stopped_at=None
        ).update(autopay_stopped_at=now)


def freeze_end(*, freeze: Freeze, by: User | None, note: str, now: datetime) -> None:
    """Let the account be debited again, in the caller's transaction, which has locked the freeze.

    What its bank has called wrong meanwhile must still be entered again.
    """
    freeze.lifted_at, freeze.lifted_by, freeze.note = now, by, note
    freeze.save(update_fields=["lifted_at", "lifted_by", "note"])
    same = _same_account(organization=freeze.organization, fingerprint=freeze.fingerprint)
    for account in locks.instruments(ids=same.filter(state=InstrumentState.FROZEN).values_list("pk", flat=True)):
        if account.state == InstrumentState.FROZEN:
            account.state = account_state(instrument=account)
            account.save(update_fields=["state"])


@atomic(durable=True)
def freeze_lift(*, freeze: Freeze, note: str, by: User, now: datetime) -> Freeze:
    """Let people debit a frozen account again; `note` says what makes it safe. Autopay stays stopped.

    Raises:
        NoteRequired: `note` is blank.
        AlreadyLifted: somebody else was faster.
    """
    if not note.strip():
        raise NoteRequired
    with because(by=by, why=note.strip()):
        freeze = locks.freeze(pk=freeze.pk)
        if freeze.lifted_at is not None:
            raise AlreadyLifted
        freeze_end(freeze=freeze, by=by, note=note.strip(), now=now)
    return freeze


def frozen_sentence(freeze: Freeze | None) -> str:
    """What a person who wants to pay with a frozen account reads; the reason in the buyer's words."""
    if freeze is None:
        return _("This bank account is frozen after a returned debit. Please use another account, or contact us.")
    return _("This bank account cannot be debited: an earlier debit came back. {why}").format(why=freeze.reason.buyer)


def _same_account(*, organization: Organization, fingerprint: str) -> QuerySet[Instrument]:
    return Instrument.objects.filter(customer__organization=organization, fingerprint=fingerprint)
