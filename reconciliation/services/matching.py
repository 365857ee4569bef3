"""Join what we expected with what the gateway settled. The exact key is one statement; people come later."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.db.transaction import atomic

from commerce.models import User
from oropay.models import PaymentTransaction, ProviderAccount
from plumbing.audit import because
from reconciliation import locks
from reconciliation.exceptions import AlreadyUndone, RemarkRequired
from reconciliation.models import Match, MatchPart, MatchRule, MatchUndo
from reconciliation.services.cases import loose_raise


def _joining(*, line_key: str, expected_key: str, join: str = "", only: str = "") -> str:
    """Join expectations and lines of equal (merchant, name, kind, signed amount, currency), the first with the first,
    the second with the second. A pair that a person took apart is not joined again. The keys are columns, not values.
    """
    return f"""
WITH loose_line AS MATERIALIZED (
    SELECT line.id, {line_key} AS name, line.kind, line.amount, line.currency
    FROM reconciliation_settlementline line
    WHERE line.provider_account_id = %(account)s {only}
        AND (
            %(deposits)s::bigint[] IS NULL
            OR line.deposit_id = ANY(%(deposits)s::bigint[])
            OR line.id IN (
                SELECT open_case.settlement_line_id FROM reconciliation_exceptioncase open_case
                WHERE open_case.settlement_line_id IS NOT NULL AND open_case.resolved_at IS NULL
            )
        )
        AND (line.kind = 'return' OR coalesce((
            SELECT change.status FROM reconciliation_statuschange change
            WHERE change.line_id = line.id ORDER BY change.number DESC LIMIT 1
        ), line.status) <> 'REJECTED')
        AND NOT EXISTS (
            SELECT FROM reconciliation_matchpart part WHERE part.settlement_line_id = line.id AND part.live
        )
), line AS (
    SELECT *, row_number() OVER (PARTITION BY name, kind, amount, currency ORDER BY id) AS nth FROM loose_line
), expectation AS (
    SELECT expected.id, {expected_key} AS name, expected.kind, expected.amount, expected.currency,
        row_number() OVER (
            PARTITION BY {expected_key}, expected.kind, expected.amount, expected.currency ORDER BY expected.id
        ) AS nth
    FROM reconciliation_expectation expected {join}
    WHERE expected.provider_account_id = ANY(%(merchant)s::bigint[])
        AND {expected_key} IN (SELECT loose_line.name FROM loose_line)
        AND NOT EXISTS (
            SELECT FROM reconciliation_matchpart part WHERE part.expectation_id = expected.id AND part.live
        )
        AND NOT EXISTS (
            SELECT FROM reconciliation_expectationclosing closing WHERE closing.expectation_id = expected.id
        )
), pair AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('reconciliation_match', 'id')) AS match_id,
        expectation.id AS expectation_id, line.id AS line_id,
        line.kind || ' ' || line.currency || ' ' || line.amount || ' ' || line.name AS evidence
    FROM line
    JOIN expectation USING (name, kind, amount, currency, nth)
    WHERE NOT EXISTS (
        SELECT FROM reconciliation_matchpart undone
        WHERE undone.expectation_id = expectation.id AND undone.settlement_line_id = line.id
    )
), made AS (
    INSERT INTO reconciliation_match (id, rule, evidence, matched_at)
    SELECT pair.match_id, %(rule)s, pair.evidence, %(now)s FROM pair
)
INSERT INTO reconciliation_matchpart (match_id, expectation_id, settlement_line_id, live)
SELECT pair.match_id, pair.expectation_id, pair.line_id, true FROM pair
"""  # noqa: S608


EXACT_KEY = _joining(line_key="line.gateway_id", expected_key="expected.gateway_id")
"""By the gateway's id of the transaction or dispute."""

ARN = _joining(
    line_key="line.reference",
    expected_key="moved.gateway_reference",
    join="JOIN oropay_paymenttransaction moved ON moved.id = expected.transaction_id AND moved.gateway_reference <> ''",
    only="AND line.kind IN ('chargeback', 'reversal')",
)
"""What a dispute took or gave back, by the acquirer's reference of the sale: the report may name the case otherwise."""

RULES = ((MatchRule.EXACT_KEY, EXACT_KEY), (MatchRule.ARN, ARN))
"""In this order: what the first joins is not there for the second."""


def match_exact(*, provider_account: ProviderAccount, now: datetime, deposit_ids: Sequence[int] | None = None) -> int:
    """Match by `RULES`; returns how many pairs were made. Running it again adds nothing.

    The lines are the account's, the sales may be of any account of the merchant.
    `deposit_ids` limits the work to the lines of these deposits and to lines with an open exception; None means all.
    Must run inside the caller's transaction.
    """
    merchant = locks.merchant(account=provider_account)
    made = 0
    with connection.cursor() as cursor:
        for rule, statement in RULES:
            cursor.execute(
                statement,
                {
                    "account": provider_account.pk,
                    "merchant": merchant,
                    "deposits": None if deposit_ids is None else list(deposit_ids),
                    "rule": rule.value,
                    "now": now,
                },
            )
            made += cursor.rowcount
    return made


@atomic(durable=True)
def match_undo(*, match: Match, remark: str, by: User, now: datetime) -> MatchUndo:
    """Take a match apart. The rows stay, and from the next pull on what is left is looked at as if it had never been
    matched, however old its deposit is.

    Raises:
        RemarkRequired: `remark` is blank.
        AlreadyUndone: somebody else was faster.
    """
    if not remark.strip():
        raise RemarkRequired
    return match_take_apart(match=match, remark=remark.strip(), by=by, now=now)


def match_take_apart(
    *, match: Match, remark: str, by: User, now: datetime, mistaken: PaymentTransaction | None = None
) -> MatchUndo:
    """As `match_undo`, in the caller's transaction. Raises AlreadyUndone.

    `mistaken` never was: no line is about it. Any other transaction stays named with the line that met it.
    """
    match = locks.match(pk=match.pk)
    if MatchUndo.objects.filter(match=match).exists():
        raise AlreadyUndone
    parts = (
        MatchPart.objects.filter(match=match)
        .select_related("settlement_line__provider_account", "expectation__transaction")
        .order_by("settlement_line")
    )
    MatchPart.objects.filter(match=match, live=True).update(live=False)
    with because(by=by, why=remark):
        for part in parts:
            met = part.expectation.transaction if part.expectation is not None else None
            if part.settlement_line is not None:
                loose_raise(line=part.settlement_line, transaction=None if met == mistaken else met, now=now)
    return MatchUndo.objects.create(match=match, remark=remark, undone_by=by, undone_at=now)
