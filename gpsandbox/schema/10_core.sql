CREATE TABLE IF NOT EXISTS tokens (
    hash TEXT PRIMARY KEY, app_id TEXT NOT NULL, permissions TEXT NOT NULL, restricted INTEGER NOT NULL,
    created_at TEXT NOT NULL, expires_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS idempotency (
    app_id TEXT NOT NULL, endpoint TEXT NOT NULL, key TEXT NOT NULL, resource_id TEXT NOT NULL,
    PRIMARY KEY (app_id, endpoint, key)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS clock (id INTEGER PRIMARY KEY CHECK (id = 1), ahead REAL NOT NULL);

CREATE TABLE IF NOT EXISTS actions (
    id TEXT PRIMARY KEY, app_id TEXT NOT NULL, created_at TEXT NOT NULL, type TEXT NOT NULL,
    resource TEXT NOT NULL, resource_id TEXT NOT NULL, resource_status TEXT NOT NULL,
    http_code INTEGER NOT NULL, response_code TEXT NOT NULL, detailed_code TEXT NOT NULL, message TEXT NOT NULL,
    account_id TEXT NOT NULL, account_name TEXT NOT NULL, version TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS actions_by_time ON actions (app_id, created_at);
CREATE INDEX IF NOT EXISTS actions_by_resource ON actions (resource_id);
