"""Keeps the processes of a stack: one log, all or nothing, stopped in reverse order.

`make run` uses it for the whole house; the browser and fault tests use it for a house of their own:

    with Supervisor(logs=folder) as house:
        house.start(parts.web(place))
        house.wait_ready(seconds=30)
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

from config.parts import Part

STOPS_WITHIN = 50.0
"""Longer than one call of the gateway may last: a worker in the middle of a payment finishes it."""
LAST_LINES = 25
COLOURS = (36, 32, 33, 35, 34, 31)


class PartFailed(Exception):
    """A part ended or does not answer; the message says which, why, and ends with the last lines of its log."""


@dataclass
class Running:
    part: Part
    process: "subprocess.Popen[str]"
    last: deque[str] = field(default_factory=lambda: deque(maxlen=LAST_LINES))
    ready: bool = False

    def tail(self) -> str:
        return "".join(f"    {line}\n" for line in self.last)


class Supervisor:
    def __init__(
        self, *, logs: Path, echo: IO[str] | None = None, stopping: Callable[[], bool] = lambda: False
    ) -> None:
        """`logs` gets one file a part; `echo` gets all lines with the part's name; `stopping` ends every waiting."""
        logs.mkdir(parents=True, exist_ok=True)
        self.running: list[Running] = []
        self._logs, self._echo, self._stopping = logs, echo, stopping
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, part: Part) -> Running:
        process = subprocess.Popen(
            part.command,
            cwd=Path(__file__).resolve().parent.parent,
            env=part.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C reaches us alone; we stop the parts in order
        )
        running = Running(part=part, process=process)
        self.running.append(running)
        threading.Thread(target=self._read, args=(running, len(self.running)), daemon=True).start()
        return running

    def run_to_end(self, part: Part) -> None:
        """Run a part that ends by itself. Raises PartFailed when it does not end well."""
        running = self.start(part)
        while running.process.poll() is None and not self._stopping():
            time.sleep(0.05)
        self._end([running])
        self.running.remove(running)
        if running.process.returncode and not self._stopping():
            raise PartFailed(f"{part.name} failed:\n{running.tail()}")

    def wait_ready(self, *, seconds: float) -> None:
        """Wait until every part answers. Raises PartFailed, naming the first that does not."""
        end = time.monotonic() + seconds
        while waiting := [running for running in self.running if not running.ready]:
            if self._stopping():
                return
            self.check()
            for running in waiting:
                reason = running.part.answers(running.process.pid)
                running.ready = not reason
                if reason and time.monotonic() > end:
                    tail = running.tail()
                    raise PartFailed(f"{running.part.name} is not ready after {seconds:.0f} s: {reason}\n{tail}")
            time.sleep(0.1)

    def check(self) -> None:
        """Raises PartFailed when a part has ended."""
        for running in self.running:
            code = running.process.poll()
            if code is not None:
                time.sleep(0.2)  # its last words may still be in the pipe
                how = f"signal {-code}" if code < 0 else f"exit code {code}"
                raise PartFailed(f"{running.part.name} ended ({how}). The last lines of its log:\n{running.tail()}")

    def stop(self) -> None:
        """Stop the parts in reverse order of their start; those that talk to a part end before it."""
        last_to_first = list(reversed(self.running))
        self._end([running for running in last_to_first if running.part.name != "gpsandbox"])
        self._end(last_to_first)
        self.running.clear()

    def kill(self) -> None:
        """End all at once, for people who press Ctrl-C twice."""
        for running in self.running:
            _signal_group(running.process.pid, signal.SIGKILL)

    def _end(self, ending: list[Running]) -> None:
        for running in ending:
            if running.process.poll() is None:
                with suppress(ProcessLookupError):
                    running.process.terminate()
        end = time.monotonic() + STOPS_WITHIN
        for running in ending:
            try:
                running.process.wait(timeout=max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._say("stack", 0, f"{running.part.name} does not end by itself and is killed")
            _signal_group(running.process.pid, signal.SIGKILL)  # it, or children that it left behind
            running.process.wait()

    def _read(self, running: Running, number: int) -> None:
        assert running.process.stdout is not None  # noqa: S101
        with (self._logs / f"{running.part.name}.log").open("a") as log:
            for line in running.process.stdout:
                running.last.append(line.rstrip("\n"))
                log.write(line)
                log.flush()
                self._say(running.part.name, number, line.rstrip("\n"))

    def _say(self, name: str, number: int, line: str) -> None:
        if self._echo is None:
            return
        label = f"{name:<14} │"
        if self._echo.isatty():
            label = f"\033[{COLOURS[number % len(COLOURS)]}m{label}\033[0m"
        with self._lock, suppress(ValueError, OSError):  # the terminal may be gone
            self._echo.write(f"{label} {line}\n")
            self._echo.flush()


def _signal_group(leader: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
