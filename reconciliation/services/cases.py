"""Raise what does not fit, once; take back what settled itself; let people resolve the rest with a remark."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.transaction import atomic

from commerce.models import User
from oropay.models import PaymentTransaction, ProviderAccount
from plumbing.audit import because
from reconciliation import locks
from reconciliation.exceptions import AlreadyResolved, RemarkRequired
from reconciliation.models import CaseKind, ExceptionCase, LineKind, Resolution, SettlementLine
from reconciliation.services.casework import (
    DEPOSIT_CASES,
    DEPOSIT_CASES_SETTLED,
    LATE_CASES,
    LATE_CASES_SETTLED,
    LINE_CASES,
    LINE_CASES_SETTLED,
)

LATE_WITHIN = timedelta(days=45)
"""How far back an hourly look for late money goes; the nightly one has no bound."""


def cases_raise(*, provider_account: ProviderAccount, deposit_ids: Sequence[int], now: datetime) -> int:
    """Raise what is wrong with these deposits and their lines, and close what is not wrong any more.

    Returns how many exceptions were raised or came back. Must run inside the caller's transaction, after matching.
    """
    values: dict[str, Any] = {
        "account": provider_account.pk,
        "merchant": locks.merchant(account=provider_account),
        "organization": provider_account.organization_id,
        "currency": provider_account.settlement_currency,
        "deposits": list(deposit_ids),
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(LINE_CASES_SETTLED, values)
        cursor.execute(LINE_CASES, values)
        raised = cursor.rowcount
        cursor.execute(DEPOSIT_CASES_SETTLED, values)
        cursor.execute(DEPOSIT_CASES, values)
        return int(raised + cursor.rowcount)


def late_raise(*, provider_account: ProviderAccount, now: datetime, since: date | None = None) -> int:
    """Raise what should have arrived by now, and close what arrived or is no longer expected; returns how many are new.

    `since` limits the look to money that is late since that day or later. Must run inside the caller's transaction.
    """
    locks.merchant(account=provider_account)
    values: dict[str, Any] = {
        "account": provider_account.pk,
        "today": provider_account.organization.today(now),
        "since": since or date.min,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(LATE_CASES_SETTLED, values)
        cursor.execute(LATE_CASES, values)
        return int(cursor.rowcount)


def loose_raise(*, line: SettlementLine, transaction: PaymentTransaction | None, now: datetime) -> None:
    """Raise a line whose match was taken apart, also when a person had resolved it before; `transaction` is ours that
    it still names.

    Matching and `cases_raise` look at old deposits only where an exception is open: without one, nobody would hear of
    the line again. The next pull says more precisely what is wrong with it. Must run inside the caller's transaction.
    """
    locks.merchant(account=line.provider_account)
    if ExceptionCase.objects.filter(settlement_line=line, resolved_at=None).exists():
        return
    ExceptionCase.objects.update_or_create(
        settlement_line=line,
        defaults={
            "organization_id": line.provider_account.organization_id,
            "kind": CaseKind.RETURNED if line.kind == LineKind.RETURN else CaseKind.UNEXPECTED,
            "expectation": None,
            "transaction": transaction,
            "currency": line.currency,
            "amount": line.amount,
            "raised_at": now,
            "resolution": "",
            "remark": "",
            "resolved_at": None,
            "resolved_by": None,
        },
    )


@atomic(durable=True)
def case_assign(*, case: ExceptionCase, owner: User | None, by: User) -> ExceptionCase:
    """Say who looks after an exception; None gives it back to everybody.

    Raises:
        AlreadyResolved: there is nothing left to look after.
    """
    case = _open(case)
    case.owner = owner
    with because(by=by, why="owner of the exception"):
        case.save(update_fields=["owner"])
    return case


@atomic(durable=True)
def case_resolve(*, case: ExceptionCase, remark: str, by: User, now: datetime) -> ExceptionCase:
    """Decide that nothing has to be done about an exception; `remark` says why. No money moves, nothing is matched.

    Raises:
        RemarkRequired: `remark` is blank.
        AlreadyResolved: it settled itself, or somebody else was faster.
    """
    if not remark.strip():
        raise RemarkRequired
    case = _open(case)
    case.resolution, case.remark = Resolution.IGNORED, remark.strip()
    case.resolved_at, case.resolved_by = now, by
    with because(by=by, why=case.remark):
        case.save(update_fields=["resolution", "remark", "resolved_at", "resolved_by"])
    return case


def _open(case: ExceptionCase) -> ExceptionCase:
    case = locks.case(pk=case.pk)
    if not case.is_open:
        raise AlreadyResolved
    return case
