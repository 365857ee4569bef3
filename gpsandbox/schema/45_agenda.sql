CREATE TABLE IF NOT EXISTS agenda (
    at TEXT NOT NULL, event TEXT NOT NULL, subject TEXT NOT NULL,
    PRIMARY KEY (at, event, subject)
) WITHOUT ROWID;
