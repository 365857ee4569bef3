"""What this room does again and again; registered on `plumbing.ports.periodic_tasks`."""

from datetime import datetime, timedelta

from plumbing.models import Job
from reconciliation.services.pull import pulls_queue


class SettlementPulls:
    """Asks what the gateway settled, every hour; once a day it reaches weeks back."""

    name = "reconciliation.settlement-pulls"
    every = timedelta(hours=1)
    queue = "default"

    def run(self, *, job: Job, now: datetime) -> None:
        pulls_queue(now=now)
