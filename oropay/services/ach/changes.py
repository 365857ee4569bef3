"""A bank's notice that an account's details have changed: the account is corrected before anything debits it again.

The debit the notice is about went through. Nacha gives the originator six banking days, or until the next entry, to
correct it; here it is corrected, or kept from being debited, in the transaction that records the notice.
Source: Nacha Operating Rules, Subsection 2.12.1 (duties on a notification of change).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from commerce.models import User
from oropay import locks
from oropay.accountcheck import AccountAsked, AccountFound, routing_is_valid
from oropay.changecodes import CHANGES, Change
from oropay.exceptions import ChangeKnown, ChangeRefused
from oropay.models import (
    ChangeNotice,
    ChangeOutcome,
    ChangeSource,
    CheckState,
    Instrument,
    InstrumentKind,
    InstrumentRequestKind,
    InstrumentState,
    Payment,
)
from oropay.services.ach.change_mail import change_mail
from oropay.services.ach.checked import Checks, checked_first
from oropay.services.ach.freeze import account_state
from oropay.services.outbox import request_add
from oropay.vault import seal
from oropay.vault.contexts import vault_context
from plumbing.audit import because
from plumbing.services import note_add

TYPES = frozenset({"CHECKING", "SAVING"})


@dataclass(frozen=True)
class ChangeAsked:
    """What a bank wrote about one account. Lives inside one request: the number is in the clear."""

    code: str
    noticed_on: date
    account_number: str = field(default="", repr=False)
    routing_number: str = ""
    account_type: str = ""
    """CHECKING or SAVING."""
    holder_name: str = ""
    value_unknown: bool = False
    """The bank says that it is wrong, not what is right."""
    note: str = ""
    payment: Payment | None = None
    source: ChangeSource = ChangeSource.HAND
    file_name: str = ""

    @property
    def change(self) -> Change:
        return CHANGES[self.code]

    def values(self) -> dict[str, tuple[str, bool]]:
        """Each detail in plain words: what was given, and whether the code corrects it."""
        return {
            _("account number"): (self.account_number, self.change.number),
            _("routing number"): (self.routing_number, self.change.routing),
            _("account type"): (self.account_type, self.change.type),
            _("holder's name"): (self.holder_name, self.change.holder),
        }


def change_refusal(*, asked: ChangeAsked, today: date) -> str:
    """Why a notice makes no sense, whatever account it is about, or nothing if it does. Names no account number."""
    if asked.code not in CHANGES:
        return _("{code} is not a change code that we know: {known}.").format(
            code=asked.code or _("Nothing"), known=", ".join(CHANGES)
        )
    if asked.noticed_on > today:
        return _("The bank's date lies in the future.")
    values = asked.values()
    for name, (given, corrected) in values.items():
        if given and not corrected:
            return _("{code} does not correct the {name}; leave it empty.").format(code=asked.code, name=name)
    missing = [name for name, (given, corrected) in values.items() if corrected and not given]
    if asked.value_unknown:
        return "" if len(missing) == len([1 for _given, corrected in values.values() if corrected]) else _half()
    if missing:
        return _("{code} needs the right {names}.").format(code=asked.code, names=_(" and ").join(missing))
    if asked.routing_number and not routing_is_valid(asked.routing_number):
        return _("This routing number does not exist; please check its nine digits.")
    if asked.account_type and asked.account_type not in TYPES:
        return _("The account type is CHECKING or SAVING.")
    return ""


def _half() -> str:
    return _("Either the bank says what is right, or it does not.")


def same_account(*, instrument: Instrument) -> QuerySet[Instrument]:
    """Every instrument of the seller that holds the same bank account, this one among them, removed ones left out."""
    rows = Instrument.objects.filter(
        kind=InstrumentKind.BANK, customer__organization=instrument.customer.organization_id
    )
    if not instrument.fingerprint:
        return rows.filter(pk=instrument.pk)
    return rows.filter(fingerprint=instrument.fingerprint, sealed__isnull=False) | rows.filter(pk=instrument.pk)


def change_notice_apply(*, instrument: Instrument, asked: ChangeAsked, by: User, now: datetime) -> list[ChangeNotice]:
    """Write down a bank's notice and correct the account, wherever the seller holds it; one row per instrument.

    Where the bank does not say what is right the account is not debited any more until somebody enters it again. Its
    mandates stay: the payer authorised debits of this account, under whichever number. A corrected number is checked
    before anything is locked.

    Raises:
        ChangeRefused: it does not fit the account; nothing was changed.
        ChangeKnown: the same notice is recorded already.
    """
    return checked_first(lambda checks: change_apply(instrument=instrument, asked=asked, checks=checks, by=by, now=now))


def change_apply(
    *, instrument: Instrument, asked: ChangeAsked, checks: Checks, by: User, now: datetime
) -> list[ChangeNotice]:
    """As `change_notice_apply`, in the caller's transaction, which `checked_first` has opened."""
    if instrument.kind != InstrumentKind.BANK:
        raise ChangeRefused(why=_("Only bank accounts are corrected so."))
    why = change_refusal(asked=asked, today=instrument.customer.organization.today(now))
    if why:
        raise ChangeRefused(why=why)
    ids = list(same_account(instrument=instrument).values_list("pk", flat=True))
    rows = {row.pk: row for row in locks.bank_accounts(ids=ids)}
    _refuse_old(instrument=rows[instrument.pk], asked=asked)
    found = _checked(instrument=rows[instrument.pk], asked=asked, checks=checks)
    with because(by=by, why=f"{asked.code}: {asked.note}".strip(": ")):
        notices = [
            _one(row=row, asked=asked, found=found, by=by, now=now)
            for row in rows.values()
            if row.pk == instrument.pk or not _knows(row, asked)
        ]
    if asked.payment is not None:
        text = f"{asked.code} · {asked.change.title}: {notices[0].get_outcome_display()}. {asked.note}"
        note_add(on=asked.payment, text=text.strip(), by=by, now=now)
    return notices


def _knows(row: Instrument, asked: ChangeAsked) -> bool:
    return row.change_notices.filter(code=asked.code, noticed_on=asked.noticed_on).exists()


def _refuse_old(*, instrument: Instrument, asked: ChangeAsked) -> None:
    if _knows(instrument, asked):
        raise ChangeKnown(code=asked.code, day=asked.noticed_on)
    newer = instrument.change_notices.filter(noticed_on__gt=asked.noticed_on).first()
    if newer is not None and asked.change.corrects:
        raise ChangeRefused(
            why=_("A newer notice, {code} of {day}, has been recorded for this account.").format(
                code=newer.code, day=newer.noticed_on.isoformat()
            )
        )


def _checked(*, instrument: Instrument, asked: ChangeAsked, checks: Checks) -> AccountFound | None:
    """What the account check says of the new number; None where there is none, and only the bank's word stands."""
    if not asked.account_number:
        return None
    found = checks.of(
        AccountAsked(
            account_number=asked.account_number,
            routing_number=asked.routing_number or instrument.routing_number,
            account_type=asked.account_type or instrument.account_type,
            holder_type=instrument.holder_type,
            holder_name=instrument.holder_name,
        )
    )
    if found.refusal:
        raise ChangeRefused(why=found.refusal)
    return found


def _one(*, row: Instrument, asked: ChangeAsked, found: AccountFound | None, by: User, now: datetime) -> ChangeNotice:
    """Record the notice for one of the instruments that hold the account, and act on it.

    It pays again once nothing is left of it that its bank has called wrong.
    """
    outcome = _outcome(row, asked)
    before = (row.last4, row.routing_number, row.account_type, row.holder_name)
    if outcome == ChangeOutcome.CORRECTED:
        _correct(row=row, asked=asked, found=found, now=now)
    after = (row.last4, row.routing_number, row.account_type, row.holder_name)
    names = ("last4", "routing", "type", "holder")
    corrected = dict(zip(names, _corrected(asked), strict=True))
    details: dict[str, Any] = {}
    for name, old, new in zip(names, before, after, strict=True):
        details[f"{name}_before"] = old if name == "last4" or corrected[name] else ""
        details[f"{name}_after"] = new if corrected[name] and outcome == ChangeOutcome.CORRECTED else ""
    notice = ChangeNotice.objects.create(
        organization=row.customer.organization,
        instrument=row,
        payment=asked.payment,
        code=asked.code,
        noticed_on=asked.noticed_on,
        outcome=outcome,
        source=asked.source,
        file_name=asked.file_name[:100],
        note=asked.note.strip(),
        applied_by=by,
        applied_at=now,
        **details,
    )
    if row.state in {InstrumentState.ACTIVE, InstrumentState.DEAD}:
        row.state = account_state(instrument=row)
        row.save(update_fields=["state"])
    if outcome == ChangeOutcome.CORRECTED and (asked.change.number or asked.change.routing):
        request_add(
            instrument=row,
            kind=InstrumentRequestKind.IDENTIFY,
            token=f"notice-{notice.pk}",
            by=by,
            due=now,
            now=now,
        )
    change_mail(notice=notice, now=now)
    return notice


def _corrected(asked: ChangeAsked) -> Sequence[bool]:
    change = asked.change
    return (change.number, change.routing, change.type, change.holder)


def _outcome(row: Instrument, asked: ChangeAsked) -> ChangeOutcome:
    """An account whose number is forgotten has nothing to correct, but who types it again must still be refused."""
    if not asked.change.corrects:
        return ChangeOutcome.NOTED
    if asked.value_unknown:
        return ChangeOutcome.ENTER_AGAIN
    return ChangeOutcome.NOTED if row.sealed is None else ChangeOutcome.CORRECTED


def _correct(*, row: Instrument, asked: ChangeAsked, found: AccountFound | None, now: datetime) -> None:
    """The next debit goes out with this. A removed account that may still be brought back is corrected too."""
    if asked.account_number:
        sealed = seal(secret=asked.account_number, context=vault_context(row))
        row.sealed, row.key_id, row.last4 = sealed.blob, sealed.key_id, asked.account_number[-4:]
    row.routing_number = asked.routing_number or row.routing_number
    row.account_type = asked.account_type or row.account_type
    row.holder_name = asked.holder_name or row.holder_name
    row.check_state = found.state if found is not None else CheckState.FORM
    row.check_words = (found.words if found is not None and found.words else _bank_said(asked))[:200]
    row.checked_at = now
    row.save()


def _bank_said(asked: ChangeAsked) -> str:
    return _("Corrected as its bank said ({code}).").format(code=asked.code)
