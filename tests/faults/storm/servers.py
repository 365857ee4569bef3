"""PostgreSQL and Valkey of one storm, started before Django reads their addresses. The database may be restarted."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from config import devservers, processes
from config.testrun import database_migrate

PASSWORD = "storm"


@dataclass
class Servers:
    folder: Path
    postgres: devservers.Server
    valkey: devservers.Server

    def database_restart(self) -> None:
        """Stop PostgreSQL under everybody's hands, and start it again where it was."""
        port = int(self.postgres.url.rpartition(":")[2].partition("/")[0])
        self.postgres.stop()
        self.postgres = _postgres(self.folder, port=port)


@contextmanager
def servers_started() -> Iterator[Servers]:
    """Both servers, with all migrations run; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="oropay-storm-") as name:
        folder = Path(name)
        with (folder / "valkey.log").open("ab") as log:
            valkey = devservers.valkey_start(folder=folder / "valkey", password=PASSWORD, durable=False, log=log)
        servers = Servers(folder=folder, postgres=_postgres(folder, port=processes.free_port()), valkey=valkey)
        try:
            database_migrate({"DATABASE_URL": servers.postgres.url, "DJANGO_SETTINGS_MODULE": "config.settings.test"})
            yield servers
        finally:
            servers.valkey.stop()
            servers.postgres.stop()


def _postgres(folder: Path, *, port: int) -> devservers.Server:
    with (folder / "postgres.log").open("ab") as log:
        return devservers.postgres_start(
            data=folder / "postgres", password=PASSWORD, options=devservers.THROWAWAY, port=port, log=log
        )
