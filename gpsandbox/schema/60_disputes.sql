CREATE TABLE IF NOT EXISTS disputes (
    app_id TEXT NOT NULL, id TEXT NOT NULL, specimen INTEGER NOT NULL,
    transaction_id TEXT NOT NULL, created_at TEXT NOT NULL,
    stage TEXT NOT NULL, stage_at TEXT NOT NULL, status TEXT NOT NULL, status_at TEXT NOT NULL,
    result TEXT NOT NULL, respond_by TEXT NOT NULL,
    amount INTEGER NOT NULL, taken INTEGER NOT NULL, currency TEXT NOT NULL, reason_code TEXT NOT NULL,
    last_amount INTEGER NOT NULL, last_funding TEXT NOT NULL, last_at TEXT NOT NULL,
    mid TEXT NOT NULL, hierarchy TEXT NOT NULL,
    sold_at TEXT NOT NULL, sold_amount INTEGER NOT NULL, reference TEXT NOT NULL, order_reference TEXT NOT NULL,
    brand TEXT NOT NULL, first6 TEXT NOT NULL, last4 TEXT NOT NULL,
    arn TEXT NOT NULL, authcode TEXT NOT NULL, brand_reference TEXT NOT NULL,
    PRIMARY KEY (app_id, id)
);
CREATE INDEX IF NOT EXISTS disputes_by_transaction ON disputes (transaction_id);
CREATE INDEX IF NOT EXISTS disputes_by_deadline ON disputes (respond_by) WHERE status = 'WITH_MERCHANT' AND specimen = 0;

CREATE TABLE IF NOT EXISTS dispute_documents (
    app_id TEXT NOT NULL, dispute_id TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL,
    created_at TEXT NOT NULL, b64_content TEXT NOT NULL,
    PRIMARY KEY (app_id, dispute_id, id)
);

CREATE TABLE IF NOT EXISTS dispute_adjustments (
    id INTEGER PRIMARY KEY, app_id TEXT NOT NULL, dispute_id TEXT NOT NULL, line_id INTEGER NOT NULL,
    funding TEXT NOT NULL, amount INTEGER NOT NULL, created_at TEXT NOT NULL,
    stage TEXT NOT NULL, stage_at TEXT NOT NULL,
    deposit_id TEXT NOT NULL, paid_on TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS dispute_adjustments_by_dispute ON dispute_adjustments (app_id, dispute_id);

CREATE VIEW IF NOT EXISTS settled_disputes AS
    SELECT moved.*,
        CASE WHEN moved.deposit_id = '' OR moved.deposit_status = 'DELAYED' THEN 'DELAYED' ELSE 'FUNDED' END AS status,
        CASE WHEN moved.paid_on = '' THEN '' ELSE moved.paid_on || 'T00:00:00.000Z' END AS paid_at
    FROM (
        SELECT adjustment.id AS adjustment_id, adjustment.stage, adjustment.stage_at, adjustment.amount,
            adjustment.funding, adjustment.created_at AS moved_at,
            coalesce(line.deposit_id, adjustment.deposit_id) AS deposit_id,
            coalesce(deposit.paid_on, adjustment.paid_on) AS paid_on,
            coalesce(deposit.status, '') AS deposit_status,
            dispute.app_id, dispute.id, dispute.currency, dispute.reason_code, dispute.respond_by, dispute.result,
            dispute.mid, dispute.hierarchy, dispute.sold_at, dispute.sold_amount, dispute.reference,
            dispute.order_reference, dispute.brand, dispute.first6, dispute.last4, dispute.arn, dispute.authcode,
            dispute.brand_reference
        FROM dispute_adjustments AS adjustment
        JOIN disputes AS dispute ON dispute.app_id = adjustment.app_id AND dispute.id = adjustment.dispute_id
        LEFT JOIN settlement_lines AS line ON line.id = adjustment.line_id
        LEFT JOIN deposits AS deposit ON deposit.id = line.deposit_id
    ) AS moved;
