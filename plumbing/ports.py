"""What this room asks of the rooms above it."""

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from plumbing.hooks import Registry

if TYPE_CHECKING:
    from plumbing.models import Job


class DueRows(Protocol):
    """A room's rows that must be acted on after commit, and how to tell the queue about them."""

    name: str

    def publish_due(self, *, now: datetime, limit: int) -> int:
        """Hint at rows whose `next_at` has come, at most `limit`; return how many.

        Called every two seconds, possibly by two beats at once, outside any transaction: open one of your own, lock
        with SKIP LOCKED, and remember on the row that it was hinted at, so that a slow worker is not flooded.
        """
        ...


due_rows: Registry[DueRows] = Registry("due rows")


class JobRunner(Protocol):
    """Does the work of one kind of job, in a worker, with no transaction open.

    A job may run twice: its worker died, or outlived its lease. The runner looks at what is there before it adds to it.
    An exception means "try again later"; after the last try the job is failed.
    """

    def run(self, *, job: "Job", now: datetime) -> None: ...


job_runners: Registry[JobRunner] = Registry("job runners")
"""By `Job.kind`, for example "invoices.render_pdf"."""
