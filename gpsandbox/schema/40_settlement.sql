CREATE TABLE IF NOT EXISTS batches (
    id TEXT PRIMARY KEY, app_id TEXT NOT NULL, account_id TEXT NOT NULL, account_name TEXT NOT NULL,
    currency TEXT NOT NULL, method TEXT NOT NULL, status TEXT NOT NULL,
    created_at TEXT NOT NULL, closed_at TEXT NOT NULL,
    zone TEXT NOT NULL DEFAULT 'UTC', closes_at TEXT NOT NULL DEFAULT '', pays_at TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX IF NOT EXISTS one_open_batch
    ON batches (app_id, account_id, currency, method) WHERE status = 'OPEN';

CREATE TABLE IF NOT EXISTS deposits (
    id TEXT PRIMARY KEY, app_id TEXT NOT NULL, created_at TEXT NOT NULL, paid_on TEXT NOT NULL,
    currency TEXT NOT NULL, method TEXT NOT NULL, status TEXT NOT NULL, amount INTEGER NOT NULL,
    sales_count INTEGER NOT NULL, sales_amount INTEGER NOT NULL,
    refunds_count INTEGER NOT NULL, refunds_amount INTEGER NOT NULL, fees_amount INTEGER NOT NULL,
    chargebacks_count INTEGER NOT NULL DEFAULT 0, chargebacks_amount INTEGER NOT NULL DEFAULT 0,
    reversals_count INTEGER NOT NULL DEFAULT 0, reversals_amount INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS deposits_by_day ON deposits (app_id, paid_on);

CREATE TABLE IF NOT EXISTS settlement_lines (
    id INTEGER PRIMARY KEY, app_id TEXT NOT NULL, transaction_id TEXT NOT NULL, deposit_id TEXT NOT NULL,
    batch_id TEXT NOT NULL, status TEXT NOT NULL, amount INTEGER NOT NULL, created_at TEXT NOT NULL,
    kind TEXT NOT NULL DEFAULT 'PAYMENT', due_at TEXT NOT NULL DEFAULT '', dispute_id TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS settlement_lines_by_deposit ON settlement_lines (deposit_id);
CREATE INDEX IF NOT EXISTS settlement_lines_by_transaction ON settlement_lines (transaction_id);
CREATE INDEX IF NOT EXISTS settlement_lines_by_batch ON settlement_lines (batch_id);

CREATE VIEW IF NOT EXISTS settled_transactions AS
    SELECT line.id AS line_id, line.deposit_id, line.batch_id, line.status, line.amount,
        sold.id, sold.app_id, sold.account_id, sold.account_name, sold.created_at, sold.updated_at, sold.type,
        sold.channel, sold.capture_mode, sold.currency, sold.country, sold.reference, sold.order_reference,
        sold.description, sold.parent_id, sold.method, sold.entry_mode, sold.name, sold.token_id, sold.brand,
        sold.first6, sold.last4, sold.fingerprint, sold.authcode, sold.brand_reference, sold.outcome, sold.result,
        sold.message, sold.risk, sold.arn, sold.detail,
        deposit.paid_on, deposit.amount AS deposit_amount, deposit.status AS deposit_status,
        batch.created_at AS batch_created_at
    FROM settlement_lines AS line
    JOIN transactions AS sold ON sold.id = line.transaction_id
    JOIN deposits AS deposit ON deposit.id = line.deposit_id
    JOIN batches AS batch ON batch.id = line.batch_id
    WHERE line.kind IN ('PAYMENT', 'RETURN');
