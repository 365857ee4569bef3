"""The whole house for one benchmark: web, workers, beat and gpsandbox as `make run` starts them, with one shop."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connections

from config import devenv, parts, processes
from config.supervisor import Supervisor
from tests.databases import django_on, own_database
from tests.e2e.house import House, shop_open

READY_WITHIN = 90.0


@contextmanager
def running_house(name: str) -> Iterator[House]:
    """A stack on a database of its own; the web process serves `tests.bench.urls`."""
    with (
        tempfile.TemporaryDirectory(prefix="oropay-bench-") as folder,
        own_database(name, template=os.environ["TEMPLATE_DATABASE"]) as database_url,
        django_on(database_url),
    ):
        place = parts.Place(
            data=Path(folder),
            web_port=processes.free_port(),
            sandbox_port=processes.free_port(),
            database_url=database_url,
            redis_url=os.environ["REDIS_URL"],
            secrets={secret: os.environ[secret] for secret in (*devenv.SHARED, *devenv.GATEWAY_WORKER)}
            | {"GP_APP_ID": "contract-app", "GP_APP_KEY": "contract-key", "GPSANDBOX_SECRET": "open-sesame"},
            settings=os.environ["DJANGO_SETTINGS_MODULE"],
        )
        with Supervisor(logs=place.data / "log") as stack:
            stack.start(parts.sandbox(place))
            stack.wait_ready(seconds=READY_WITHIN)
            seller = shop_open(service_url=f"{place.sandbox_url}/ucp")
            for part in (parts.gateway_worker, parts.default_worker, parts.beat, parts.web):
                stack.start(part(place))
            stack.wait_ready(seconds=READY_WITHIN)
            yield House(place=place, seller=seller, stack=stack)
            stack.check()
            connections.close_all()
