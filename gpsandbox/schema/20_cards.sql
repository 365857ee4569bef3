CREATE TABLE IF NOT EXISTS payment_methods (
    id TEXT PRIMARY KEY, app_id TEXT NOT NULL, account_id TEXT NOT NULL, account_name TEXT NOT NULL,
    reference TEXT NOT NULL, usage_mode TEXT NOT NULL, status TEXT NOT NULL, name TEXT NOT NULL,
    brand TEXT NOT NULL, first6 TEXT NOT NULL, last4 TEXT NOT NULL,
    expiry_month TEXT NOT NULL, expiry_year TEXT NOT NULL, cvv_given INTEGER NOT NULL,
    fingerprint TEXT NOT NULL, brand_reference TEXT NOT NULL, outcome TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, expires_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS payment_methods_by_time ON payment_methods (app_id, created_at);
CREATE INDEX IF NOT EXISTS payment_methods_by_reference ON payment_methods (reference);
CREATE INDEX IF NOT EXISTS payment_methods_by_fingerprint ON payment_methods (fingerprint);

CREATE TABLE IF NOT EXISTS verifications (
    id TEXT PRIMARY KEY, app_id TEXT NOT NULL, reference TEXT NOT NULL, status TEXT NOT NULL,
    created_at TEXT NOT NULL, answer TEXT NOT NULL
);
