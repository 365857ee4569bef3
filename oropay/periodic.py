"""What this room does again and again; registered on `plumbing.ports.periodic_tasks`."""

from datetime import datetime, timedelta

from oropay.services.forced import forced_statuses_expire
from oropay.services.notification import notifications_forget
from plumbing.models import Job


class ForcedStatusesExpire:
    """Ends forced payment statuses whose time is over, so that the column people filter by is right."""

    name = "oropay.forced-statuses-expire"
    every = timedelta(minutes=1)
    queue = "default"

    def run(self, *, job: Job, now: datetime) -> None:
        forced_statuses_expire(now=now)


class InboxForgetting:
    """Throws away notifications that nobody needs any more."""

    name = "oropay.inbox-forgetting"
    every = timedelta(days=1)
    queue = "default"

    def run(self, *, job: Job, now: datetime) -> None:
        notifications_forget(now=now)
