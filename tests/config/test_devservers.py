import os
from contextlib import closing

import psycopg2
import pytest
import redis

from config import devservers, processes


@pytest.fixture
def postgres(tmp_path):
    """Starts PostgreSQL in the same folder as often as asked; ends whatever is left."""
    servers = []

    def start():
        servers.append(devservers.postgres_start(data=tmp_path / "pg", password="word", options=devservers.THROWAWAY))
        return servers[-1]

    yield start
    for server in servers:
        if server.alive():
            server.stop()


def _ask(url, sql):
    with closing(devservers.postgres_connect(url, database="oropay")) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone() if cursor.description else None


def test_postgres_keeps_its_data_and_distrusts_a_lock_left_behind(postgres, tmp_path):
    first = postgres()
    _ask(first.url, "CREATE TABLE kept AS SELECT 42 AS answer")
    first.stop()
    # The number of a running process that is no PostgreSQL, as after a restart of the machine.
    (tmp_path / "pg" / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path / 'pg'}\n")

    second = postgres()

    assert _ask(second.url, "SELECT answer FROM kept") == (42,)


def test_a_server_that_still_answers_is_used_and_can_be_stopped(postgres):
    first = postgres()

    second = postgres()

    assert (second.pid, second.url, second.child) == (first.pid, first.url, None)
    second.stop()
    assert processes.wait_until(lambda: not first.alive(), seconds=5)


def test_postgres_has_the_promised_encoding_and_asks_for_the_password(postgres):
    server = postgres()

    sql = "SELECT pg_encoding_to_char(encoding), datlocprovider, datlocale FROM pg_database WHERE datname = 'oropay'"
    assert _ask(server.url, sql) == ("UTF8", "b", "C.UTF-8")
    assert _ask(server.url, "SHOW unix_socket_directories") == ("",)
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        devservers.postgres_connect(server.url.replace("word@", "guess@"), database="oropay")


def test_valkey_keeps_what_it_was_told_and_asks_for_the_password(tmp_path):
    first = devservers.valkey_start(folder=tmp_path / "val key", password="word")
    redis.Redis.from_url(first.url).set("kept", "42")
    first.stop()

    second = devservers.valkey_start(folder=tmp_path / "val key", password="word")

    try:
        assert redis.Redis.from_url(second.url).get("kept") == b"42"
        with pytest.raises(redis.exceptions.AuthenticationError):
            redis.Redis.from_url(second.url.replace("word@", "guess@")).ping()
    finally:
        second.stop()


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path):
    (tmp_path / "pg").mkdir()
    (tmp_path / "pg" / "thesis.txt").write_text("precious")

    with pytest.raises(devservers.ServerError, match="neither empty nor a PostgreSQL folder"):
        devservers.postgres_start(data=tmp_path / "pg", password="word")

    assert (tmp_path / "pg" / "thesis.txt").read_text() == "precious"
