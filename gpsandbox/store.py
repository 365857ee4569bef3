"""The sandbox's memory: one SQLite file.

Every call runs its database work in one go, without waiting, inside one `BEGIN IMMEDIATE`. That is what makes an
idempotency key safe under any number of simultaneous calls, in this process or in another one on the same file.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = sqlite3.Row

VERSION = 1
"""Raised whenever a table changes its columns; an older file is refused."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS tokens (
    hash TEXT PRIMARY KEY, app_id TEXT NOT NULL, permissions TEXT NOT NULL, restricted INTEGER NOT NULL,
    created_at TEXT NOT NULL, expires_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS idempotency (
    app_id TEXT NOT NULL, endpoint TEXT NOT NULL, key TEXT NOT NULL, resource_id TEXT NOT NULL,
    PRIMARY KEY (app_id, endpoint, key)
) WITHOUT ROWID;

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

CREATE TABLE IF NOT EXISTS batches (
    id TEXT PRIMARY KEY, app_id TEXT NOT NULL, account_id TEXT NOT NULL, account_name TEXT NOT NULL,
    currency TEXT NOT NULL, method TEXT NOT NULL, status TEXT NOT NULL,
    created_at TEXT NOT NULL, closed_at TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS one_open_batch
    ON batches (app_id, account_id, currency, method) WHERE status = 'OPEN';

CREATE TABLE IF NOT EXISTS deposits (
    id TEXT PRIMARY KEY, app_id TEXT NOT NULL, created_at TEXT NOT NULL, paid_on TEXT NOT NULL,
    currency TEXT NOT NULL, method TEXT NOT NULL, status TEXT NOT NULL, amount INTEGER NOT NULL,
    sales_count INTEGER NOT NULL, sales_amount INTEGER NOT NULL,
    refunds_count INTEGER NOT NULL, refunds_amount INTEGER NOT NULL, fees_amount INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS deposits_by_day ON deposits (app_id, paid_on);

CREATE TABLE IF NOT EXISTS settlement_lines (
    id INTEGER PRIMARY KEY, app_id TEXT NOT NULL, transaction_id TEXT NOT NULL, deposit_id TEXT NOT NULL,
    batch_id TEXT NOT NULL, status TEXT NOT NULL, amount INTEGER NOT NULL, created_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS settlement_lines_by_deposit ON settlement_lines (deposit_id);
CREATE INDEX IF NOT EXISTS settlement_lines_by_transaction ON settlement_lines (transaction_id);

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
    JOIN batches AS batch ON batch.id = line.batch_id;

CREATE TABLE IF NOT EXISTS rules (
    id INTEGER PRIMARY KEY, match TEXT NOT NULL, action TEXT NOT NULL,
    nth INTEGER NOT NULL, times INTEGER, seen INTEGER NOT NULL, fired INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY, time_created TEXT NOT NULL, app_id TEXT NOT NULL, method TEXT NOT NULL,
    endpoint TEXT NOT NULL, path TEXT NOT NULL, reference TEXT NOT NULL, idempotency_key TEXT NOT NULL,
    resource_id TEXT NOT NULL, status INTEGER, detailed_error_code TEXT NOT NULL, fault TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS requests_by_reference ON requests (reference);
"""

RESET = (
    "idempotency", "payment_methods", "verifications", "transactions", "batches", "deposits", "settlement_lines",
    "rules", "requests",
)  # fmt: skip
"""What `/_emu/reset` empties: everything but access tokens, so that signed-in clients stay signed in."""


class StoreError(RuntimeError):
    """The file cannot be used; the message says what to do."""


class Store:
    """One connection to the file. Not for use from two threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=10, isolation_level=None, cached_statements=512)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("PRAGMA secure_delete = ON")
        version = self.value("PRAGMA user_version")
        if version not in (0, VERSION):
            raise StoreError(f"{path} was written by another version of gpsandbox (its version {version}). Delete it.")
        self._db.executescript(SCHEMA)
        self._db.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """Everything inside happens, or nothing. Never wait inside: the whole server stands still."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def row(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        found: Row | None = self._db.execute(sql, values).fetchone()
        return found

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        return self._db.execute(sql, values).fetchall()

    def value(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """The first column of the first row, or None."""
        found = self._db.execute(sql, values).fetchone()
        return None if found is None else found[0]

    def write(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run a statement that changes rows; returns how many."""
        return self._db.execute(sql, values).rowcount

    def insert(self, table: str, values: Mapping[str, Any]) -> None:
        """`table` and the keys of `values` are ours, never a caller's."""
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        self._db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))  # noqa: S608

    def update(self, table: str, row_id: str, **values: Any) -> None:
        """`table` and the names of `values` are ours, never a caller's."""
        names = ", ".join(f"{name} = ?" for name in values)
        self._db.execute(f"UPDATE {table} SET {names} WHERE id = ?", (*values.values(), row_id))  # noqa: S608

    def reset(self) -> None:
        with self.atomic():
            for table in RESET:
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608

    def close(self) -> None:
        self._db.close()
