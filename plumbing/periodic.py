"""What this room does again and again; registered on `plumbing.ports.periodic_tasks`."""

from datetime import datetime, timedelta

from plumbing.models import Job
from plumbing.services.heartbeats import heartbeats_forget
from plumbing.services.pruning import runs_prune


class Prune:
    """Forgets jobs and periodic runs that ended long ago, and hosts that will not come back."""

    name = "plumbing.prune"
    every = timedelta(hours=1)
    queue = "default"

    def run(self, *, job: Job, now: datetime) -> None:
        heartbeats_forget(now=now)
        runs_prune(now=now)
