"""Rows that every payment writes: the statement is written once a process and planned once a connection.

`save` and `bulk_create` write theirs anew each time, which costs more than the row does. These do the same for plain
values of a model without parents, signals, or columns that the database fills in: what they do not know they refuse.
Sibling of `plumbing.compiled`, for the same few places (ADR 13).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django.db.models import NOT_PROVIDED, Field, Model
from django.db.models.signals import post_save, pre_save

from plumbing.prepared import LONGEST_NAME, prepared

_numbers = count(1)
MOST = 20
"""Rows of one statement that is kept; more are written a part at a time."""


@dataclass(frozen=True)
class _Statement:
    name: str
    sql: str
    fields: tuple["Field[Any, Any]", ...]

    def run(self, rows: Sequence[Model], *after: Any, add: bool) -> Any:
        """Execute with the values of these rows, and `after` them; returns the cursor."""
        here = connections[DEFAULT_DB_ALIAS]  # itself: behind `connection` each field would look it up again
        values = [field.get_db_prep_save(field.pre_save(row, add), here) for row in rows for field in self.fields]
        sql = prepared(name=self.name, sql=self.sql, connection=here)
        cursor = here.cursor()
        cursor.execute(sql, [*values, *after])
        return cursor


def rows_add(rows: Sequence[Model], *, unless_there: bool = False) -> None:
    """Insert new rows of one model, which know their ids afterwards.

    `unless_there`: a row that a unique index knows already stays as it is, and nobody learns an id.
    """
    for begin in range(0, len(rows), MOST):
        part = rows[begin : begin + MOST]
        with _insert(type(part[0]), len(part), unless_there).run(part, add=True) as cursor:
            if unless_there:
                continue
            for row, (pk,) in zip(part, cursor.fetchall(), strict=True):
                row.pk = pk
                row._state.adding, row._state.db = False, connection.alias


def row_write(row: Model, *names: str) -> None:
    """Update a row: these fields, or all. Raises DatabaseError when it is not there."""
    with _update(type(row), names).run([row], row.pk, add=False) as cursor:
        if cursor.rowcount != 1:
            raise DatabaseError(f"{row._meta.label} {row.pk} is not there to be written.")


@lru_cache(maxsize=256)
def _insert(model: type[Model], many: int, unless_there: bool) -> _Statement:
    fields = _columns(model)
    one = ", ".join(_mark(field) for field in fields)
    columns = ", ".join(_quoted(field.column) for field in fields)
    pk = model._meta.pk
    then = "ON CONFLICT DO NOTHING" if unless_there else f"RETURNING {_quoted(pk.column)}"
    return _Statement(
        name=f"add {model._meta.label[-LONGEST_NAME:]} {next(_numbers)}",
        sql=f"INSERT INTO {_quoted(model._meta.db_table)} ({columns}) VALUES {', '.join([f'({one})'] * many)} {then}",  # noqa: S608
        fields=fields,
    )


@lru_cache(maxsize=256)
def _update(model: type[Model], names: tuple[str, ...]) -> _Statement:
    fields = tuple(field for field in _columns(model) if not names or field.name in names)
    if names and len(fields) != len(names):
        raise TypeError(f"{model._meta.label} does not have all of {names}.")
    sets = ", ".join(f"{_quoted(field.column)} = {_mark(field)}" for field in fields)
    return _Statement(
        name=f"write {model._meta.label[-LONGEST_NAME:]} {next(_numbers)}",
        sql=f"UPDATE {_quoted(model._meta.db_table)} SET {sets} WHERE {_quoted(model._meta.pk.column)} = %s",  # noqa: S608
        fields=fields,
    )


def _columns(model: type[Model]) -> tuple["Field[Any, Any]", ...]:
    """All but the id, which the database gives."""
    meta = model._meta
    if meta.parents or any(signal.has_listeners(model) for signal in (pre_save, post_save)):
        raise TypeError(f"{meta.label} has a parent or a signal; save it.")
    fields = tuple(field for field in meta.local_concrete_fields if not field.primary_key)
    if any(field.generated or field.db_default is not NOT_PROVIDED for field in fields):
        raise TypeError(f"The database fills in columns of {meta.label}; save it.")
    return fields


def _mark(field: "Field[Any, Any]") -> str:
    """Where its value goes; arrays say their type."""
    said = getattr(field, "get_placeholder", None)
    return str(said(None, None, connection)) if said is not None else "%s"


def _quoted(name: str | None) -> str:
    """A column or table. Only what has none at all is nameless."""
    if name is None:
        raise TypeError("There is no column for it; save the row.")
    return connection.ops.quote_name(name)
