CREATE TABLE IF NOT EXISTS links (
    id TEXT PRIMARY KEY, app_id TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    type TEXT NOT NULL, status TEXT NOT NULL, usage_mode TEXT NOT NULL, usage_limit INTEGER NOT NULL,
    usage_count INTEGER NOT NULL, viewed_count INTEGER NOT NULL,
    reference TEXT NOT NULL, name TEXT NOT NULL, description TEXT NOT NULL,
    amount INTEGER NOT NULL, currency TEXT NOT NULL, shippable TEXT NOT NULL, shipping_amount INTEGER NOT NULL,
    expires_at TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS links_by_time ON links (app_id, created_at);
CREATE INDEX IF NOT EXISTS links_by_expiry ON links (status, expires_at);
