"""Workers that die at marked steps, as by `kill -9`: each step of the way of a payment is wrapped with a die.

STORM_CRASHES is `seed:chance`; only processes that are given it ever die. The parent of a worker's processes starts a
new one in place of each that died.
"""

import functools
import os
import random
import signal
from collections.abc import Callable
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
    "found, late": ("oropay.engine.late", "ours", "after"),
}
"""Marked step → module, name, and whether the worker dies before or after it."""


class Crashing(AppConfig):
    name = "tests.faults.storm"
    label = "storm"

    def ready(self) -> None:
        seed, _colon, chance = os.environ.get("STORM_CRASHES", "").partition(":")
        if chance:
            for module, name, when in STEPS.values():
                _wrap(module, name, when=when, die=Die(seed=seed, chance=float(chance)))


class Die:
    """Thrown at every step; each process has its own, so that forked ones do not fall alike."""

    def __init__(self, *, seed: str, chance: float) -> None:
        self._seed, self._chance = seed, chance
        self._pid, self._random = 0, random.Random()

    def throw(self) -> None:
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._random = random.Random(f"{self._seed}:{self._pid}")
        if self._random.random() < self._chance:
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
