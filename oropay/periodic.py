"""What this room does again and again; registered on `plumbing.ports.periodic_tasks`."""

from datetime import datetime, timedelta

from oropay.services.forced import forced_statuses_expire
from plumbing.models import Job


class ForcedStatusesExpire:
    """Ends forced payment statuses whose time is over, so that the column people filter by is right."""

    name = "oropay.forced-statuses-expire"
    every = timedelta(minutes=1)
    queue = "default"

    def run(self, *, job: Job, now: datetime) -> None:
        forced_statuses_expire(now=now)
