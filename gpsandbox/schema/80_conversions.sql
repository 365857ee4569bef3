CREATE TABLE IF NOT EXISTS conversions (
    id TEXT PRIMARY KEY, app_id TEXT NOT NULL, created_at TEXT NOT NULL, reference TEXT NOT NULL,
    status TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL,
    payer_currency TEXT NOT NULL, rate TEXT NOT NULL, country TEXT NOT NULL
);
