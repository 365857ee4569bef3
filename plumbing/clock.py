"""The one clock that all processes share."""

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    """The time by the database: what two processes must agree on is not left to the clocks of their hosts."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now
