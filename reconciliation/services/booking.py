"""Post each deposit of the gateway once: what it paid out, what it kept, and what it thereby no longer owes us."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef

from ledger.models import AccountName, EntryKind
from ledger.services import Line, entry_post, period_hold
from oropay.models import ProviderAccount
from reconciliation import locks
from reconciliation.models import DepositBooking, DepositVersion
from reconciliation.models.deposit import PAID_OUT


def deposits_book(*, provider_account: ProviderAccount, deposit_ids: Sequence[int], now: datetime) -> int:
    """Book those of the deposits that were paid out and are not booked; returns how many.

    Debit cash in transit (net) and gateway fees, credit gateway clearing (net + fees). A deposit that does not add up
    is booked by its own net and fees all the same, because that is what the bank will show; `cases_raise` asks a
    person.
    Only a bank line will ever debit Bank. What another account of the merchant has booked is not booked again. Must run
    inside the caller's transaction.
    """
    merchant = locks.merchant(account=provider_account)
    newer = DepositVersion.objects.filter(deposit=OuterRef("deposit"), number__gt=OuterRef("number"))
    booked = DepositBooking.objects.filter(
        deposit__gateway_id=OuterRef("deposit__gateway_id"), deposit__provider_account__in=merchant
    )
    versions = list(
        DepositVersion.objects.filter(
            ~Exists(newer), ~Exists(booked), deposit__in=list(deposit_ids), status__in=PAID_OUT
        )
        .select_related("deposit")
        .order_by("paid_on", "deposit_id")
    )
    organization_id = provider_account.organization_id
    for month in sorted({version.paid_on.replace(day=1) for version in versions}):
        period_hold(organization_id=organization_id, day=month)
    for version in versions:
        _book(organization_id=organization_id, version=version, now=now)
    return len(versions)


def _book(*, organization_id: int, version: DepositVersion, now: datetime) -> None:
    lines = [
        Line(account=AccountName.CASH_IN_TRANSIT, amount=version.net),
        Line(account=AccountName.GATEWAY_FEES, amount=version.fees),
        Line(account=AccountName.GATEWAY_CLEARING, amount=-version.gross),
    ]
    entry = None
    if any(line.amount for line in lines):
        entry = entry_post(
            organization_id=organization_id,
            currency=version.currency,
            kind=EntryKind.DEPOSIT_ADVICE,
            lines=lines,
            occurred_on=version.paid_on,
            source=f"deposit:{version.deposit_id}",
            memo=version.deposit.gateway_id,
            now=now,
        )
    DepositBooking.objects.create(deposit=version.deposit, version=version, entry=entry, booked_at=now)
