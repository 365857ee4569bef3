"""Finding the month an entry counts in, and keeping it open until the entry is written."""

from datetime import date

from ledger import locks
from ledger.models import EntryKind, Period, PeriodState


def period_hold(*, organization_id: int, day: date) -> Period:
    """Keep the month of `day` from being closed until this transaction ends; the first lock of every money write."""
    starts_on = day.replace(day=1)
    period = locks.period_shared(organization_id=organization_id, starts_on=starts_on)
    return period or _made(organization_id=organization_id, starts_on=starts_on)


OPEN_ONLY = [PeriodState.OPEN.value]
STATES_FOR = {EntryKind.ADJUSTED: [PeriodState.OPEN.value, PeriodState.CLOSING.value]}
"""In which states a month takes an entry of a kind; any other kind wants it open."""


def period_for(*, organization_id: int, occurred_on: date, kind: EntryKind) -> tuple[Period, date]:
    """Hold the period that takes an entry of this kind, and say on which day it counts there.

    That is its own day if its month is open, else the first day of the first later month that is. A month nobody has
    posted to yet is open, unless a later one has begun to close.
    """
    own = occurred_on.replace(day=1)
    period = locks.period_shared(organization_id=organization_id, starts_on=own)
    if period is not None and _takes(period, kind):
        return period, occurred_on
    while True:
        starts_on = _first_open(organization_id=organization_id, since=own, kind=kind)
        period = period_hold(organization_id=organization_id, day=starts_on)
        if _takes(period, kind):  # else it was closed while we were looking
            return period, max(occurred_on, starts_on)


def _takes(period: Period, kind: EntryKind) -> bool:
    return period.state in STATES_FOR.get(kind, OPEN_ONLY)


def _first_open(*, organization_id: int, since: date, kind: EntryKind) -> date:
    known = {row.starts_on: row for row in Period.objects.filter(organization_id=organization_id, starts_on__gte=since)}
    last_shut = max((day for day, row in known.items() if row.state != PeriodState.OPEN), default=None)
    month = since
    while True:
        row = known.get(month)
        if _takes(row, kind) if row is not None else last_shut is None or month > last_shut:
            return month
        month = _next_month(month)


def _next_month(month: date) -> date:
    return month.replace(year=month.year + 1, month=1) if month.month == 12 else month.replace(month=month.month + 1)


def _made(*, organization_id: int, starts_on: date) -> Period:
    """Make the month's row, or find the one a competitor has just made."""
    Period.objects.bulk_create(
        [Period(organization_id=organization_id, starts_on=starts_on)],
        ignore_conflicts=True,
    )
    period = locks.period_shared(organization_id=organization_id, starts_on=starts_on)
    if period is None:
        raise Period.DoesNotExist(f"{starts_on} of organization {organization_id}")
    return period
