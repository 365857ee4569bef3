"""Posting: the only way into the books."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import connection

from ledger.exceptions import AlreadyMirrored, EmptyEntry, UnbalancedEntry
from ledger.locks import needs_transaction
from ledger.models import MIRRORS, AccountName, Entry, EntryKind, Period, Posting
from ledger.services.accounts import account_ids
from ledger.services.lines import Line
from ledger.services.periods import OPEN_ONLY, STATES_FOR, period_for
from plumbing.prepared import prepared

WRITE = """
WITH home AS (
    SELECT id FROM ledger_period
     WHERE organization_id = %s AND starts_on = %s AND state = ANY (%s::text[])
       FOR SHARE
), entry AS (
    INSERT INTO ledger_entry (organization_id, kind, currency, period_id, occurred_on, posted_on, source, memo,
                              customer_id, mirror_of_id, created_at)
    SELECT %s, %s, %s, home.id, %s, %s, %s, %s, %s, %s, %s FROM home
    RETURNING id, period_id, xid
)
INSERT INTO ledger_posting (entry_id, account_id, amount)
SELECT entry.id, line.account_id, line.amount
  FROM entry, unnest(%s::bigint[], %s::numeric[]) AS line (account_id, amount)
RETURNING entry_id, (SELECT period_id FROM entry), (SELECT xid::text FROM entry)
"""
"""An entry and its postings in one statement, as the trigger that balances them wants it, and with the lock of its
month: a third of the round trips. Nothing if that month is not there or takes no such entry.
"""

WRITE_MANY = """
WITH asked AS (
    SELECT nextval('ledger_entry_id_seq') AS id, *
      FROM unnest(%s::text[], %s::date[], %s::date[], %s::bigint[], %s::text[], %s::text[], %s::bigint[])
           WITH ORDINALITY AS asked (kind, occurred_on, posted_on, period_id, source, memo, customer_id, place)
), entry AS (
    INSERT INTO ledger_entry (id, organization_id, kind, currency, period_id, occurred_on, posted_on, source, memo,
                              customer_id, created_at)
    SELECT id, %s, kind, %s, period_id, occurred_on, posted_on, source, memo, customer_id, %s FROM asked
)
INSERT INTO ledger_posting (entry_id, account_id, amount)
SELECT asked.id, line.account_id, line.amount
  FROM unnest(%s::bigint[], %s::bigint[], %s::numeric[]) AS line (place, account_id, amount)
  JOIN asked USING (place)
 ORDER BY place
"""
"""The same for many entries of one organization and currency."""


@dataclass(frozen=True)
class EntryAsked:
    """One of many entries; see `entry_post`."""

    kind: EntryKind
    lines: Sequence[Line]
    occurred_on: date
    source: str
    memo: str = ""
    customer_id: int | None = None


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
    closed, on the first open day. One statement, where the accounts are known and the month is open.
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


def entries_post(*, organization_id: int, currency: str, entries: Sequence[EntryAsked], now: datetime) -> int:
    """Write many events into the books at once, as `entry_post` does each; all of them or none. Returns how many.

    Raises:
        UnbalancedEntry, EmptyEntry: of the first that is wrong; nothing was posted.
    """
    moving = [_moving(lines=entry.lines, source=entry.source) for entry in entries]
    if not entries:
        return 0
    days = sorted({(entry.occurred_on, entry.kind == EntryKind.ADJUSTED) for entry in entries})
    counts = {
        (day, by_hand): period_for(
            organization_id=organization_id,
            occurred_on=day,
            kind=EntryKind.ADJUSTED if by_hand else EntryKind.CAPTURED,
        )
        for day, by_hand in days
    }
    accounts = account_ids(
        organization_id=organization_id, currency=currency, names={line.account for lines in moving for line in lines}
    )
    homes = [counts[entry.occurred_on, entry.kind == EntryKind.ADJUSTED] for entry in entries]
    lines = [(place, line) for place, own in enumerate(moving, start=1) for line in own]
    with connection.cursor() as cursor:
        cursor.execute(
            WRITE_MANY,
            [
                [entry.kind for entry in entries],
                [entry.occurred_on for entry in entries],
                [posted_on for _period, posted_on in homes],
                [period.pk for period, _posted_on in homes],
                [entry.source for entry in entries],
                [entry.memo for entry in entries],
                [entry.customer_id for entry in entries],
                organization_id,
                currency,
                now,
                [place for place, _line in lines],
                [accounts[line.account] for _place, line in lines],
                [line.amount for _place, line in lines],
            ],
        )
    return len(entries)


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
    moving = _moving(lines=lines, source=source)
    needs_transaction()
    accounts = account_ids(organization_id=organization_id, currency=currency, names={line.account for line in moving})
    entry = Entry(
        organization_id=organization_id,
        kind=kind,
        currency=currency,
        occurred_on=occurred_on,
        posted_on=occurred_on,
        source=source,
        memo=memo,
        customer_id=customer_id,
        mirror_of=mirror_of,
        created_at=now,
    )
    lines_written = [accounts[line.account] for line in moving], [line.amount for line in moving]
    if not _insert(entry, *lines_written):
        _period, entry.posted_on = period_for(organization_id=organization_id, occurred_on=occurred_on, kind=kind)
        if not _insert(entry, *lines_written):
            raise Period.DoesNotExist(f"{entry.posted_on} of organization {organization_id}")
    return entry


def _insert(entry: Entry, account_pks: list[int], amounts: list[Decimal]) -> bool:
    """Write it into the month of `posted_on`; False if that month takes no such entry."""
    with connection.cursor() as cursor:
        cursor.execute(
            prepared(name="entry", sql=WRITE, connection=connection),
            [
                entry.organization_id,
                entry.posted_on.replace(day=1),
                STATES_FOR.get(EntryKind(entry.kind), OPEN_ONLY),
                entry.organization_id,
                entry.kind,
                entry.currency,
                entry.occurred_on,
                entry.posted_on,
                entry.source,
                entry.memo,
                entry.customer_id,
                entry.mirror_of_id,
                entry.created_at,
                account_pks,
                amounts,
            ],
        )
        written = cursor.fetchone()
    if written is None:
        return False
    entry.pk, entry.period_id, xid = written
    entry.xid = int(xid)
    entry._state.adding = False
    entry._state.db = connection.alias
    return True


def _moving(*, lines: Sequence[Line], source: str) -> list[Line]:
    """The lines that move something. Raises: see `entry_post`."""
    moving = [line for line in lines if line.amount]
    if not moving:
        raise EmptyEntry(source=source)
    difference = sum((line.amount for line in moving), Decimal(0))
    if difference:
        raise UnbalancedEntry(source=source, difference=difference)
    return moving
