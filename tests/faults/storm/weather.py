"""What breaks around the payments: the broker forgets, the database restarts, workers freeze or die, a second beat."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import redis
import urllib3

from config import parts
from config.supervisor import say
from tests.faults.storm.books import FORGED
from tests.faults.storm.world import World

FROZEN = 6.5
"""Seconds. Longer than the lease of a claim under the settings of the tests (1 + 0.5 + 3 + 0.5)."""
CALM = 2.0
"""Seconds at least between two strokes."""


class Weather(threading.Thread):
    """One stroke after the other, in an order thrown with the seed, spread over the whole storm."""

    def __init__(self, world: World, *, seed: int, rounds: int, done: Callable[[], float]) -> None:
        """`rounds` strokes of each kind; `done` says which share of the buyers has come."""
        super().__init__(daemon=True)
        self.failed: BaseException | None = None
        self._world, self._done = world, done
        self._beats = 0
        strokes = [
            self.broker_flushed,
            self.database_restarted,
            self.worker_frozen,
            self.worker_killed,
            self.second_beat,
            self.notices_forged,
        ]
        self._strokes = strokes * rounds
        random.Random(f"weather {seed}").shuffle(self._strokes)

    def run(self) -> None:
        try:
            for number, stroke in enumerate(self._strokes):
                while self._done() < number / len(self._strokes):
                    time.sleep(0.1)
                say(f"storm: {stroke.__name__.replace('_', ' ')}")
                stroke()
                time.sleep(CALM)
        except BaseException as error:
            self.failed = error

    def end(self) -> None:
        """Wait for the last stroke. Raises what a stroke raised: a storm must not end well if its weather failed."""
        self.join()
        if self.failed is not None:
            raise self.failed

    # --- strokes

    def broker_flushed(self) -> None:
        redis.Redis.from_url(self._world.place.redis_url).flushdb()

    def database_restarted(self) -> None:
        self._world.servers.database_restart()

    def worker_frozen(self) -> None:
        """All processes of one worker stop for longer than their leases, and then go on where they were."""
        children = _children(self._world.workers[0].process.pid)
        for pid in children:
            _signal(pid, signal.SIGSTOP)
        time.sleep(FROZEN)
        for pid in children:
            _signal(pid, signal.SIGCONT)

    def worker_killed(self) -> None:
        """One worker with all its processes, as by a power cut; another takes its place."""
        dead = self._world.workers[-1]
        os.killpg(dead.process.pid, signal.SIGKILL)
        dead.process.wait()
        self._world.worker_forget(dead)
        self._world.worker_start(dead.part.name)

    def second_beat(self) -> None:
        """Started and left running; the one before it is ended."""
        running = self._world.stack.running
        self._beats += 1
        self._world.stack.start(parts.beat(self._world.place))
        if self._beats > 1:
            old = next(one for one in running if one.part.name == "beat")
            old.process.kill()
            old.process.wait()
            running.remove(old)

    def notices_forged(self) -> None:
        """Somebody who knows the address tells lies: a wrong signature, no JSON, a foreign name, a bottomless body."""
        for body in (
            b'{"id":"%s","status":"CAPTURED","amount":"1"}' % FORGED.encode(),
            b"\x00\xff",
            b"[" * 5000,
            b'{"id":' + b"9" * 9000,
        ):
            for signature in ("", "0" * 128):
                urllib3.request(
                    "POST",
                    self._world.inbox,
                    body=body,
                    headers={"X-GP-Signature": signature},
                    retries=False,
                    timeout=5,
                )


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it died at one of its marked steps meanwhile
