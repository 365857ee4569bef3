"""One event of a life: when it is possible, and what Hypothesis chooses of it.

Not Hypothesis's own rules: of those it switches about half off in each life, and the end of a dispute needs five in a
row.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis.strategies import SearchStrategy


@dataclass(frozen=True)
class Event:
    """Something that may happen in a life."""

    act: Callable[..., None]
    when: Callable[[Any], object]
    given: Mapping[str, SearchStrategy[Any]]

    @property
    def name(self) -> str:
        return self.act.__name__


def event(
    *, when: Callable[[Any], object] = lambda life: True, **given: SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Mark a method as an event that is possible while `when`; its arguments are drawn from `given`."""

    def mark(act: Callable[..., None]) -> Callable[..., None]:
        act.event = Event(act=act, when=when, given=given)  # type: ignore[attr-defined]
        return act

    return mark


def events_of(life: type) -> list[Event]:
    """All events of a machine and of its parts, by name."""
    return [act.event for _name, act in inspect.getmembers(life, inspect.isfunction) if hasattr(act, "event")]
