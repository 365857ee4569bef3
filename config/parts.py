"""The parts of a running house: what each is started with, what it may know, and how it says that it is there."""

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

from config import devenv

GATEWAY_QUEUES = "gateway-interactive,gateway-lookup,gateway-batch"
_NOT_FOR_ALL = {*devenv.GATEWAY_WORKER, *devenv.PROVISIONING, "GPSANDBOX_SECRET"}

Answer = Callable[[int], str]
"""Given the part's process number: why it is not there yet; empty when it is."""


@dataclass(frozen=True)
class Place:
    """Where one stack lives. Tests have their own; `make run` has `.data/` and the ports that people know."""

    data: Path
    web_port: int
    sandbox_port: int
    database_url: str
    redis_url: str
    secrets: Mapping[str, str] = field(repr=False)
    settings: str = "config.settings.dev"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"


@dataclass(frozen=True)
class Part:
    name: str
    command: list[str]
    environment: dict[str, str] = field(repr=False)
    answers: Answer = field(repr=False)


def sandbox(place: Place) -> Part:
    pages = ",".join(f"http://{host}:{place.web_port}" for host in ("localhost", "127.0.0.1", "north.localhost"))
    return Part(
        name="gpsandbox",
        command=[sys.executable, "-m", "gpsandbox"],
        environment=_bare()
        | {
            "GPSANDBOX_HOST": "127.0.0.1",
            "GPSANDBOX_PORT": str(place.sandbox_port),
            "GPSANDBOX_DB": str(place.data / "gpsandbox.sqlite3"),
            "GPSANDBOX_SECRET": place.secrets["GPSANDBOX_SECRET"],
            "GPSANDBOX_APPS": f"{place.secrets['GP_APP_ID']}:{place.secrets['GP_APP_KEY']}",
            "GPSANDBOX_ALLOWED_ORIGINS": pages,
            # No public source knows either of the gateway; without them a day passes before a page shows what was done
            # in the console, and no buyer reads why a debit came back.
            "GPSANDBOX_NOTIFY_SETTLEMENT": "1",
            "GPSANDBOX_RETURN_CODES": "1",
        },
        answers=lambda pid: _http(f"{place.sandbox_url}/healthz"),
    )


def setup(place: Place) -> Part:
    """Migrations and demo data: ends by itself, and must end well before the others start."""
    keys = devenv.only(place.secrets, devenv.PROVISIONING)
    return Part(
        name="setup",
        command=[sys.executable, "-m", "config.setup"],
        environment=_ours(place) | keys | {"GP_SERVICE_URL": f"{place.sandbox_url}/ucp"},
        answers=lambda pid: "",
    )


def web(place: Place) -> Part:
    flags = ["-k", "gthread", "-w", "2", "--threads", "16", "--timeout", "60", "--no-control-socket"]
    return Part(
        name="web",
        command=[sys.executable, "-m", "gunicorn", *flags, "-b", f"127.0.0.1:{place.web_port}", "config.wsgi"],
        environment=_ours(place),
        answers=lambda pid: _http(f"http://127.0.0.1:{place.web_port}/readyz"),
    )


def gateway_worker(place: Place, *, name: str = "worker-gateway", processes: int = 4) -> Part:
    keys = devenv.only(place.secrets, devenv.GATEWAY_WORKER)
    return _worker(place, name, queues=GATEWAY_QUEUES, processes=processes, keys=keys)


def default_worker(place: Place) -> Part:
    return _worker(place, "worker-default", queues="default", processes=2, keys={})


def beat(place: Place) -> Part:
    command = [sys.executable, "-m", "celery", "-A", "config.celery:app", "--quiet", "beat", "-l", "INFO", "--pidfile="]
    return Part(name="beat", command=command, environment=_ours(place), answers=_beats(place, "beat"))


def _worker(place: Place, name: str, *, queues: str, processes: int, keys: Mapping[str, str]) -> Part:
    flags = f"-n {name}@%h -Q {queues} -c {processes} -l INFO --without-gossip --without-mingle --without-heartbeat"
    return Part(
        name=name,
        command=[sys.executable, "-m", "celery", "-A", "config.celery:app", "--quiet", "worker", *flags.split()],
        # SIGTERM lets running tasks end and takes no other; whoever stops a worker kills it when that lasts too long.
        environment=_ours(place) | dict(keys),
        answers=_beats(place, name),
    )


def _bare() -> dict[str, str]:
    """Our own environment, less what only single parts may see."""
    return {name: value for name, value in os.environ.items() if name not in _NOT_FOR_ALL} | {"PYTHONUNBUFFERED": "1"}


def _ours(place: Place) -> dict[str, str]:
    return (
        _bare()
        | devenv.only(place.secrets, devenv.SHARED)
        | dict.fromkeys(devenv.GATEWAY_WORKER, "")
        | {
            "DJANGO_SETTINGS_MODULE": place.settings,
            "DATABASE_URL": place.database_url,
            "REDIS_URL": place.redis_url,
            "WEB_PORT": str(place.web_port),
            "SANDBOX_PORT": str(place.sandbox_port),
        }
    )


def _http(address: str) -> str:
    try:
        with urllib.request.urlopen(address, timeout=5):  # noqa: S310
            return ""
    except urllib.error.HTTPError as error:
        said = error.read(300).decode(errors="replace").strip()
        return f"{address} answers {error.code}: {said}"
    except OSError as error:
        return f"{address} does not answer: {error}"


def _beats(place: Place, name: str) -> Answer:
    """Ready once the part's own process has written its heartbeat row."""

    def answer(pid: int) -> str:
        try:
            connection = psycopg2.connect(place.database_url, connect_timeout=5)
            with closing(connection), connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM plumbing_heartbeat WHERE name = %s AND pid = %s", [name, pid])
                return "" if cursor.fetchone() else "it has not written its heartbeat yet"
        except psycopg2.Error as error:
            return f"its heartbeat cannot be read: {error}".strip()

    return answer
