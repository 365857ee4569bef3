"""Statements that PostgreSQL parses and plans once a connection instead of at every use.

psycopg2 prepares nothing by itself, so it is said in SQL. Behind a pool that gives each transaction another connection
to the server, a prepared statement is gone when it is wanted; then the statement is sent as it is.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from django.db.backends.base.base import BaseDatabaseWrapper

_seen: "WeakKeyDictionary[Any, dict[str, bool]]" = WeakKeyDictionary()
"""By connection and name: whether it is prepared there (False after the first use); `POOLED`: whether it is a pool."""
LONGEST_NAME = 50
"""Characters that a statement may be named after before its number; PostgreSQL reads 63."""
POOLED = ""
OWN_PROCESS = "SELECT pg_backend_pid()"
"""A pool names another to its client than the server does."""


def prepared(*, name: str, sql: str, connection: BaseDatabaseWrapper) -> str:
    """What to send with the parameters of `sql`: itself at the first use on a connection, from then on its name."""
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    own = connection.connection
    known = _seen.setdefault(own, {})
    if known.get(name):
        return _executed(name, sql)
    if name not in known:
        known[name] = False
        return sql
    with connection.wrap_database_errors, own.cursor() as cursor:
        if POOLED not in known:
            cursor.execute(OWN_PROCESS)
            known[POOLED] = cursor.fetchone()[0] != own.info.backend_pid
        if known[POOLED]:
            return sql
        cursor.execute(f'PREPARE "{name}" AS {_numbered(sql)}')
        known[name] = True
    return _executed(name, sql)


@lru_cache(maxsize=1024)
def _executed(name: str, sql: str) -> str:
    marks = ", ".join(["%s"] * len(re.findall(r"%s", sql.replace("%%", ""))))
    return f'EXECUTE "{name}" ({marks})' if marks else f'EXECUTE "{name}"'


def _numbered(sql: str) -> str:
    """With $1, $2 … where psycopg2 puts the parameters."""
    numbers: Iterator[int] = count(1)
    return re.sub("%s|%%", lambda found: f"${next(numbers)}" if found[0] == "%s" else "%", sql)
