"""One event of a life: when it is possible, and what is chosen of it by chance.

Not Hypothesis's own rules: of those it switches about half off in each life, and the end of a dispute needs five in a
row. Hypothesis throws the dice instead: what is possible depends on what a gateway answered in real time, and what
Hypothesis draws must not.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """Something that may happen in a life."""

    act: Callable[..., None]
    when: Callable[[Any], object]
    given: Mapping[str, Sequence[Any]]

    @property
    def name(self) -> str:
        return self.act.__name__

    @property
    def part(self) -> str:
        """Of the machine: the module it is in."""
        return self.act.__module__.rpartition(".")[2]


def event(
    *, when: Callable[[Any], object] = lambda life: True, **given: Sequence[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Mark a method as an event that is possible while `when`; each argument is one of `given`."""

    def mark(act: Callable[..., None]) -> Callable[..., None]:
        act.event = Event(act=act, when=when, given=given)  # type: ignore[attr-defined]
        return act

    return mark


def possible(life: object) -> dict[str, dict[str, Event]]:
    """What may happen now, by part of the machine and by name: so that no part is drowned by those with many events."""
    found: dict[str, dict[str, Event]] = {}
    for _name, act in inspect.getmembers(type(life), inspect.isfunction):
        one: Event | None = getattr(act, "event", None)
        if one is not None and one.when(life):
            found.setdefault(one.part, {})[one.name] = one
    return found
