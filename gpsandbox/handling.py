"""How a notification goes wrong: late, twice, out of order, with a wrong signature."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OPTIONS = frozenset({"times", "delay_ms", "corrupt_signature", "reorder"})
MOST_TIMES = 100
MOST_DELAY_MS = 366 * 24 * 3_600_000
"""A year and a day of sandbox time."""


class OptionError(ValueError):
    """A wish nobody can fulfil; the message names what is wrong."""


@dataclass(frozen=True)
class Handling:
    """What happens to a notification before it is sent."""

    times: int = 1
    delay_ms: int = 0
    """Of sandbox time."""
    corrupt_signature: bool = False
    reorder: bool = False
    """The next notification of the same resource arrives before this one."""


PLAIN = Handling()


def handling_read(body: Mapping[str, Any]) -> Handling:
    """The options of a replay or of a fault rule. Raises OptionError."""
    times, delay_ms = body.get("times", 1), body.get("delay_ms", 0)
    corrupt, reorder = body.get("corrupt_signature", False), body.get("reorder", False)
    if type(times) is not int or not 1 <= times <= MOST_TIMES:
        raise OptionError(f"times is a whole number from 1 to {MOST_TIMES}.")
    if type(delay_ms) is not int or not 0 <= delay_ms <= MOST_DELAY_MS:
        raise OptionError(f"delay_ms is a whole number of milliseconds, at most {MOST_DELAY_MS}.")
    if type(corrupt) is not bool or type(reorder) is not bool:
        raise OptionError("corrupt_signature and reorder are true or false.")
    return Handling(times=times, delay_ms=delay_ms, corrupt_signature=corrupt, reorder=reorder)
