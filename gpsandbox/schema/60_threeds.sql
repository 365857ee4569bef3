CREATE TABLE IF NOT EXISTS authentications (
    id TEXT PRIMARY KEY, app_id TEXT NOT NULL, account_id TEXT NOT NULL, account_name TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, status TEXT NOT NULL,
    channel TEXT NOT NULL, country TEXT NOT NULL, currency TEXT NOT NULL, amount INTEGER NOT NULL,
    reference TEXT NOT NULL, source TEXT NOT NULL, preference TEXT NOT NULL,
    scenario TEXT NOT NULL, message_version TEXT NOT NULL,
    brand TEXT NOT NULL, last4 TEXT NOT NULL, fingerprint TEXT NOT NULL, token_id TEXT NOT NULL,
    challenge_return_url TEXT NOT NULL, method_return_url TEXT NOT NULL,
    method_page_seen INTEGER NOT NULL DEFAULT 0, method_completion TEXT NOT NULL DEFAULT '',
    server_trans_ref TEXT NOT NULL, ds_trans_ref TEXT NOT NULL DEFAULT '', acs_trans_ref TEXT NOT NULL DEFAULT '',
    letter TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '', cryptogram TEXT NOT NULL DEFAULT '',
    mobile TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX IF NOT EXISTS authentications_by_time ON authentications (app_id, created_at);
CREATE INDEX IF NOT EXISTS authentications_by_reference ON authentications (reference);
CREATE INDEX IF NOT EXISTS authentications_by_cryptogram ON authentications (cryptogram) WHERE cryptogram <> '';
CREATE UNIQUE INDEX IF NOT EXISTS authentications_by_acs ON authentications (acs_trans_ref) WHERE acs_trans_ref <> '';
