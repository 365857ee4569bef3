"""The sandbox's memory: one SQLite file.

Every call runs its database work in one go, without waiting, inside one `BEGIN IMMEDIATE`. That is what makes an
idempotency key safe under any number of simultaneous calls, in this process or in another one on the same file.
"""

import fcntl
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = sqlite3.Row

VERSION = 1
"""Raised whenever a table changes its columns; an older file is refused."""

SCHEMA = "\n".join(path.read_text() for path in sorted((Path(__file__).parent / "schema").glob("*.sql")))
"""One file a subject, in the order of their names. A column added later must have a default: older files get it so."""

KEPT = ("tokens",)
"""What `/_emu/reset` does not empty, so that signed-in clients stay signed in."""


class StoreError(RuntimeError):
    """The file cannot be used; the message says what to do."""


class Store:
    """One connection to the file. Not for use from two threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._turn = path.with_name(f"{path.name}-turn").open("ab")
        self._db = sqlite3.connect(path, timeout=10, isolation_level=None, cached_statements=512)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("PRAGMA secure_delete = ON")
        version = self.value("PRAGMA user_version")
        if version not in (0, VERSION):
            raise StoreError(f"{path} was written by another version of gpsandbox (its version {version}). Delete it.")
        with self.atomic():
            self._schema_apply()
            self._db.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """Everything inside happens, or nothing. Never wait inside: the whole server stands still.

        SQLite's own lock keeps the file right. The turn comes before it for speed alone: SQLite sleeps before it looks
        again, but the kernel wakes whoever waits for a turn at once.
        """
        fcntl.flock(self._turn, fcntl.LOCK_EX)
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        finally:
            fcntl.flock(self._turn, fcntl.LOCK_UN)

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

    def columns(self, table: str) -> tuple[str, ...]:
        """The columns of a table of ours; none when there is no such table."""
        return tuple(row["name"] for row in self.rows(f"PRAGMA table_info({table})"))

    def counts(self) -> dict[str, int]:
        """Table → how many rows it holds."""
        return {table: self.value(f"SELECT count(*) FROM {table}") for table in _tables(self._db)}  # noqa: S608

    def reset(self) -> None:
        with self.atomic():
            for table in _tables(self._db):
                if table not in KEPT:
                    self._db.execute(f"DELETE FROM {table}")  # noqa: S608

    def _schema_apply(self) -> None:
        """Make what is missing: tables, columns added since the file was written, and all views anew."""
        for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'view'"):
            self._db.execute(f"DROP VIEW {row['name']}")
        for statement in _statements(SCHEMA):
            if not statement.startswith(("CREATE VIEW", "CREATE INDEX", "CREATE UNIQUE INDEX")):
                self._db.execute(statement)
        self._columns_add()
        for statement in _statements(SCHEMA):
            self._db.execute(statement)

    def _columns_add(self) -> None:
        wanted = sqlite3.connect(":memory:")
        wanted.executescript(SCHEMA)
        for table in _tables(wanted):
            known = {row["name"] for row in self.rows(f"PRAGMA table_info({table})")}
            for _number, name, kind, _required, default, _key in wanted.execute(f"PRAGMA table_info({table})"):
                if name not in known:
                    self._db.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind} NOT NULL DEFAULT {default}")
        wanted.close()

    def close(self) -> None:
        self._db.close()
        self._turn.close()


def _tables(db: sqlite3.Connection) -> list[str]:
    found = db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return [row[0] for row in found]


def _statements(script: str) -> Iterator[str]:
    """The script's statements, one by one: `executescript` would end our transaction."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement.strip()
            statement = ""
