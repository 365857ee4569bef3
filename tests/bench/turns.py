"""Both sides of a comparison in turns of a few seconds, so that a machine that grows slower meanwhile slows both."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from statistics import fmean
from types import MappingProxyType

from tests.bench.measure import Result, percentile

TURNS = 4
TURN_SECONDS = 5
WARM_UP_SECONDS = 3
"""Of each turn of ours; not measured."""
SECONDS = TURNS * TURN_SECONDS
"""Measured of ours in all."""


@dataclass
class Done:
    """What began in the measured seconds: how long each piece of work took, and how many went wrong."""

    seconds: list[float] = field(default_factory=list)
    errors: int = 0

    def add(self, other: "Done") -> None:
        self.seconds += other.seconds
        self.errors += other.errors


@dataclass(frozen=True)
class Turns:
    """Both sides of one comparison."""

    done: Done
    limit: float

    def result(
        self,
        *,
        name: str,
        unit: str,
        compared_with: str = "limit",
        other_errors: int = 0,
        notes: Mapping[str, int | float] = MappingProxyType({}),
    ) -> Result:
        """Pieces of work a second, all processes together, against the limit's."""
        return Result(
            name=name,
            ours=len(self.done.seconds) / SECONDS,
            limit=self.limit,
            compared_with=compared_with,
            unit=unit,
            p50_ms=percentile(self.done.seconds, 0.50) * 1000,
            p95_ms=percentile(self.done.seconds, 0.95) * 1000,
            errors=self.done.errors + other_errors,
            notes=notes,
        )


def in_turns(ours: Callable[[float], Iterable[Done]], limit: Callable[[], float], *, lead: float = 0.5) -> Turns:
    """Measure the limit, then ours and the limit again, several times.

    Each turn of ours is told by `time.monotonic`, which all processes share, when to begin: `lead` seconds later, for
    what has to be made ready.
    """
    limits, done = [limit()], Done()
    for _ in range(TURNS):
        for each in ours(time.monotonic() + lead):
            done.add(each)
        limits.append(limit())
    return Turns(done=done, limit=fmean(limits))


def repeat(work: Callable[[], bool], *, begin: float) -> Done:
    """Work again and again for one turn, in one of its processes; `work` says whether it went well."""
    done = Done()
    time.sleep(max(0.0, begin - time.monotonic()))
    warm = begin + WARM_UP_SECONDS
    while (start := time.monotonic()) < warm + TURN_SECONDS:
        well = work()
        if start >= warm:
            done.seconds.append(time.monotonic() - start)
            done.errors += not well
    return done
