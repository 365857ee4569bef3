CREATE TABLE IF NOT EXISTS rules (
    id INTEGER PRIMARY KEY, match TEXT NOT NULL, action TEXT NOT NULL,
    nth INTEGER NOT NULL, times INTEGER, seen INTEGER NOT NULL, fired INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY, time_created TEXT NOT NULL, app_id TEXT NOT NULL, method TEXT NOT NULL,
    endpoint TEXT NOT NULL, path TEXT NOT NULL, reference TEXT NOT NULL, idempotency_key TEXT NOT NULL,
    resource_id TEXT NOT NULL, status INTEGER, detailed_error_code TEXT NOT NULL, fault TEXT NOT NULL,
    sent TEXT NOT NULL DEFAULT '', answered TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS requests_by_reference ON requests (reference);
