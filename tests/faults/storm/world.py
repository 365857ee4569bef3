"""The processes of one storm: gateway, workers, beat. All its own, so that all may be broken."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from config import parts, processes
from config.supervisor import Running, Supervisor
from tests.contract.sandbox import Sandbox
from tests.faults.storm.servers import Servers

READY_WITHIN = 120.0
PROCESSES = 3
"""Of each gateway worker."""


@dataclass
class World:
    servers: Servers
    place: parts.Place
    stack: Supervisor
    crashes: str
    """`seed:chance` for the gateway workers; see `crashing`."""
    marks: Path
    """Where they write at which step they died."""
    workers: list[Running] = field(default_factory=list)
    inbox: str = ""
    """The secret address at which the house is told things."""

    @property
    def sandbox(self) -> Sandbox:
        root = self.place.sandbox_url
        return Sandbox(url=f"{root}/ucp", root=root, secret=self.place.secrets["GPSANDBOX_SECRET"])

    def worker_start(self, name: str) -> None:
        """One more gateway worker, whose processes may die at marked steps."""
        worker = parts.gateway_worker(self.place, name=name, processes=PROCESSES)
        worker.environment.update({"STORM_CRASHES": self.crashes, "STORM_MARKS": str(self.marks)})
        self.workers.append(self.stack.start(worker))

    def worker_forget(self, running: Running) -> None:
        """Take a dead worker off the lists, so that another may take its place."""
        self.stack.running.remove(running)
        self.workers.remove(running)


@contextmanager
def world_made(servers: Servers, *, crashes: str, workers: int) -> Iterator[World]:
    """Start gateway, workers and beat; end them all afterwards."""
    place = parts.Place(
        data=servers.folder,
        web_port=processes.free_port(),
        sandbox_port=processes.free_port(),
        database_url=servers.postgres.url,
        redis_url=servers.valkey.url,
        secrets={name: os.environ[name] for name in (*SHARED, *WORKERS)}
        | {"GP_APP_ID": "contract-app", "GP_APP_KEY": "contract-key", "GPSANDBOX_SECRET": "open-sesame"},
        settings="tests.faults.storm.settings",
    )
    with Supervisor(logs=servers.folder / "log") as stack:
        world = World(servers=servers, place=place, stack=stack, crashes=crashes, marks=servers.folder / "marks")
        world.marks.mkdir()
        # The sandbox tells the house here what becomes of payments.
        os.environ["OROPAY_WEBHOOK_ORIGIN"] = f"http://127.0.0.1:{place.web_port}"
        gateway = parts.sandbox(place)
        gateway.environment.update(GATEWAY)
        for part in (gateway, parts.default_worker(place), parts.beat(place), parts.web(place)):
            stack.start(part)
        for number in range(workers):
            world.worker_start(f"worker-gateway-{number}" if number else "worker-gateway")
        stack.wait_ready(seconds=READY_WITHIN)
        yield world


GATEWAY = {
    "GPSANDBOX_FEATURES": "multi_capture,hold,surcharge,renew_live_holds",
    "GPSANDBOX_NOTIFY_DISPUTES": "1",
    "GPSANDBOX_NOTIFY_SETTLEMENT": "1",
    "GPSANDBOX_RETURN_CODES": "1",
}
"""What this gateway does that others may not."""
SHARED = ("SECRET_KEY", "OROPAY_VAULT_PUBLIC_KEYS", "OROPAY_SECRETBOX_KEYS")
WORKERS = ("OROPAY_VAULT_PRIVATE_KEYS", "OROPAY_FINGERPRINT_KEY")
