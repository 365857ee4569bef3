"""Ask the gateway what it settled and paid out, day by day, and draw the consequences."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.transaction import atomic
from django.utils import timezone

from commerce.models import User
from oropay.engine.gateways import gateway_of
from oropay.exceptions import VaultError
from oropay.gateway.port import DepositAdvice, GatewayUnavailable, PaymentGateway, SettledTransaction
from oropay.models import ProviderAccount
from oropay.selectors import accounts_heard, merchant_ids
from oropay.services import SettledKind, SettledNote, returns_reread, settlement_note, watch_wake
from plumbing.services import hint
from reconciliation import locks
from reconciliation.exceptions import DaysOutOfOrder
from reconciliation.models import Pull, PullState
from reconciliation.models.pull import PULL_LIVE
from reconciliation.services.booking import deposits_book
from reconciliation.services.cases import LATE_WITHIN, cases_raise, late_raise
from reconciliation.services.matching import match_exact
from reconciliation.services.report import report_store

logger = logging.getLogger(__name__)

TASK, QUEUE = "reconciliation.tasks.pull", "gateway-batch"
LEASE = timedelta(minutes=10)
"""How long a worker may take for one day before another takes the pull over."""
TRIES = 3
"""Workers that may die over one pull before it is given up."""
HOURLY_DAYS, NIGHTLY_DAYS = 7, 35
"""How many days back the schedule reads: news is young, but a status may still change weeks later."""
LARGE = 1_000
"""Rows written at once from which the planner's statistics are renewed."""
NOTES = 500
"""Transactions marked as settled in one database transaction; their payments are locked for its length."""


@dataclass(frozen=True)
class Pulled:
    """What was new in a pull."""

    deposits: int = 0
    lines: int = 0
    matches: int = 0
    booked: int = 0
    cases: int = 0

    def __add__(self, other: "Pulled") -> "Pulled":
        return Pulled(**{name: getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__})


# -- the work itself --------------------------------------------------------------------------------------------------


def settlement_pull(
    *,
    provider_account: ProviderAccount,
    since: date,
    until: date,
    now: datetime,
    after_day: Callable[[Pulled], None] = lambda _: None,
) -> Pulled:
    """Read deposits and settlement lines of these deposit days, both ends included; store, book, match, raise.

    Safe to repeat and to run twice at once: what is known is not written again, and a deposit is booked once. No
    database transaction is open while the gateway is asked. `after_day` hears what was new so far.

    Raises:
        GatewayUnavailable: a report could not be read; the days before it are stored.
        VaultError: this process may not open the gateway's credentials.
        DaysOutOfOrder: `until` is before `since`.
    """
    if until < since:
        raise DaysOutOfOrder(since=since, until=until)
    gateway = gateway_of(account=provider_account)
    total = Pulled()
    for day in _days(since, until):
        advices, lines = _ask(gateway=gateway, day=day)
        if advices or lines:
            total += _day_record(provider_account=provider_account, advices=advices, lines=lines, now=now)
        after_day(total)
    # A pull that reaches far back (the nightly one) also looks for late money without a bound.
    bound = None if until - since >= timedelta(days=NIGHTLY_DAYS - 1) else until - LATE_WITHIN
    with atomic(durable=True):
        late = late_raise(provider_account=provider_account, now=now, since=bound)
    return replace(total, cases=total.cases + late)


def _days(since: date, until: date) -> Iterator[date]:
    """One day at a time: a deposit is in one day as a whole, and memory holds one day."""
    for offset in range((until - since).days + 1):
        yield since + timedelta(days=offset)


def _ask(*, gateway: PaymentGateway, day: date) -> tuple[list[DepositAdvice], list[SettledTransaction]]:
    return list(gateway.deposits(since=day, until=day)), list(gateway.settled(since=day, until=day))


def _day_record(
    *,
    provider_account: ProviderAccount,
    advices: list[DepositAdvice],
    lines: list[SettledTransaction],
    now: datetime,
) -> Pulled:
    """Four small steps, each whole by itself and safe to repeat; a crash between them is made good by the next pull."""
    with atomic(durable=True):
        stored = report_store(provider_account=provider_account, lines=lines, advices=advices, now=now)
    _statistics_refresh(written=stored.new_lines)
    with atomic(durable=True):
        booked = deposits_book(provider_account=provider_account, deposit_ids=stored.deposit_ids, now=now)
        matches = match_exact(provider_account=provider_account, deposit_ids=stored.deposit_ids, now=now)
    _statistics_refresh(written=matches)
    with atomic(durable=True):
        cases = cases_raise(provider_account=provider_account, deposit_ids=stored.deposit_ids, now=now)
    _note(provider_account=provider_account, deposit_ids=stored.deposit_ids, now=now)
    return Pulled(deposits=stored.new_deposits, lines=stored.new_lines, matches=matches, booked=booked, cases=cases)


def _statistics_refresh(*, written: int) -> None:
    """After a large write, tell the planner, or it would join the new rows one by one until autovacuum comes round."""
    if written >= LARGE:
        with connection.cursor() as cursor:
            cursor.execute(
                "ANALYZE reconciliation_expectation, reconciliation_settlementline, reconciliation_matchpart"
            )


TO_NOTE = """
SELECT DISTINCT line.gateway_id, line.kind, line.batch_id, deposit.gateway_id, met.id
FROM reconciliation_settlementline line
JOIN reconciliation_deposit deposit ON deposit.id = line.deposit_id
LEFT JOIN reconciliation_matchpart part ON part.settlement_line_id = line.id AND part.live
LEFT JOIN reconciliation_expectation expected ON expected.id = part.expectation_id
LEFT JOIN oropay_paymenttransaction met ON met.id = expected.transaction_id AND met.deposit_id = ''
WHERE line.provider_account_id = %(account)s AND line.deposit_id = ANY(%(deposits)s::bigint[])
    AND line.kind IN ('sale', 'refund', 'return')
    AND (met.id IS NOT NULL OR EXISTS (
        SELECT FROM oropay_paymenttransaction waiting
        JOIN oropay_payment payment ON payment.id = waiting.payment_id
        WHERE waiting.gateway_id = line.gateway_id AND waiting.state = 'pending'
            AND payment.provider_account_id = ANY(%(merchant)s::bigint[])
    ))
ORDER BY line.gateway_id
"""
"""Matched transactions that do not name their deposit yet, and bank debits that still wait for the bank's word."""


TO_WATCH = """
SELECT DISTINCT watch.transaction_id
FROM reconciliation_settlementline line
JOIN oropay_paymenttransaction absent ON absent.reference = line.reference
JOIN oropay_watch watch ON watch.transaction_id = absent.id AND watch.next_at IS NOT NULL
WHERE line.provider_account_id = %(account)s AND line.deposit_id = ANY(%(deposits)s::bigint[])
"""
"""Transactions that never arrived, by their own name in the report."""


TO_REREAD = """
SELECT DISTINCT debit.id
FROM reconciliation_settlementline line
JOIN oropay_paymenttransaction debit
    ON debit.gateway_id = line.gateway_id AND debit.action = 'charge' AND debit.state = 'approved'
JOIN oropay_payment payment
    ON payment.id = debit.payment_id AND payment.provider_account_id = ANY(%(merchant)s::bigint[])
WHERE line.provider_account_id = %(account)s AND line.deposit_id = ANY(%(deposits)s::bigint[]) AND line.kind = 'return'
    AND NOT EXISTS (
        SELECT FROM oropay_paymenttransaction known WHERE known.parent_id = debit.id AND known.action = 'return'
    )
"""
"""Settled bank debits whose return we do not know yet."""


def _note(*, provider_account: ProviderAccount, deposit_ids: tuple[int, ...], now: datetime) -> None:
    """Tell the payment module, in small transactions of their own: they lock payments, the ones above never do."""
    values: dict[str, Any] = {
        "account": provider_account.pk,
        "merchant": merchant_ids(account=provider_account),
        "deposits": list(deposit_ids),
    }
    with connection.cursor() as cursor:
        cursor.execute(TO_NOTE, values)
        notes = [
            SettledNote(
                gateway_id=row[0],
                kind=SettledKind(row[1]),
                batch_id=row[2],
                deposit_id=row[3],
                transaction_id=row[4],
            )
            for row in cursor.fetchall()
        ]
        cursor.execute(TO_WATCH, values)
        watched = [row[0] for row in cursor.fetchall()]
        cursor.execute(TO_REREAD, values)
        came_back = [row[0] for row in cursor.fetchall()]
    returns_reread(transaction_ids=came_back, now=now)
    watch_wake(transaction_ids=watched, now=now)
    for start in range(0, len(notes), NOTES):
        with atomic(durable=True):
            settlement_note(provider_account=provider_account, notes=notes[start : start + NOTES], now=now)


# -- asking for it ----------------------------------------------------------------------------------------------------


def pull_queue(*, provider_account: ProviderAccount, since: date, until: date, by: User | None, now: datetime) -> Pull:
    """Ask a worker to pull; while a pull of this account has not ended, it is the one returned.

    Raises DaysOutOfOrder when `until` is before `since`.
    """
    if until < since:
        raise DaysOutOfOrder(since=since, until=until)
    while True:
        # ON CONFLICT DO NOTHING waits for a competitor's commit; a pull that ends in between is simply asked for again.
        Pull.objects.bulk_create(
            [
                Pull(
                    provider_account=provider_account,
                    since=since,
                    until=until,
                    next_at=now,
                    hinted_at=now,
                    asked_by=by,
                    asked_at=now,
                )
            ],
            ignore_conflicts=True,
        )
        pull = Pull.objects.filter(provider_account=provider_account, state__in=PULL_LIVE).first()
        if pull is not None:
            break
    hint(TASK, pull.pk, queue=QUEUE)
    return pull


def pulls_queue(*, now: datetime) -> int:
    """Queue a pull of every provider account that is heard: of the last days, and once a day (UTC) of the last weeks.

    The day's long one counts when it was asked for and has not failed; while a shorter one still runs, the next call
    asks again. Returns how many accounts are pulled.
    """
    accounts = list(accounts_heard(now=now))
    for account in accounts:
        days = HOURLY_DAYS if _reached_back_today(account=account, now=now) else NIGHTLY_DAYS
        since, until = days_back(days, now=now)
        pull_queue(provider_account=account, since=since, until=until, by=None, now=now)
    return len(accounts)


def _reached_back_today(*, account: ProviderAccount, now: datetime) -> bool:
    since, until = days_back(NIGHTLY_DAYS, now=now)
    asked_today = Pull.objects.filter(provider_account=account, until__gte=until, since__lte=since)
    return asked_today.exclude(state=PullState.FAILED).exists()


def days_back(days: int, *, now: datetime) -> tuple[date, date]:
    """The last `days` days up to today (UTC: never behind a seller west of it)."""
    until = now.astimezone(UTC).date()
    return until - timedelta(days=days - 1), until


def pull_run(*, pull_id: int, now: datetime) -> Pulled | None:
    """Run a queued pull, or one whose worker vanished; None when there is nothing to do or the gateway was silent."""
    pull = _claim(pull_id=pull_id, now=now)
    if pull is None:
        return None
    try:
        pulled = settlement_pull(
            provider_account=pull.provider_account,
            since=pull.since,
            until=pull.until,
            now=now,
            after_day=lambda so_far: _progress(pull=pull, pulled=so_far),
        )
    except (GatewayUnavailable, VaultError) as error:
        logger.warning("Settlement pull %s: %s", pull.pk, error)
        _end(pull=pull, state=PullState.FAILED, error=str(error))
        return None
    _progress(pull=pull, pulled=pulled)
    _end(pull=pull, state=PullState.DONE)
    return pulled


@atomic(durable=True)
def _claim(*, pull_id: int, now: datetime) -> Pull | None:
    pull = locks.due_pull(pk=pull_id, now=now)
    if pull is None:
        return None
    if pull.tries >= TRIES:
        pull.state, pull.ended_at, pull.error = PullState.FAILED, now, "The worker stopped while reading."
        pull.save(update_fields=["state", "ended_at", "error"])
        return None
    pull.state, pull.tries, pull.next_at = PullState.RUNNING, pull.tries + 1, now + LEASE
    pull.save(update_fields=["state", "tries", "next_at"])
    return pull


def _progress(*, pull: Pull, pulled: Pulled) -> None:
    """Show how far a pull is, and keep it from being taken for dead."""
    Pull.objects.filter(pk=pull.pk, state=PullState.RUNNING, tries=pull.tries).update(
        next_at=timezone.now() + LEASE,
        new_deposits=pulled.deposits,
        new_lines=pulled.lines,
        new_matches=pulled.matches,
        new_cases=pulled.cases,
    )


def _end(*, pull: Pull, state: PullState, error: str = "") -> None:
    Pull.objects.filter(pk=pull.pk, state=PullState.RUNNING, tries=pull.tries).update(
        state=state, error=error, ended_at=timezone.now()
    )
