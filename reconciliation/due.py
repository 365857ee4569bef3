"""What the sweep publishes for this room: pulls that wait for a worker, also those whose worker died."""

from datetime import datetime

from django.db.transaction import atomic

from plumbing.ports import Backlog
from plumbing.selectors import backlog_of
from plumbing.services import hint_due
from reconciliation import locks
from reconciliation.models import Pull
from reconciliation.models.pull import PULL_LIVE
from reconciliation.services.pull import QUEUE, TASK


class DuePulls:
    """Registered on `plumbing.ports.due_rows`."""

    name = "settlement pulls"

    @atomic
    def publish_due(self, *, now: datetime, limit: int) -> int:
        pulls = locks.unhinted_pulls(now=now, limit=limit)
        Pull.objects.filter(pk__in=[pull.pk for pull in pulls]).update(hinted_at=now)
        for pull in pulls:
            hint_due(TASK, pull.pk, queue=QUEUE, due=pull.next_at, hinted=pull.hinted_at)
        return len(pulls)

    def backlog(self, *, now: datetime) -> Backlog:
        return backlog_of(Pull.objects.filter(state__in=PULL_LIVE, next_at__lte=now))
