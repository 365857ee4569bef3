"""Queries that Django writes in SQL once a process; from then on only their values are filled in.

Writing a wide SELECT costs Django more than reading the row: on the way of a payment it was two fifths of all processor
time. `@compiled` is for the few reads that every payment makes. It leans on Django's query compiler, which is no public
interface: `tests/plumbing/test_compiled.py` compares each kind of read with the ordinary one.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, wraps
from itertools import count
from types import SimpleNamespace
from typing import Any, ParamSpec, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import QuerySet, Value
from django.db.models.sql.compiler import SQLCompiler
from django.db.transaction import TransactionManagementError

from plumbing.prepared import LONGEST_NAME, prepared

P = ParamSpec("P")
Row = TypeVar("Row")

_numbers = count(1)
LONGEST = 20
"""Collections longer than this are written anew each time: their lengths are too many to keep."""


def compiled(write: Callable[P, "QuerySet[Any, Row]"]) -> Callable[P, list[Row]]:
    """Let `write` say its query once for each number of values; each call then runs it and returns its rows.

    `write` takes keywords only: single values or collections for `__in`. It may hand them to lookups and to nothing
    else: it must ask the same whatever they are. Related ids are compared as `other__pk__in`, never `other_id__in`.

    Raises TypeError for a value of None, which SQL compares with nothing.
    """
    known: dict[tuple[tuple[str, int], ...], _Select] = {}

    @wraps(write)
    def read(*_none: P.args, **values: P.kwargs) -> list[Row]:
        given = {name: _plain(name, value) for name, value in values.items()}
        shape = tuple((name, len(value) if isinstance(value, tuple) else -1) for name, value in given.items())
        select = known.get(shape)
        if select is None:
            kept = all(length <= LONGEST for _, length in shape)
            name = f"{write.__qualname__[-LONGEST_NAME:]} {next(_numbers)}" if kept else ""
            select = _select(name, write(**_places(given)))  # type: ignore[call-arg]
            if select is not None and kept:
                known[shape] = select
        return select.read(given) if select is not None else []

    return read


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        value = tuple(value)
    if value is None or (isinstance(value, tuple) and None in value):
        raise TypeError(f"{name} is None; ask with isnull instead.")
    return value


@dataclass(frozen=True)
class _Place:
    """Where a value goes in the parameters of a statement."""

    name: str
    index: int | None = None

    def filled(self, values: Mapping[str, Any]) -> Any:
        value = values[self.name]
        return value if self.index is None else value[self.index]


def _places(given: Mapping[str, Any]) -> dict[str, Any]:
    """What stands for the values while the query is written."""
    return {
        name: [Value(_Place(name, index)) for index in range(len(value))]
        if isinstance(value, tuple)
        else Value(_Place(name))
        for name, value in given.items()
    }


def _select(name: str, rows: "QuerySet[Any, Any]") -> "_Select | None":
    """Written out; None for a query that can find nothing, such as one for an empty collection."""
    if rows._prefetch_related_lookups:  # type: ignore[attr-defined]
        raise TypeError("A compiled query reads no other query's rows; use select_related.")
    compiler = rows.query.get_compiler(using=rows.db)
    try:
        sql, params = compiler.as_sql()
    except EmptyResultSet:
        return None
    return _Select(name=name, rows=rows, compiler=compiler, sql=sql, params=tuple(params))


@dataclass(frozen=True)
class _Select:
    name: str
    """Under which it is prepared; none for one that is not kept."""
    rows: "QuerySet[Any, Any]"
    compiler: SQLCompiler
    sql: str
    params: tuple[Any, ...]

    @cached_property
    def converters(self) -> dict[int, Any]:
        columns = [column for column, *_ in self.compiler.select[: self.compiler.col_count]]
        found: dict[int, Any] = self.compiler.get_converters(columns)
        return found

    def read(self, values: Mapping[str, Any]) -> list[Any]:
        """The rows for these values, over the connection of the thread that asks."""
        compiler = _twin(self.compiler)
        compiler.connection = connections[compiler.using]
        if self.rows.query.select_for_update and compiler.connection.get_autocommit():
            raise TransactionManagementError("select_for_update cannot be used outside of a transaction.")
        params = tuple(part.filled(values) if isinstance(part, _Place) else part for part in self.params)
        sql = prepared(name=self.name, sql=self.sql, connection=compiler.connection) if self.name else self.sql
        compiler.as_sql = lambda: (sql, params)
        compiler.get_converters = lambda _columns: self.converters
        query = _twin(self.rows.query)
        query.get_compiler = lambda using: compiler
        source: Any = SimpleNamespace(
            db=compiler.using,
            model=self.rows.model,
            query=query,
            _known_related_objects={},
            _fields=self.rows._fields,  # type: ignore[attr-defined]
        )
        iterable: Any = self.rows._iterable_class
        return list(iterable(source))


def _twin(one: Any) -> Any:
    """As copy.copy, without its questions."""
    twin = object.__new__(type(one))
    twin.__dict__.update(one.__dict__)
    return twin
