"""What this room asks of the rooms above it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from plumbing.hooks import Registry

if TYPE_CHECKING:
    from plumbing.models import Job


class DueRows(Protocol):
    """A room's rows that must be acted on after commit, and how to tell the queue about them."""

    name: str

    def publish_due(self, *, now: datetime, limit: int) -> int:
        """Hint at rows whose `next_at` has come, at most `limit`; return how many.

        Called every two seconds, possibly by two beats at once, outside any transaction: open one of your own, lock
        with SKIP LOCKED, and remember on the row that it was hinted at, so that a slow worker is not flooded. Nothing
        slow here: everybody's rows wait meanwhile.
        """
        ...


due_rows: Registry[DueRows] = Registry("due rows")


@dataclass(frozen=True)
class Backlog:
    """Rows of one port whose time has come and that nobody has acted on yet."""

    waiting: int
    oldest_due_at: datetime | None
    """Since when the oldest of them has been due."""


@runtime_checkable
class Measured(Protocol):
    """A port of due rows that can say how many there are, for the page "Background work"."""

    def backlog(self, *, now: datetime) -> Backlog:
        """By the rows' own due time, not by when the queue was last told; one cheap query."""
        ...


class JobRunner(Protocol):
    """Does the work of one kind of job, in a worker, with no transaction open.

    A job may run twice: its worker died, or outlived its lease. The runner looks at what is there before it adds to it.
    An exception means "try again later"; after the last try the job is failed.
    """

    def run(self, *, job: "Job", now: datetime) -> None: ...


job_runners: Registry[JobRunner] = Registry("job runners")
"""By `Job.kind`, for example "invoices.render_pdf"."""


class PeriodicTask(Protocol):
    """Work that must be done once in every period, however many beats announce it: a nightly check, an hourly reminder.

    A period that nobody worked in is not made up for: `run` does what is due at `now`, however long it was not asked.
    """

    @property
    def name(self) -> str: ...

    @property
    def every(self) -> timedelta: ...

    @property
    def queue(self) -> str:
        """ "default", or "gateway-batch" for work that speaks to a gateway."""
        ...

    def run(self, *, job: "Job", now: datetime) -> None:
        """As `JobRunner.run`: may run twice; an exception means "try again later"; long work calls `job_progress`."""
        ...


periodic_tasks: Registry[PeriodicTask] = Registry("periodic tasks")
"""By `PeriodicTask.name`, for example "oropay.drift-check"."""
