"""How a lower room calls a higher one: a port is a Protocol plus one registry of its handlers."""

from collections.abc import Iterable
from typing import Generic, TypeVar

from plumbing.exceptions import AlreadyRegistered, NotRegistered

T = TypeVar("T")


class Registry(Generic[T]):
    """The handlers of one port, in the order in which the rooms' `apps.py` registered them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._handlers: dict[str, T] = {}

    def register(self, key: str, handler: T) -> None:
        """Called from `AppConfig.ready` only. Raises AlreadyRegistered: two rooms claim the same key."""
        if key in self._handlers:
            raise AlreadyRegistered(registry=self.name, key=key)
        self._handlers[key] = handler

    def get(self, key: str) -> T:
        """Raises NotRegistered: no room handles the key."""
        if key not in self._handlers:
            raise NotRegistered(registry=self.name, keys=[key])
        return self._handlers[key]

    def all(self) -> list[T]:
        return list(self._handlers.values())

    def keys(self) -> list[str]:
        return list(self._handlers)

    def require(self, keys: Iterable[str]) -> None:
        """Fail at start, not at the first customer: raises NotRegistered naming every key without a handler."""
        missing = [key for key in keys if key not in self._handlers]
        if missing:
            raise NotRegistered(registry=self.name, keys=missing)
