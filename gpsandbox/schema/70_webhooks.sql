CREATE TABLE IF NOT EXISTS notifications (
    id TEXT PRIMARY KEY, app_id TEXT NOT NULL, created_at TEXT NOT NULL,
    resource_id TEXT NOT NULL, reference TEXT NOT NULL, status TEXT NOT NULL, type TEXT NOT NULL,
    url TEXT NOT NULL, body TEXT NOT NULL, replay_of TEXT NOT NULL,
    corrupt INTEGER NOT NULL, overtaken INTEGER NOT NULL,
    state TEXT NOT NULL, due_at TEXT NOT NULL, attempts INTEGER NOT NULL, leased_until REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS notifications_due ON notifications (state, due_at);
CREATE INDEX IF NOT EXISTS notifications_by_resource ON notifications (resource_id, state);

CREATE TABLE IF NOT EXISTS notification_attempts (
    id INTEGER PRIMARY KEY, notification_id TEXT NOT NULL, number INTEGER NOT NULL, time_created TEXT NOT NULL,
    signature TEXT NOT NULL, http_status INTEGER, problem TEXT NOT NULL, milliseconds INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS notification_attempts_by_notification ON notification_attempts (notification_id);
