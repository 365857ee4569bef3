"""Deposits of the gateway as finance reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet, Sum

from commerce.models import User
from ledger.models import Entry, Posting
from oropay.models import Payment
from reconciliation.models import DepositVersion, ExceptionCase, MatchPart, SettlementLine
from reconciliation.selectors.people import organizations_visible_to

LINES_SHOWN = 500
"""Lines on a deposit's page; a larger deposit says how many there are."""


def deposits_visible_to(*, user: User) -> QuerySet[DepositVersion]:
    """The newest version of every deposit this person may see, newest first, with its account and booking."""
    newer = DepositVersion.objects.filter(deposit=OuterRef("deposit"), number__gt=OuterRef("number"))
    return (
        DepositVersion.objects.filter(
            ~Exists(newer), deposit__provider_account__organization__in=organizations_visible_to(user=user)
        )
        .select_related("deposit__provider_account", "deposit__booking__entry")
        .order_by("-paid_on", "-deposit_id")
    )


@dataclass(frozen=True)
class DepositLine:
    """A line of a deposit and its payment: of the expectation it met, else the one its exception names."""

    line: SettlementLine
    payment: Payment | None
    is_matched: bool


@dataclass(frozen=True)
class DepositView:
    """A deposit with all that explains it."""

    version: DepositVersion
    versions: Sequence[DepositVersion]
    lines: Sequence[DepositLine]
    line_count: int
    line_sum: Decimal
    entry: Entry | None
    cases: Sequence[ExceptionCase]


def deposit_view(*, user: User, deposit_id: int) -> DepositView | None:
    """One deposit in a fixed number of queries; None when it does not exist or is another seller's."""
    version = deposits_visible_to(user=user).filter(deposit_id=deposit_id).first()
    if version is None:
        return None
    deposit = version.deposit
    booking = getattr(deposit, "booking", None)
    entry = booking.entry if booking is not None else None
    if entry is not None:
        entry = Entry.objects.prefetch_related(
            Prefetch("postings", Posting.objects.select_related("account").order_by("-amount"))
        ).get(pk=entry.pk)
    sums = deposit.lines.aggregate(count=Count("pk"), total=Sum("amount"))
    parts = MatchPart.objects.filter(live=True).select_related("expectation__transaction__payment__customer")
    named = ExceptionCase.objects.select_related("transaction__payment__customer")
    lines = deposit.lines.order_by("pk").prefetch_related(Prefetch("match_parts", parts), Prefetch("cases", named))
    return DepositView(
        version=version,
        versions=list(deposit.versions.order_by("number")),
        lines=[_line(line) for line in lines[:LINES_SHOWN]],
        line_count=sums["count"],
        line_sum=sums["total"] or Decimal(0),
        entry=entry,
        cases=list(
            ExceptionCase.objects.filter(deposit=deposit).union(
                ExceptionCase.objects.filter(settlement_line__deposit=deposit)
            )
        ),
    )


def _line(line: SettlementLine) -> DepositLine:
    part = next(iter(line.match_parts.all()), None)
    expectation = part.expectation if part is not None else None
    case = next(iter(line.cases.all()), None)
    transaction = expectation.transaction if expectation is not None else case.transaction if case else None
    return DepositLine(
        line=line, payment=transaction.payment if transaction is not None else None, is_matched=part is not None
    )
