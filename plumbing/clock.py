"""The one clock that all processes share."""

from datetime import datetime

from django.db import connection
from django.utils import timezone


def by_the_database(at: datetime) -> datetime:
    """A moment by this host's clock, as the database's clock showed it.

    For comparing with a time that the database wrote: a host whose clock is fast must not find it over too early.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return at + (now - timezone.now())
