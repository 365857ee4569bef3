"""How long the number of a bank account stays in the vault: as long as something may need it, and no longer.

A refund, a void and the daily look name the debit at the gateway, not the account: none of them needs the number.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.transaction import atomic
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from oropay import locks
from oropay.models import (
    INITIATING,
    INSTRUMENT_REQUEST_LIVE,
    SAVED,
    AchReturn,
    Action,
    Instrument,
    InstrumentKind,
    InstrumentRequest,
    InstrumentState,
    PaymentTransaction,
    TransactionState,
)
from oropay.returncodes import CODES, RETRY_WITHIN, RETURNED_WITHIN
from plumbing.apart import sum_apart
from plumbing.audit import because

ON_ITS_WAY = [
    TransactionState.QUEUED,
    TransactionState.SENDING,
    TransactionState.ACTION_REQUIRED,
    TransactionState.REVIEW,
    TransactionState.UNKNOWN,
]
"""A debit or credit that is still to be sent, or whose account is saved once it turns out accepted."""
MAY_BE_SENT_AGAIN = ["", *(code for code, reason in CODES.items() if reason.may_retry)]
"""Return codes, and none while nobody has entered it."""
FORGOTTEN = "nothing needs the account number any more"

SAVED_WORDS = _("Sealed while the account is saved.")
FORGOTTEN_WORDS = _("Forgotten: nothing needs it any more.")
SOON_WORDS = _("Sealed; nothing needs it any more, so it is forgotten within a day.")
NEEDED_WORDS: Mapping[str, str | Promise] = {
    "on_its_way": _("Sealed: a debit or credit with it is on its way."),
    "asked_about": _("Sealed: it is being recognised, or its removal can still be taken back."),
    "may_come_back": _("Sealed: a debit of it may still come back and be sent again."),
    "may_be_repeated": _("Sealed: a debit of it came back and may be sent again."),
}
"""Why a number is kept of an account that is not saved; the reasons are those of `_needs`."""


def number_words(*, account: Instrument, now: datetime) -> str | Promise:
    """Whether a bank account's number is in the vault, and why, for staff."""
    if account.sealed is None:
        return FORGOTTEN_WORDS
    if account.state in SAVED:
        return SAVED_WORDS
    reason = _reason(account=account, now=now)
    return NEEDED_WORDS[reason] if reason else SOON_WORDS


def numbers_forget(*, now: datetime) -> int:
    """Empty the box of every bank account that is neither saved nor needed; returns how many."""
    unneeded = [_unneeded(state=state, now=now) for state in (InstrumentState.ONCE, InstrumentState.DELETED)]
    ids = [pk for rows in unneeded for pk in rows.order_by("pk").values_list("pk", flat=True)]
    return sum_apart(ids, lambda pk: _forget_one(pk=pk, now=now))


@atomic(durable=True)
def _forget_one(*, pk: int, now: datetime) -> int:
    with because(by=None, why=FORGOTTEN):
        account = locks.instrument(pk=pk)
        return int(account.state not in SAVED and number_forget(account=account, now=now))


def number_forget(*, account: Instrument, now: datetime) -> bool:
    """Empty the box of an account that is not saved, in the caller's transaction, unless something needs the number."""
    if account.sealed is None or _reason(account=account, now=now):
        return False
    account.state, account.sealed, account.key_id = InstrumentState.DELETED, None, ""
    account.save(update_fields=["state", "sealed", "key_id"])
    return True


def account_forget(*, account: Instrument, now: datetime) -> None:
    """Empty every box of an account that its owner removed, in the caller's transaction.

    A debit that came back is not sent again then; a box that something else needs is emptied by `numbers_forget`.
    """
    ids = numbers_of(account=account).values_list("pk", flat=True)
    for row in locks.instruments(ids=[account.pk, *ids]):
        row.state = InstrumentState.DELETED
        if not number_forget(account=row, now=now):
            row.save(update_fields=["state"])


def numbers_of(*, account: Instrument) -> QuerySet[Instrument]:
    """The other rows of one account of one owner, with their boxes: every time it was typed left one.

    What people of a company used once is the company's when the company's own account is removed. What joined another
    saved account is that one's.
    """
    same = Q(same_as=account)
    if account.fingerprint:
        same |= Q(fingerprint=account.fingerprint) & ~Q(same_as__state__in=SAVED)
    rows = Instrument.objects.filter(
        same,
        kind=InstrumentKind.BANK,
        sealed__isnull=False,
        state=InstrumentState.ONCE,
        customer=account.customer_id,
        provider_account=account.provider_account_id,
    )
    return rows if account.owner_id is None else rows.filter(owner=account.owner_id)


def _reason(*, account: Instrument, now: datetime) -> str:
    """The first of its needs, or nothing."""
    needs = _needs(state=InstrumentState(account.state), now=now)
    found = Instrument.objects.filter(pk=account.pk).annotate(**needs).values(*needs).get()
    return next((name for name, is_so in found.items() if is_so), "")


def _unneeded(*, state: InstrumentState, now: datetime) -> QuerySet[Instrument]:
    rows = Instrument.objects.filter(kind=InstrumentKind.BANK, sealed__isnull=False, state=state)
    for need in _needs(state=state, now=now).values():
        rows = rows.filter(~need)
    return rows


def _needs(*, state: InstrumentState, now: datetime) -> dict[str, Exists]:
    """What needs the number of an account that is not saved. A removed one is not debited again for a return."""
    rows = PaymentTransaction.objects.filter(payment__instrument=OuterRef("pk"))
    sent = rows.filter(action__in=sorted(INITIATING | {Action.CREDIT}), state__in=ON_ITS_WAY)
    asked = InstrumentRequest.objects.filter(instrument=OuterRef("pk"), state__in=INSTRUMENT_REQUEST_LIVE)
    needs = {"on_its_way": Exists(sent), "asked_about": Exists(asked)}
    if state == InstrumentState.DELETED:
        return needs
    stands = rows.filter(
        action=Action.CHARGE,
        state__in=[TransactionState.PENDING, TransactionState.APPROVED],
        created_at__gt=now - RETURNED_WITHIN,
    ).exclude(Exists(AchReturn.objects.filter(transaction__parent=OuterRef("pk"))))
    since = now - RETRY_WITHIN
    came_back = AchReturn.objects.filter(
        Q(transaction__payment__retry_of=None, transaction__payment__created_at__gt=since)
        | Q(transaction__payment__retry_of__created_at__gt=since),
        transaction__payment__instrument=OuterRef("pk"),
        code__in=MAY_BE_SENT_AGAIN,
    )
    return {**needs, "may_come_back": Exists(stands), "may_be_repeated": Exists(came_back)}
