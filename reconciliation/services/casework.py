"""The statements behind `cases`: what does not fit is found by sets, so that a million lines cost seconds.

In each pair the first closes what is not wrong any more, the second raises what is. A case that had settled itself
comes back when it is wrong again; one that a person resolved stays resolved, except when the money went back since.
"""

CURRENT_STATUS = """
coalesce((
    SELECT change.status FROM reconciliation_statuschange change
    WHERE change.line_id = line.id ORDER BY change.number DESC LIMIT 1
), line.status)
"""

OPEN_LINE_CASES = """
SELECT open_case.settlement_line_id FROM reconciliation_exceptioncase open_case
WHERE open_case.settlement_line_id IS NOT NULL AND open_case.resolved_at IS NULL
"""

LINE_CASES_SETTLED = """
UPDATE reconciliation_exceptioncase open_case
SET resolution = 'arrived', resolved_at = %(now)s
FROM reconciliation_settlementline line
JOIN reconciliation_matchpart part ON part.settlement_line_id = line.id AND part.live
WHERE open_case.settlement_line_id = line.id AND line.provider_account_id = %(account)s
    AND open_case.resolved_at IS NULL AND (open_case.kind <> 'returned' OR line.kind = 'return')
"""

LINE_CASES = f"""
WITH suspect AS MATERIALIZED (
    SELECT line.*, {CURRENT_STATUS} AS status_now, matched.expectation_id AS matched_expectation_id,
        closing.id IS NOT NULL AS is_withdrawn
    FROM reconciliation_settlementline line
    LEFT JOIN reconciliation_matchpart matched ON matched.settlement_line_id = line.id AND matched.live
    LEFT JOIN reconciliation_expectationclosing closing ON closing.expectation_id = matched.expectation_id
    WHERE line.provider_account_id = %(account)s
        AND (line.deposit_id = ANY(%(deposits)s::bigint[]) OR line.id IN ({OPEN_LINE_CASES}))
), wrong AS (
    SELECT suspect.*, expected.id AS expectation_id, expected.amount AS expected_amount,
        expected.transaction_id AS expected_transaction_id, ours.id AS ours_id, named.id AS named_id,
        CASE
            WHEN suspect.kind = 'return' OR suspect.status_now = 'REJECTED' OR suspect.is_withdrawn THEN 'returned'
            WHEN expected.currency <> suspect.currency THEN 'currency_differs'
            WHEN expected.id IS NOT NULL THEN 'amount_differs'
            WHEN EXISTS (
                SELECT FROM reconciliation_settlementline twin
                JOIN reconciliation_matchpart part ON part.settlement_line_id = twin.id AND part.live
                WHERE twin.provider_account_id = ANY(%(merchant)s::bigint[])
                    AND twin.gateway_id = suspect.gateway_id AND twin.kind = suspect.kind AND twin.id <> suspect.id
            ) THEN 'duplicate'
            WHEN named.gateway_id NOT IN ('', suspect.gateway_id) THEN 'identity_mismatch'
            WHEN named.state IN ('declined', 'failed', 'canceled', 'expired') THEN 'arrived_late'
            ELSE 'unexpected'
        END AS wrong_kind
    FROM suspect
    LEFT JOIN LATERAL (
        SELECT loose.* FROM reconciliation_expectation loose
        WHERE loose.provider_account_id = ANY(%(merchant)s::bigint[])
            AND loose.gateway_id = suspect.gateway_id AND loose.kind = suspect.kind
            AND NOT EXISTS (
                SELECT FROM reconciliation_matchpart part WHERE part.expectation_id = loose.id AND part.live
            )
            AND NOT EXISTS (
                SELECT FROM reconciliation_expectationclosing closing WHERE closing.expectation_id = loose.id
            )
            AND NOT EXISTS (
                SELECT FROM reconciliation_matchpart undone
                WHERE undone.expectation_id = loose.id AND undone.settlement_line_id = suspect.id
            )
        ORDER BY loose.id LIMIT 1
    ) AS expected ON suspect.matched_expectation_id IS NULL
    LEFT JOIN LATERAL (
        SELECT own.id FROM oropay_paymenttransaction own
        JOIN oropay_payment payment ON payment.id = own.payment_id
        WHERE own.gateway_id = suspect.gateway_id AND payment.provider_account_id = ANY(%(merchant)s::bigint[])
        ORDER BY own.id LIMIT 1
    ) AS ours ON true
    LEFT JOIN LATERAL (
        SELECT own.id, own.gateway_id, own.state FROM oropay_paymenttransaction own
        JOIN oropay_payment payment ON payment.id = own.payment_id
        WHERE suspect.reference <> '' AND own.reference = suspect.reference
            AND payment.provider_account_id = ANY(%(merchant)s::bigint[])
    ) AS named ON true
    WHERE suspect.matched_expectation_id IS NULL OR suspect.is_withdrawn
        OR (suspect.status_now = 'REJECTED' AND suspect.kind <> 'return')
)
INSERT INTO reconciliation_exceptioncase AS known
    (organization_id, kind, expectation_id, settlement_line_id, transaction_id, currency, amount, raised_at, resolution,
    remark)
SELECT %(organization)s, wrong.wrong_kind,
    CASE WHEN wrong.wrong_kind IN ('amount_differs', 'currency_differs') THEN wrong.expectation_id END,
    wrong.id, coalesce(wrong.expected_transaction_id, wrong.ours_id, wrong.named_id), wrong.currency,
    CASE wrong.wrong_kind WHEN 'amount_differs' THEN wrong.amount - wrong.expected_amount ELSE wrong.amount END,
    %(now)s, '', ''
FROM wrong
ON CONFLICT (settlement_line_id) DO UPDATE
SET kind = excluded.kind, expectation_id = excluded.expectation_id, transaction_id = excluded.transaction_id,
    amount = excluded.amount, raised_at = excluded.raised_at, resolution = '', remark = '', resolved_at = NULL,
    resolved_by_id = NULL
WHERE (known.resolved_at IS NULL AND known.kind <> excluded.kind)
    OR known.resolution = 'arrived'
    OR (known.resolved_at IS NOT NULL AND excluded.kind = 'returned' AND known.kind <> 'returned')
"""  # noqa: S608

DEPOSIT_SUMS = """
    SELECT deposit.id AS deposit_id, version.currency,
        coalesce(version.net + version.fees, 0) AS gross,
        coalesce(version.sales - version.refunds - version.chargebacks, 0) AS own_gross,
        coalesce(lines.total, 0) AS total,
        CASE
            WHEN version.currency <> %(currency)s OR lines.other THEN 'currency_differs'
            WHEN coalesce(version.net + version.fees, 0) <> coalesce(lines.total, 0)
                OR version.net + version.fees <> version.sales - version.refunds - version.chargebacks
                OR (booked.net, booked.fees, booked.currency) <> (version.net, version.fees, version.currency)
            THEN 'amount_differs'
        END AS wrong_kind
    FROM reconciliation_deposit deposit
    LEFT JOIN LATERAL (
        SELECT newest.* FROM reconciliation_depositversion newest
        WHERE newest.deposit_id = deposit.id ORDER BY newest.number DESC LIMIT 1
    ) AS version ON true
    LEFT JOIN reconciliation_depositbooking booking ON booking.deposit_id = deposit.id
    LEFT JOIN reconciliation_depositversion booked ON booked.id = booking.version_id
    LEFT JOIN LATERAL (
        SELECT sum(line.amount) AS total, bool_or(line.currency <> version.currency) AS other
        FROM reconciliation_settlementline line WHERE line.deposit_id = deposit.id
    ) AS lines ON true
    WHERE deposit.provider_account_id = %(account)s AND deposit.id = ANY(%(deposits)s::bigint[])
"""

DEPOSIT_CASES_SETTLED = f"""
UPDATE reconciliation_exceptioncase open_case
SET resolution = 'arrived', resolved_at = %(now)s
FROM ({DEPOSIT_SUMS}) AS sums
WHERE open_case.deposit_id = sums.deposit_id AND sums.wrong_kind IS NULL AND open_case.resolved_at IS NULL
"""  # noqa: S608

DEPOSIT_CASES = f"""
INSERT INTO reconciliation_exceptioncase AS known
    (organization_id, kind, deposit_id, currency, amount, raised_at, resolution, remark)
SELECT %(organization)s, sums.wrong_kind, sums.deposit_id, coalesce(sums.currency, %(currency)s),
    CASE WHEN sums.total <> sums.gross THEN sums.total - sums.gross ELSE sums.gross - sums.own_gross END,
    %(now)s, '', ''
FROM ({DEPOSIT_SUMS}) AS sums
WHERE sums.wrong_kind IS NOT NULL
ON CONFLICT (deposit_id) DO UPDATE
SET kind = excluded.kind, currency = excluded.currency, amount = excluded.amount, raised_at = excluded.raised_at,
    resolution = '', remark = '', resolved_at = NULL, resolved_by_id = NULL
WHERE (known.resolved_at IS NULL AND (known.kind, known.amount) <> (excluded.kind, excluded.amount))
    OR known.resolution = 'arrived'
"""  # noqa: S608

LATE_CASES_SETTLED = """
UPDATE reconciliation_exceptioncase open_case
SET resolved_at = %(now)s,
    resolution = CASE
        WHEN EXISTS (SELECT FROM reconciliation_expectationclosing closing WHERE closing.expectation_id = expected.id)
        THEN 'withdrawn' ELSE 'arrived'
    END
FROM reconciliation_expectation expected
WHERE open_case.kind = 'late' AND open_case.expectation_id = expected.id AND open_case.resolved_at IS NULL
    AND expected.provider_account_id = %(account)s
    AND (
        EXISTS (SELECT FROM reconciliation_matchpart part WHERE part.expectation_id = expected.id AND part.live)
        OR EXISTS (SELECT FROM reconciliation_expectationclosing closing WHERE closing.expectation_id = expected.id)
        OR EXISTS (
            SELECT FROM reconciliation_exceptioncase other
            WHERE other.expectation_id = expected.id AND other.settlement_line_id IS NOT NULL
                AND other.resolution <> 'arrived'
        )
    )
"""

LATE_CASES = """
INSERT INTO reconciliation_exceptioncase AS known
    (organization_id, kind, expectation_id, transaction_id, currency, amount, raised_at, resolution, remark)
SELECT expected.organization_id, 'late', expected.id, expected.transaction_id, expected.currency, -expected.amount,
    %(now)s, '', ''
FROM reconciliation_expectation expected
WHERE expected.provider_account_id = %(account)s AND expected.late_from <= %(today)s
    AND expected.late_from >= %(since)s
    AND NOT EXISTS (SELECT FROM reconciliation_matchpart part WHERE part.expectation_id = expected.id AND part.live)
    AND NOT EXISTS (SELECT FROM reconciliation_expectationclosing closing WHERE closing.expectation_id = expected.id)
    AND NOT EXISTS (
        SELECT FROM reconciliation_exceptioncase other
        WHERE other.expectation_id = expected.id AND other.settlement_line_id IS NOT NULL
            AND other.resolution <> 'arrived'
    )
ON CONFLICT (expectation_id) WHERE kind = 'late' DO UPDATE
SET raised_at = excluded.raised_at, resolution = '', remark = '', resolved_at = NULL, resolved_by_id = NULL
WHERE known.resolution = 'arrived'
"""
