"""A migration never makes everybody wait behind it."""

from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models.signals import pre_migrate


def lock_timeout() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        return str(cursor.fetchone()[0])


@pytest.mark.django_db
def test_a_migration_waits_a_moment_for_a_busy_table_and_then_gives_up() -> None:
    seen: set[str] = set()

    def look(**_told: Any) -> None:
        seen.add(lock_timeout())

    pre_migrate.connect(look)
    try:
        call_command("migrate", verbosity=0)
    finally:
        pre_migrate.disconnect(look)

    assert (seen, lock_timeout()) == ({"5s"}, "0")
