"""The whole house for one benchmark: web, workers, beat and gpsandbox as `make run` starts them, with one shop."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

from tests.e2e.house import House
from tests.stack import standing_house


@contextmanager
def running_house(name: str) -> Iterator[House]:
    """A stack on a database of its own; the web process serves `tests.bench.urls`."""
    with standing_house(
        name, redis_url=os.environ["REDIS_URL"], settings=os.environ["DJANGO_SETTINGS_MODULE"]
    ) as house:
        yield house
        house.stack.check()
        connections.close_all()
