CREATE TABLE IF NOT EXISTS transactions (
    id TEXT PRIMARY KEY, app_id TEXT NOT NULL, account_id TEXT NOT NULL, account_name TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    type TEXT NOT NULL, status TEXT NOT NULL, channel TEXT NOT NULL, capture_mode TEXT NOT NULL,
    currency TEXT NOT NULL, country TEXT NOT NULL,
    amount INTEGER NOT NULL, authorized INTEGER NOT NULL, captured INTEGER NOT NULL, refunded INTEGER NOT NULL,
    reference TEXT NOT NULL, order_reference TEXT NOT NULL, description TEXT NOT NULL,
    parent_id TEXT NOT NULL, batch_id TEXT NOT NULL, held INTEGER NOT NULL,
    method TEXT NOT NULL, entry_mode TEXT NOT NULL, name TEXT NOT NULL, token_id TEXT NOT NULL,
    brand TEXT NOT NULL, first6 TEXT NOT NULL, last4 TEXT NOT NULL, fingerprint TEXT NOT NULL,
    authcode TEXT NOT NULL, brand_reference TEXT NOT NULL, arn TEXT NOT NULL,
    outcome TEXT NOT NULL, result TEXT NOT NULL, message TEXT NOT NULL, risk TEXT NOT NULL,
    action_id TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS transactions_by_time ON transactions (app_id, created_at);
CREATE INDEX IF NOT EXISTS transactions_by_reference ON transactions (reference);
CREATE INDEX IF NOT EXISTS transactions_by_batch ON transactions (batch_id);
CREATE INDEX IF NOT EXISTS transactions_by_parent ON transactions (parent_id) WHERE parent_id <> '';
CREATE INDEX IF NOT EXISTS transactions_by_fingerprint ON transactions (fingerprint);
