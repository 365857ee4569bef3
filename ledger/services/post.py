"""Posting: the only way into the books."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

from ledger.exceptions import AlreadyMirrored, EmptyEntry, UnbalancedEntry
from ledger.models import ACCOUNT_TYPES, MIRRORS, Account, AccountName, Entry, EntryKind, Posting
from ledger.services.lines import Line
from ledger.services.periods import period_for


def entry_post(
    *,
    organization_id: int,
    currency: str,
    kind: EntryKind,
    lines: Sequence[Line],
    occurred_on: date,
    source: str,
    memo: str = "",
    customer_id: int | None = None,
    now: datetime,
) -> Entry:
    """Write one event into the books, in the caller's transaction: all of it with the event, or none of it.

    Lines of zero are left out. Counts on `occurred_on` (the date in the organization's time zone) or, if that month is
    closed, on the first open day. Four statements: lock the period, read the accounts, entry, postings.
    The caller has a transaction open (else `TransactionManagementError`).

    Raises:
        UnbalancedEntry: debits and credits differ. The database refuses it too.
        EmptyEntry: no line moves anything.
    """
    return _write(
        organization_id=organization_id,
        currency=currency,
        kind=kind,
        lines=lines,
        occurred_on=occurred_on,
        source=source,
        memo=memo,
        customer_id=customer_id,
        mirror_of=None,
        now=now,
    )


def entry_mirror(*, entry: Entry, occurred_on: date, source: str, memo: str = "", now: datetime) -> Entry:
    """Undo an entry by its opposite: every line with the other sign, pointing at what it undoes.

    Raises:
        AlreadyMirrored: it was undone before.
    """
    if Entry.objects.filter(mirror_of=entry).exists():
        raise AlreadyMirrored(source=entry.source)
    postings = Posting.objects.filter(entry=entry).select_related("account").order_by("pk")
    return _write(
        organization_id=entry.organization_id,
        currency=entry.currency,
        kind=MIRRORS.get(EntryKind(entry.kind), EntryKind.ADJUSTED),
        lines=[Line(account=AccountName(line.account.name), amount=-line.amount) for line in postings],
        occurred_on=occurred_on,
        source=source,
        memo=memo,
        customer_id=entry.customer_id,
        mirror_of=entry,
        now=now,
    )


def _write(
    *,
    organization_id: int,
    currency: str,
    kind: EntryKind,
    lines: Sequence[Line],
    occurred_on: date,
    source: str,
    memo: str,
    customer_id: int | None,
    mirror_of: Entry | None,
    now: datetime,
) -> Entry:
    moving = [line for line in lines if line.amount]
    if not moving:
        raise EmptyEntry(source=source)
    difference = sum((line.amount for line in moving), Decimal(0))
    if difference:
        raise UnbalancedEntry(source=source, difference=difference)
    period, posted_on = period_for(organization_id=organization_id, occurred_on=occurred_on, kind=kind)
    accounts = _accounts(organization_id=organization_id, currency=currency, names={line.account for line in moving})
    entry = Entry.objects.create(
        organization_id=organization_id,
        kind=kind,
        currency=currency,
        period=period,
        occurred_on=occurred_on,
        posted_on=posted_on,
        source=source,
        memo=memo,
        customer_id=customer_id,
        mirror_of=mirror_of,
        created_at=now,
    )
    Posting.objects.bulk_create(
        Posting(entry=entry, account_id=accounts[line.account], amount=line.amount) for line in moving
    )
    return entry


def _accounts(*, organization_id: int, currency: str, names: Iterable[AccountName]) -> dict[str, int]:
    """Ids by name; accounts never posted to before are made (a competitor may make them at the same moment)."""
    wanted = set(names)
    found = _known(organization_id=organization_id, currency=currency, names=wanted)
    missing = sorted(wanted - found.keys())
    if missing:
        Account.objects.bulk_create(
            [
                Account(organization_id=organization_id, currency=currency, name=name, type=ACCOUNT_TYPES[name])
                for name in missing
            ],
            ignore_conflicts=True,
        )
        found = _known(organization_id=organization_id, currency=currency, names=wanted)
    return found


def _known(*, organization_id: int, currency: str, names: set[AccountName]) -> dict[str, int]:
    rows = Account.objects.filter(organization_id=organization_id, currency=currency, name__in=sorted(names))
    return dict(rows.values_list("name", "pk"))
