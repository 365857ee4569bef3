"""Databases that exist for one stack or one benchmark, beside the one of the ordinary tests."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager

from django.conf import settings
from django.db import connections

from config.devservers import postgres_connect


@contextmanager
def own_database(name: str, *, template: str | None = None) -> Iterator[str]:
    """A database that is dropped in the end; a copy of `template` if one is named. Yields its address."""
    connections.close_all()
    with closing(postgres_connect(os.environ["DATABASE_URL"], database="postgres")) as server, server.cursor() as run:
        run.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        run.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
        try:
            yield f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"
        finally:
            connections.close_all()
            run.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def django_on(url: str) -> Iterator[None]:
    """Let this process, and those it starts, work on the database at `url`."""
    before = os.environ["DATABASE_URL"], connections["default"].settings_dict["NAME"]
    connections.close_all()
    os.environ["DATABASE_URL"] = url
    connections["default"].settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = url.rpartition("/")[2]
    try:
        yield
    finally:
        connections.close_all()
        os.environ["DATABASE_URL"] = before[0]
        connections["default"].settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = before[1]
