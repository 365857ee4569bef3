"""`manage.py migrate` that gives up when a table is busy: waiting for it, everybody else would queue behind."""

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

LOCK_TIMEOUT = "5s"


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = %s", [LOCK_TIMEOUT])
        try:
            super().handle(*args, **options)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")
