"""`make run`, `make up`, `make down`: the whole house on one machine.

`run` starts PostgreSQL and Valkey (unless DATABASE_URL and REDIS_URL name others), migrates, seeds, starts gpsandbox,
web, workers and beat, and stays until Ctrl-C or until a part ends. `up` is `run` in a session of its own and returns
when every part answers. What runs is written in `.data/stack.json`: process numbers with their times of birth, so that
`down` never ends a stranger that happens to have an old number.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from config import devenv, devservers, parts, processes
from config.devenv import DATA
from config.env import Env
from config.parts import Place
from config.supervisor import PartFailed, Supervisor, say

STATE = DATA / "stack.json"
LOGS = DATA / "log"
READY_WITHIN = 90.0
UP_WITHIN = 600.0
"""Seconds for the first start on a slow machine: initdb, all migrations, the demo company."""
DOWN_WITHIN = 90.0


class StackError(Exception):
    """Nothing was started or stopped; the message says why and what to do."""


# --- run -------------------------------------------------------------------------------------------------------------


def run() -> int:
    """Everything, until a signal or the end of a part."""
    env = Env()
    web_port, sandbox_port = env.port("WEB_PORT", default=8000), env.port("SANDBOX_PORT", default=8090)
    if _alive(_state().get("supervisor", {})):
        raise StackError("It is running already. `make down` stops it.")
    _leftovers_stop()
    for name, port in (("WEB_PORT", web_port), ("SANDBOX_PORT", sandbox_port)):
        if processes.port_is_taken(port):
            raise StackError(f"Port {port} is taken by another program. Choose another one: {name}={port + 1} make run")

    stop = _StopOnSignal()
    _state_write()
    try:
        with _servers(env) as (database_url, redis_url, server_pids):
            place = Place(DATA, web_port, sandbox_port, database_url, redis_url, devenv.secrets_ensure())
            devenv.write(DATA / "servers.env", _for_commands(place))
            _state_write(servers=server_pids)
            with Supervisor(logs=LOGS, echo=sys.stdout, stopping=lambda: stop.asked > 0) as house:
                stop.house = house
                _start(house, place, server_pids)
                if not stop.asked:
                    lines = _lines(place)
                    _state_write(children=_pids(house), servers=server_pids, lines=lines, ready=True)
                    say("\n".join(["", *lines, ""]))
                while not stop.asked:
                    house.check()
                    _servers_check(server_pids)
                    time.sleep(0.3)
                say("stack: stopping; a payment under way is finished first")
    finally:
        STATE.unlink(missing_ok=True)
    say("stack: everything is stopped, the data is kept in .data/")
    return 0


def _start(house: Supervisor, place: Place, server_pids: list[int]) -> None:
    house.start(parts.sandbox(place))
    _state_write(children=_pids(house), servers=server_pids)
    house.wait_ready(seconds=READY_WITHIN)
    house.run_to_end(parts.setup(place))
    for part in (parts.web, parts.gateway_worker, parts.default_worker, parts.beat):
        house.start(part(place))
        _state_write(children=_pids(house), servers=server_pids)
    house.wait_ready(seconds=READY_WITHIN)


@contextmanager
def _servers(env: Env) -> Iterator[tuple[str, str, list[int]]]:
    """DATABASE_URL, REDIS_URL and the process numbers of the servers that are ours."""
    database_url, redis_url = env.text("DATABASE_URL", default=""), env.text("REDIS_URL", default="")
    secrets = devenv.secrets_ensure()
    LOGS.mkdir(parents=True, exist_ok=True)
    running = []
    try:
        with (LOGS / "postgres.log").open("ab") as log:
            if not database_url:
                quiet = ("log_checkpoints=off",)
                data, word = DATA / "postgres", secrets["POSTGRES_PASSWORD"]
                running.append(devservers.postgres_start(data=data, password=word, options=quiet, log=log))
                database_url = running[-1].url
        with (LOGS / "valkey.log").open("ab") as log:
            if not redis_url:
                word = secrets["VALKEY_PASSWORD"]
                running.append(devservers.valkey_start(folder=DATA / "valkey", password=word, log=log))
                redis_url = running[-1].url
        yield database_url, redis_url, [server.pid for server in running]
    finally:
        for server in reversed(running):
            server.stop()


def _servers_check(pids: list[int]) -> None:
    for pid in pids:
        if not processes.exists(pid):
            raise StackError(f"A server ended: see {LOGS}/postgres.log and {LOGS}/valkey.log.")


def _for_commands(place: Place) -> dict[str, str]:
    """What `manage.py` in another window needs to talk to this stack."""
    return {
        "DATABASE_URL": place.database_url,
        "REDIS_URL": place.redis_url,
        "WEB_PORT": str(place.web_port),
        "SANDBOX_PORT": str(place.sandbox_port),
    }


def _lines(place: Place) -> list[str]:
    """What a person needs to go on: addresses and log-ins."""
    web = f"localhost:{place.web_port}"
    demo = DATA / "demo.txt"
    return [
        "Ready.",
        f"  Storefront    http://{web}/",
        f"  2nd website   http://north.{web}/",
        f"  Back-office   http://{web}/admin/",
        f"  Gateway       {place.sandbox_url}/  (gateway console; its secret is GPSANDBOX_SECRET in .data/dev.env)",
        f"  Log files     {LOGS}/",
        *(f"  {line}" for line in (demo.read_text().splitlines() if demo.exists() else []) if line.strip()),
    ]


class _StopOnSignal:
    """Counts Ctrl-C and SIGTERM: the first stops in order, the second at once."""

    def __init__(self) -> None:
        self.asked = 0
        self.house: Supervisor | None = None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self.asked += 1
        if self.asked > 1 and self.house:
            self.house.kill()


# --- up and down -----------------------------------------------------------------------------------------------------


def up() -> int:
    """Start in the background and wait until every part answers."""
    state = _state()
    if _alive(state.get("supervisor", {})):
        say("\n".join(["It is running already.", *state.get("lines", [])]))
        return 0
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / "stack.log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "config.stack", "run"],
            cwd=DATA.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    end = time.monotonic() + UP_WITHIN
    try:
        while not _is_ready(child.pid):
            if child.poll() is not None or time.monotonic() > end:
                child.terminate()
                child.wait(timeout=DOWN_WITHIN)
                text = (LOGS / "stack.log").read_text(errors="replace").rstrip().splitlines()
                say("\n".join(["It did not start. The end of the log:", *text[-40:]]))
                return 1
            time.sleep(0.2)
    except KeyboardInterrupt:
        child.terminate()
        child.wait(timeout=DOWN_WITHIN)
        return 130
    say("\n".join([*_state().get("lines", []), "  Stop it with  make down"]))
    return 0


def _is_ready(supervisor: int) -> bool:
    state = _state()
    return bool(state.get("ready")) and state["supervisor"]["pid"] == supervisor


def down() -> int:
    """Stop what `up` or a forgotten `run` started, and nothing else."""
    state = _state()
    supervisor: dict[str, Any] = state.get("supervisor", {})
    stopped = _alive(supervisor)
    if stopped:
        os.kill(supervisor["pid"], signal.SIGTERM)
        if not processes.wait_until(lambda: not _alive(supervisor), seconds=DOWN_WITHIN):
            raise StackError(f"Process {supervisor['pid']} does not end. See {LOGS}/stack.log.")
    stopped = _leftovers_stop() or stopped
    say("Stopped; the data is kept in .data/" if stopped else "Nothing is running.")
    return 0


def _leftovers_stop() -> bool:
    """End the children of a supervisor that was killed. True when there were any."""
    found = False
    for group in ("children", "servers"):
        left = [process for process in _state().get(group, []) if _alive(process)]
        for process in left:
            os.kill(process["pid"], signal.SIGINT)
        if not processes.wait_until(partial(_none_alive, left), seconds=DOWN_WITHIN):
            raise StackError(f"Processes of an earlier run do not end: {[process['pid'] for process in left]}")
        found = found or bool(left)
    STATE.unlink(missing_ok=True)
    return found


# --- The record of what runs -----------------------------------------------------------------------------------------


def _state() -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(STATE.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return found


def _state_write(*, children: Sequence[int] = (), servers: Sequence[int] = (), **rest: Any) -> None:
    STATE.parent.mkdir(exist_ok=True)
    numbers = {"children": [_named(pid) for pid in children], "servers": [_named(pid) for pid in servers]}
    record = {"supervisor": _named(os.getpid()), **numbers, **rest}
    fresh = STATE.with_suffix(".new")
    fresh.write_text(json.dumps(record, indent=1))
    fresh.replace(STATE)


def _named(pid: int) -> dict[str, Any]:
    return {"pid": pid, "born": processes.born(pid)}


def _alive(process: dict[str, Any]) -> bool:
    """The recorded process still runs; another one with its number does not count."""
    return bool(process.get("born")) and processes.born(process["pid"]) == process["born"]


def _none_alive(recorded: list[dict[str, Any]]) -> bool:
    return not any(map(_alive, recorded))


def _pids(house: Supervisor) -> list[int]:
    return [running.process.pid for running in house.running]


def main(arguments: list[str]) -> int:
    try:
        return {"run": run, "up": up, "down": down}[arguments[0]]()
    except (StackError, PartFailed, devservers.ServerError) as error:
        sys.stderr.write(f"\n{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
