"""Join what we expected with what the gateway settled. The exact key is one statement; people come later."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.db.transaction import atomic

from commerce.models import User
from oropay.models import ProviderAccount
from reconciliation import locks
from reconciliation.exceptions import AlreadyUndone, RemarkRequired
from reconciliation.models import Match, MatchPart, MatchRule, MatchUndo

EXACT_KEY = """
WITH loose_line AS MATERIALIZED (
    SELECT line.id, line.gateway_id, line.kind, line.amount, line.currency
    FROM reconciliation_settlementline line
    WHERE line.provider_account_id = %(account)s
        AND (
            %(deposits)s::bigint[] IS NULL
            OR line.deposit_id = ANY(%(deposits)s::bigint[])
            OR line.id IN (
                SELECT open_case.settlement_line_id FROM reconciliation_exceptioncase open_case
                WHERE open_case.settlement_line_id IS NOT NULL AND open_case.resolved_at IS NULL
            )
        )
        AND coalesce((
            SELECT change.status FROM reconciliation_statuschange change
            WHERE change.line_id = line.id ORDER BY change.number DESC LIMIT 1
        ), line.status) <> 'REJECTED'
        AND NOT EXISTS (
            SELECT FROM reconciliation_matchpart part WHERE part.settlement_line_id = line.id AND part.live
        )
), line AS (
    SELECT *, row_number() OVER (PARTITION BY gateway_id, kind, amount, currency ORDER BY id) AS nth FROM loose_line
), expectation AS (
    SELECT expected.id, expected.gateway_id, expected.kind, expected.amount, expected.currency,
        row_number() OVER (
            PARTITION BY expected.gateway_id, expected.kind, expected.amount, expected.currency ORDER BY expected.id
        ) AS nth
    FROM reconciliation_expectation expected
    WHERE expected.provider_account_id = %(account)s
        AND expected.gateway_id IN (SELECT loose_line.gateway_id FROM loose_line)
        AND NOT EXISTS (
            SELECT FROM reconciliation_matchpart part WHERE part.expectation_id = expected.id AND part.live
        )
        AND NOT EXISTS (
            SELECT FROM reconciliation_expectationclosing closing WHERE closing.expectation_id = expected.id
        )
), pair AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('reconciliation_match', 'id')) AS match_id,
        expectation.id AS expectation_id, line.id AS line_id,
        line.kind || ' ' || line.currency || ' ' || line.amount || ' ' || line.gateway_id AS evidence
    FROM line
    JOIN expectation USING (gateway_id, kind, amount, currency, nth)
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
"""
"""Expectations and lines of equal (account, gateway id, kind, signed amount, currency), the first with the first, the
second with the second. A pair that a person took apart is not joined again.
"""


def match_exact(*, provider_account: ProviderAccount, now: datetime, deposit_ids: Sequence[int] | None = None) -> int:
    """Match by exact key; returns how many pairs were made. Running it again adds nothing.

    `deposit_ids` limits the work to the lines of these deposits and to lines with an open exception; None means all.
    Must run inside the caller's transaction.
    """
    locks.account(provider_account_id=provider_account.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            EXACT_KEY,
            {
                "account": provider_account.pk,
                "deposits": None if deposit_ids is None else list(deposit_ids),
                "rule": MatchRule.EXACT_KEY.value,
                "now": now,
            },
        )
        return int(cursor.rowcount)


@atomic(durable=True)
def match_undo(*, match: Match, remark: str, by: User, now: datetime) -> MatchUndo:
    """Take a match apart. The rows stay, and the next pull looks at what is left as if it had never been matched.

    Raises:
        RemarkRequired: `remark` is blank.
        AlreadyUndone: somebody else was faster.
    """
    if not remark.strip():
        raise RemarkRequired
    match = locks.match(pk=match.pk)
    if MatchUndo.objects.filter(match=match).exists():
        raise AlreadyUndone
    MatchPart.objects.filter(match=match, live=True).update(live=False)
    return MatchUndo.objects.create(match=match, remark=remark.strip(), undone_by=by, undone_at=now)
