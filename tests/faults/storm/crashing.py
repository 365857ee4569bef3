"""Workers that die at marked steps, as by `kill -9`: each step of the way of a payment is wrapped with a die.

STORM_CRASHES is `seed:chance`; only processes that are given it ever die. Whoever comes to a step first dies there for
certain, so that no step goes untried; STORM_MARKS is a folder with a file for each step, one byte longer for each
death. The parent of a worker's processes starts a new one in place of each that died. Which payment meets which death
depends on what runs beside it, and differs from run to run.
"""

import functools
import os
import random
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.apps import AppConfig

STEPS = {
    "claimed": ("oropay.locks", "claim", "after"),
    "about to send": ("oropay.engine.execute", "send", "before"),
    "first byte left": ("oropay.gateway.globalpayments.transport", "_Watch.about_to_send", "after"),
    "answered": ("oropay.engine.execute", "send", "after"),
    "recording": ("oropay.engine.record", "recording_lock", "after"),
    "recorded, not committed": ("oropay.engine.record", "payment_refresh", "after"),
    "committed": ("oropay.engine.execute", "record", "after"),
    "looked up, not recorded": ("oropay.engine.unknown", "ours", "after"),
    "found, late": ("oropay.engine.watch", "ours", "after"),
    "dispute recorded, not committed": ("oropay.engine.disputes.record", "dispute_follow", "after"),
    "about to answer a dispute": ("oropay.engine.disputes.answer", "_send", "before"),
    "answered a dispute": ("oropay.engine.disputes.answer", "_send", "after"),
}
"""Marked step → module, name, and whether the worker dies before or after it."""
SELDOM = frozenset(
    {"found, late", "dispute recorded, not committed", "about to answer a dispute", "answered a dispute"}
)
"""Steps to which a small storm may not come."""


def deaths(marks: Path) -> Mapping[str, int]:
    """How many workers died at each step."""
    return {step: (marks / step).stat().st_size if (marks / step).exists() else 0 for step in STEPS}


class Crashing(AppConfig):
    name = "tests.faults.storm"
    label = "storm"

    def ready(self) -> None:
        seed, _colon, chance = os.environ.get("STORM_CRASHES", "").partition(":")
        if chance:
            for step, (module, name, when) in STEPS.items():
                die = Die(mark=Path(os.environ["STORM_MARKS"]) / step, seed=seed, chance=float(chance))
                _wrap(module, name, when=when, die=die)


class Die:
    """Thrown at every step; each process has its own, so that forked ones do not fall alike."""

    def __init__(self, *, mark: Path, seed: str, chance: float) -> None:
        self._mark, self._seed, self._chance = mark, seed, chance
        self._pid, self._random = 0, random.Random()

    def throw(self) -> None:
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._random = random.Random(f"{self._seed}:{self._mark.name}:{self._pid}")
        if not self._mark.exists() or self._random.random() < self._chance:
            with self._mark.open("ab", buffering=0) as deaths_here:
                deaths_here.write(b"x")
            os.kill(self._pid, signal.SIGKILL)


def _wrap(module: str, name: str, *, when: str, die: Die) -> None:
    from importlib import import_module

    holder: Any = import_module(module)
    *path, last = name.split(".")
    for part in path:
        holder = getattr(holder, part)
    step: Callable[..., Any] = getattr(holder, last)

    @functools.wraps(step)
    def marked(*args: Any, **kwargs: Any) -> Any:
        if when == "before":
            die.throw()
        done = step(*args, **kwargs)
        if when == "after":
            die.throw()
        return done

    setattr(holder, last, marked)
