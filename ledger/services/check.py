"""Proof that the books are right, or what is wrong with them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, Sum
from django.db.models.functions import TruncMonth
from django.db.transaction import atomic

from ledger.models import Account, Entry, Posting, Seal
from ledger.ports import control_totals
from ledger.seals import FIRST, seal_hash
from ledger.selectors import balances

ZERO = Decimal(0)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: which check found it, where, and what it is."""

    check: str
    subject: str
    text: str

    def __str__(self) -> str:
        return f"{self.check}: {self.subject}: {self.text}"


def ledger_check() -> list[Finding]:
    """Look at everything at one instant: sums, homes and periods of entries, control totals, the chain of seals."""
    with _one_instant():
        return [*_sums(), *_homes(), *_periods(), *_controls(), *_chain()]


@contextmanager
def _one_instant() -> Iterator[None]:
    """One snapshot for all queries, so that money moving meanwhile raises no false alarm.

    Inside a transaction the caller decides what is seen.
    """
    if connection.in_atomic_block:
        yield
        return
    with atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _sums() -> Iterator[Finding]:
    """Every entry has lines and they sum to zero."""
    entries = Entry.objects.annotate(lines=Count("postings"), total=Sum("postings__amount"))
    for entry in entries.filter(Q(lines=0) | ~Q(total=0)).order_by("pk").iterator():
        what = "has no lines" if not entry.lines else f"is out of balance by {entry.total}"
        yield Finding(check="entry sums to zero", subject=f"entry {entry.pk} ({entry.source})", text=what)


def _homes() -> Iterator[Finding]:
    """Every line is of an entry, and on an account of its organization and currency."""
    for model, name in ((Entry, "entry_id"), (Account, "account_id")):
        orphans = Posting.objects.filter(~Exists(model._default_manager.filter(pk=OuterRef(name))))
        for posting in orphans.order_by("pk").iterator():
            yield Finding(
                check="line is at home",
                subject=f"line {posting.pk}",
                text=f"its {model._meta.verbose_name} {getattr(posting, name)} is not there",
            )
    strays = Posting.objects.exclude(
        account__organization_id=F("entry__organization_id"), account__currency=F("entry__currency")
    )
    for posting in strays.select_related("account", "entry").order_by("pk").iterator():
        yield Finding(
            check="line is at home",
            subject=f"entry {posting.entry_id} ({posting.entry.source})",
            text=f"line {posting.pk} is on an account of another organization or currency",
        )


def _periods() -> Iterator[Finding]:
    """Every entry counts in the month of its posting day, in its own organization's books."""
    entries = Entry.objects.annotate(month=TruncMonth("posted_on"))
    lost = entries.exclude(month=F("period__starts_on"), organization_id=F("period__organization_id"))
    for entry in lost.order_by("pk").iterator():
        yield Finding(
            check="entry is in its period",
            subject=f"entry {entry.pk} ({entry.source})",
            text=f"posted on {entry.posted_on} but kept in period {entry.period_id}",
        )


def _controls() -> Iterator[Finding]:
    """Every control account holds what the room that owns its meaning counts."""
    held = balances()
    for control in control_totals.all():
        wanted = control.totals()
        found = {(org, currency): total for (org, currency, name), total in held.items() if name == control.account}
        for key in sorted({*wanted, *found}):
            has, should = found.get(key, ZERO), wanted.get(key, ZERO)
            if has != should:
                organization, currency = key
                yield Finding(
                    check=f"control total {control.name}",
                    subject=f"{control.account.value} of organization {organization}",
                    text=f"holds {has} {currency}, should hold {should} {currency}",
                )


def _chain() -> Iterator[Finding]:
    """Every seal follows the one before it and still fits its entry."""
    previous, organization, seq = FIRST, None, 0
    seals = Seal.objects.select_related("entry").prefetch_related("entry__postings__account")
    for seal in seals.order_by("organization_id", "seq").iterator(chunk_size=1000):
        if seal.organization_id != organization:
            previous, organization, seq = FIRST, seal.organization_id, 0
        seq += 1
        postings = sorted(seal.entry.postings.all(), key=lambda posting: posting.pk)
        fits = seal.hash == seal_hash(previous=previous, seq=seq, entry=seal.entry, postings=postings)
        if seal.seq != seq or seal.previous_hash != previous or not fits:
            yield Finding(
                check="chain of seals",
                subject=f"seal {seal.seq} of organization {organization}",
                text=f"does not follow the seal before it, or entry {seal.entry_id} is not what was sealed",
            )
        previous, seq = seal.hash, seal.seq
