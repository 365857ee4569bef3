"""One row's failure is its own: the rows after it still get their turn, and the failure is still told."""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from django.db import InterfaceError, OperationalError

from plumbing.exceptions import LeaseLost, SomeNotDone

logger = logging.getLogger(__name__)

Row = TypeVar("Row")

STOPS_ALL = (InterfaceError, LeaseLost, OperationalError)
"""Not the fault of one row: the database is gone, or the job is another worker's now."""
NAMED = 5
"""Failures that the error names; each is in the log with its traceback."""


@dataclass
class Apart:
    """A loop whose rows do not keep each other from their turn. Made by `apart`."""

    stops: tuple[type[Exception], ...]
    failures: list[str] = field(default_factory=list)

    @contextmanager
    def one(self, row: object) -> Iterator[None]:
        """Do the work for one row inside; what it raises is kept for the end."""
        try:
            yield
        except self.stops:
            raise
        except Exception as error:
            # Whatever it is: nobody waits for ever because another one's row is broken.
            logger.exception("Not done for %s.", row)
            self.failures.append(f"{row}: {type(error).__name__}: {error}")


@contextmanager
def apart(*, stops: tuple[type[Exception], ...] = ()) -> Iterator[Apart]:
    """For a loop over rows, each in a transaction of its own. An error of `stops` ends the loop at once.

    Raises:
        SomeNotDone: at the end, when any row failed: the job shows it and is tried again.
    """
    work = Apart(stops=STOPS_ALL + stops)
    yield work
    if work.failures:
        raise SomeNotDone(failures=work.failures[:NAMED], count=len(work.failures))


def sum_apart(rows: Iterable[Row], does: Callable[[Row], int]) -> int:
    """Do the same for every row, each apart from the others, and add up what it returns. Raises as `apart`."""
    total = 0
    with apart() as each:
        for row in rows:
            with each.one(row):
                total += does(row)
    return total
