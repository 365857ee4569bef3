"""What the sweep publishes for this room: pulls that wait for a worker, also those whose worker died."""

from datetime import datetime

from django.db.transaction import atomic

from plumbing.services import hint
from reconciliation import locks
from reconciliation.models import Pull
from reconciliation.services.pull import QUEUE, TASK


class DuePulls:
    """Registered on `plumbing.ports.due_rows`."""

    name = "settlement pulls"

    @atomic
    def publish_due(self, *, now: datetime, limit: int) -> int:
        pulls = locks.unhinted_pulls(now=now, limit=limit)
        Pull.objects.filter(pk__in=[pull.pk for pull in pulls]).update(hinted_at=now)
        for pull in pulls:
            hint(TASK, pull.pk, queue=QUEUE)
        return len(pulls)
