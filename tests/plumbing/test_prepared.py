"""A statement is prepared at its second use on a connection, and means the same."""

from collections.abc import Iterator

import psycopg2
import pytest
from django.db import DatabaseError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import atomic, set_rollback

from plumbing import prepared as pool
from plumbing.prepared import prepared

pytestmark = pytest.mark.django_db(transaction=True)

SQL = "SELECT %s::int + %s::int, '100%%'"


@pytest.fixture
def fresh() -> Iterator[BaseDatabaseWrapper]:
    """A connection that has prepared nothing."""
    connection.close()
    yield connection
    connection.close()


def asked(connection: BaseDatabaseWrapper, *values: int, sql: str = SQL, name: str = "sum 1") -> tuple[str, object]:
    statement = prepared(name=name, sql=sql, connection=connection)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return statement, cursor.fetchone()


def on_the_server(connection: BaseDatabaseWrapper) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements ORDER BY name")
        return [name for (name,) in cursor]


def test_the_second_use_is_prepared_and_gives_the_same(fresh: BaseDatabaseWrapper) -> None:
    assert asked(fresh, 1, 2) == (SQL, (3, "100%"))
    assert on_the_server(fresh) == []
    assert asked(fresh, 3, 4) == ('EXECUTE "sum 1" (%s, %s)', (7, "100%"))
    assert asked(fresh, 5, 6)[1] == (11, "100%")
    assert on_the_server(fresh) == ["sum 1"]


def test_a_new_connection_begins_anew(fresh: BaseDatabaseWrapper) -> None:
    for _ in range(3):
        asked(fresh, 1, 1)
    fresh.close()
    assert asked(fresh, 1, 1) == (SQL, (2, "100%"))
    assert asked(fresh, 2, 2)[1] == (4, "100%")


def test_what_is_rolled_back_stays_prepared(fresh: BaseDatabaseWrapper) -> None:
    asked(fresh, 1, 1)
    with atomic():
        asked(fresh, 1, 1)
        set_rollback(True)
    assert asked(fresh, 2, 3)[1] == (5, "100%")


def test_a_statement_without_values(fresh: BaseDatabaseWrapper) -> None:
    for _ in range(3):
        assert asked(fresh, sql="SELECT 1", name="one")[1] == (1,)


def test_behind_a_pool_nothing_is_prepared(fresh: BaseDatabaseWrapper, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool tells each client a process number of its own making; here the server is asked for one that differs."""
    monkeypatch.setattr(pool, "OWN_PROCESS", "SELECT pg_backend_pid() + 1")
    for _ in range(3):
        assert asked(fresh, 1, 2) == (SQL, (3, "100%"))
    assert on_the_server(fresh) == []


def test_a_statement_that_cannot_be_prepared_fails_as_it_would_have(fresh: BaseDatabaseWrapper) -> None:
    prepared(name="broken", sql="SELECT nonsense", connection=fresh)
    with pytest.raises(DatabaseError) as told:
        prepared(name="broken", sql="SELECT nonsense", connection=fresh)
    assert isinstance(told.value.__cause__, psycopg2.Error)
