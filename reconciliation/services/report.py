"""Store what the gateway reported of one day, set by set: what is known already is not written again."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from io import StringIO
from typing import Any

from django.db import connection
from django.db.models import Q

from oropay.gateway.port import DepositAdvice, SettledTransaction
from oropay.models import ProviderAccount
from oropay.selectors import accounts_heard, same_merchant
from reconciliation import locks
from reconciliation.models import Deposit, LineKind

BATCH = 10_000
"""Rows sent at a time: enough to hide the round trip, few enough to stay in megabytes."""

DEPOSITS_ADD = """
INSERT INTO reconciliation_deposit (provider_account_id, gateway_id, seen_at)
SELECT %(account)s, named.gateway_id, %(now)s
FROM unnest(%(gateway_ids)s::text[]) AS named (gateway_id)
ORDER BY named.gateway_id
ON CONFLICT (provider_account_id, gateway_id) DO NOTHING
"""

VERSIONS_ADD = """
INSERT INTO reconciliation_depositversion
    (deposit_id, number, paid_on, status, method, currency, net, sales, refunds, chargebacks, fees, seen_at)
SELECT deposit.id, coalesce(known.number, 0) + 1, advice.paid_on, advice.status, advice.method, advice.currency,
    advice.net, advice.sales, advice.refunds, advice.chargebacks, advice.fees, %(now)s
FROM unnest(
    %(gateway_id)s::text[], %(paid_on)s::date[], %(status)s::text[], %(method)s::text[], %(currency)s::text[],
    %(net)s::numeric[], %(sales)s::numeric[], %(refunds)s::numeric[], %(chargebacks)s::numeric[], %(fees)s::numeric[]
) AS advice (gateway_id, paid_on, status, method, currency, net, sales, refunds, chargebacks, fees)
JOIN reconciliation_deposit deposit
    ON deposit.provider_account_id = %(account)s AND deposit.gateway_id = advice.gateway_id
LEFT JOIN LATERAL (
    SELECT version.* FROM reconciliation_depositversion version
    WHERE version.deposit_id = deposit.id ORDER BY version.number DESC LIMIT 1
) AS known ON true
WHERE known.id IS NULL OR (
    known.paid_on, known.status, known.method, known.currency, known.net, known.sales, known.refunds,
    known.chargebacks, known.fees
) IS DISTINCT FROM (
    advice.paid_on, advice.status, advice.method, advice.currency, advice.net, advice.sales, advice.refunds,
    advice.chargebacks, advice.fees
)
ON CONFLICT (deposit_id, number) DO NOTHING
"""

REPORTED = """
CREATE TEMPORARY TABLE IF NOT EXISTS reported_line (
    deposit text, gateway_id text, kind text, amount numeric(19, 4), currency text, ordinal integer, status text,
    reference text, batch_id text, method text, time_created timestamptz
) ON COMMIT DELETE ROWS;
TRUNCATE reported_line
"""

LINES_ADD = """
INSERT INTO reconciliation_settlementline
    (provider_account_id, deposit_id, gateway_id, kind, amount, currency, ordinal, status, reference, batch_id, method,
    time_created, seen_at)
SELECT %(account)s, deposit.id, reported.gateway_id, reported.kind, reported.amount, reported.currency,
    reported.ordinal, reported.status, reported.reference, reported.batch_id, reported.method, reported.time_created,
    %(now)s
FROM reported_line reported
JOIN reconciliation_deposit deposit
    ON deposit.provider_account_id = %(account)s AND deposit.gateway_id = reported.deposit
ON CONFLICT (provider_account_id, gateway_id, kind, deposit_id, amount, currency, ordinal) DO NOTHING
"""

STATUS_CHANGES_ADD = """
INSERT INTO reconciliation_statuschange (line_id, number, status, seen_at)
SELECT line.id, coalesce(known.number, 1) + 1, reported.status, %(now)s
FROM reported_line reported
JOIN reconciliation_deposit deposit
    ON deposit.provider_account_id = %(account)s AND deposit.gateway_id = reported.deposit
JOIN reconciliation_settlementline line
    ON line.provider_account_id = %(account)s AND line.gateway_id = reported.gateway_id AND line.kind = reported.kind
    AND line.deposit_id = deposit.id AND line.amount = reported.amount AND line.currency = reported.currency
    AND line.ordinal = reported.ordinal
LEFT JOIN LATERAL (
    SELECT change.number, change.status FROM reconciliation_statuschange change
    WHERE change.line_id = line.id ORDER BY change.number DESC LIMIT 1
) AS known ON true
WHERE coalesce(known.status, line.status) <> reported.status
ON CONFLICT (line_id, number) DO NOTHING
"""


@dataclass(frozen=True)
class Stored:
    """How much of a report was news, and which deposits it is about."""

    deposit_ids: tuple[int, ...]
    new_deposits: int
    new_lines: int


@dataclass(frozen=True)
class ReportedLine:
    """A settlement line with the key that makes it one row, however often it is reported."""

    deposit: str
    gateway_id: str
    kind: LineKind
    amount: Decimal
    currency: str
    ordinal: int
    status: str
    reference: str
    batch_id: str
    method: str
    time_created: datetime


def report_store(
    *,
    provider_account: ProviderAccount,
    lines: Iterable[SettledTransaction],
    advices: Iterable[DepositAdvice],
    now: datetime,
) -> Stored:
    """Write the deposits and lines of one day; a deposit must be reported whole, because equal lines are counted.

    Must run inside the caller's transaction. A line without a deposit is no money yet and is left out, and so is what
    another account of the merchant keeps.
    """
    locks.merchant(account=provider_account)
    reported = lines_of(lines)
    advised = list({advice.gateway_id: advice for advice in advices}.values())
    currencies = {line.deposit: line.currency for line in reported}
    currencies |= {advice.gateway_id: advice.amount.currency.code for advice in advised}
    elsewhere = _kept_elsewhere(provider_account=provider_account, currencies=currencies, now=now)
    reported = [line for line in reported if line.deposit not in elsewhere]
    advised = [advice for advice in advised if advice.gateway_id not in elsewhere]
    names = sorted({line.deposit for line in reported} | {advice.gateway_id for advice in advised})
    shared = {"account": provider_account.pk, "now": now}
    new_deposits = _write(DEPOSITS_ADD, shared | {"gateway_ids": names}) if names else 0
    if advised:
        _write(VERSIONS_ADD, shared | _advice_columns(advised))
    new_lines = 0
    if reported:
        _copy(reported)
        new_lines = _write(LINES_ADD, shared)
        _write(STATUS_CHANGES_ADD, shared)
    return Stored(
        deposit_ids=_deposit_ids(provider_account_id=provider_account.pk, names=names),
        new_deposits=new_deposits,
        new_lines=new_lines,
    )


def _kept_elsewhere(*, provider_account: ProviderAccount, currencies: Mapping[str, str], now: datetime) -> set[str]:
    """Which deposits (name → currency) another account of the merchant keeps: the gateway tells each of them of all.

    A deposit is the account's that has booked it or, as long as nobody has, that knows it and is heard; one that nobody
    knows is left to the account of its currency, but only where that one is certainly told of it too.
    """
    others = list(same_merchant(account=provider_account))
    if not others:
        return set()
    heard = set(accounts_heard(now=now).filter(pk__in=[other.pk for other in others]))
    keepers = _keepers(accounts=[provider_account, *others], heard={provider_account, *heard}, currencies=currencies)
    told = {other for other in heard if other.app_digest != "" and other.app_digest == provider_account.app_digest}
    theirs = {other.settlement_currency for other in told} - {provider_account.settlement_currency}
    return {
        name
        for name, currency in currencies.items()
        if (keepers[name] != provider_account.pk if name in keepers else currency in theirs)
    }


def _keepers(
    *, accounts: Collection[ProviderAccount], heard: Collection[ProviderAccount], currencies: Mapping[str, str]
) -> dict[str, int]:
    """Deposit → the account that keeps it, of those that are known. Where several know one, booked comes first, then
    its own currency, then who heard of it first.
    """
    known = Deposit.objects.filter(
        Q(booking__isnull=False) | Q(provider_account__in=heard),
        gateway_id__in=currencies,
        provider_account__in=accounts,
    ).values_list("gateway_id", "booking", "provider_account__settlement_currency", "pk", "provider_account")
    ranked = sorted(
        (name, booking is None, currency != currencies[name], pk, account)
        for name, booking, currency, pk, account in known
    )
    return {name: account for name, *_rank, account in reversed(ranked)}


def lines_of(settled: Iterable[SettledTransaction]) -> list[ReportedLine]:
    """Give each line of a report its kind and its ordinal among equal lines of its deposit."""
    seen: Counter[tuple[str, str, str, Decimal, str]] = Counter()
    found = []
    for line in sorted(settled, key=lambda line: (line.time_created, line.gateway_id, line.status)):
        if not line.deposit_id:
            continue
        kind, currency = kind_of(line), line.amount.currency.code
        key = (line.deposit_id, line.gateway_id, kind.value, line.amount.amount, currency)
        seen[key] += 1
        found.append(
            ReportedLine(
                deposit=line.deposit_id,
                gateway_id=line.gateway_id,
                kind=kind,
                amount=line.amount.amount,
                currency=currency,
                ordinal=seen[key],
                status=line.status,
                reference=line.reference,
                batch_id=line.batch_id,
                method=line.method,
                time_created=line.time_created,
            )
        )
    return found


NAMED = {"REFUND": LineKind.REFUND, "CHARGEBACK": LineKind.CHARGEBACK, "REVERSAL": LineKind.REVERSAL}


def kind_of(line: SettledTransaction) -> LineKind:
    """GP-API has no type for returned ACH money: it is a sale with a negative amount."""
    if line.type in NAMED:
        return NAMED[line.type]
    return LineKind.SALE if line.amount.amount >= 0 else LineKind.RETURN


def _advice_columns(advices: Sequence[DepositAdvice]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {
        name: [getattr(advice, name) for advice in advices]
        for name in ("gateway_id", "paid_on", "status", "method", "sales", "refunds", "chargebacks", "fees")
    }
    columns["net"] = [advice.amount.amount for advice in advices]
    columns["currency"] = [advice.amount.currency.code for advice in advices]
    return columns


COLUMNS = tuple(ReportedLine.__dataclass_fields__)


def _copy(lines: Sequence[ReportedLine]) -> None:
    """Bring the report to the database by COPY, the fastest way there is, and let the planner know its size."""
    with connection.cursor() as cursor:
        cursor.execute(REPORTED)
        for start in range(0, len(lines), BATCH):
            text = "".join(_row(line) for line in lines[start : start + BATCH])
            cursor.copy_expert(f"COPY reported_line ({', '.join(COLUMNS)}) FROM STDIN", StringIO(text))
        cursor.execute("ANALYZE reported_line")


def _row(line: ReportedLine) -> str:
    """One line of COPY's text format. No value is ever NULL; special characters are escaped."""
    return "\t".join(str(getattr(line, name)).translate(ESCAPES) for name in COLUMNS) + "\n"


ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _deposit_ids(*, provider_account_id: int, names: list[str]) -> tuple[int, ...]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM reconciliation_deposit WHERE provider_account_id = %s AND gateway_id = ANY(%s) ORDER BY id",
            [provider_account_id, names],
        )
        return tuple(row[0] for row in cursor.fetchall())


def _write(statement: str, values: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)
