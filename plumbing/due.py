"""What the sweep publishes for this room: mails to send and jobs to run, also those whose worker died."""

from datetime import datetime

from django.db.transaction import atomic

from plumbing import locks
from plumbing.models import JOB_LIVE, MAIL_LIVE, Job, Mail
from plumbing.ports import Backlog
from plumbing.selectors import backlog_of
from plumbing.services import hint_due
from plumbing.services.jobs import TASK as JOB_TASK
from plumbing.services.mail import QUEUE as MAIL_QUEUE
from plumbing.services.mail import TASK as MAIL_TASK


class DueMails:
    """Registered on `plumbing.ports.due_rows`."""

    name = "plumbing mails"

    @atomic
    def publish_due(self, *, now: datetime, limit: int) -> int:
        mails = locks.unhinted_mails(now=now, limit=limit)
        Mail.objects.filter(pk__in=[mail.pk for mail in mails]).update(hinted_at=now)
        for mail in mails:
            hint_due(MAIL_TASK, mail.pk, queue=MAIL_QUEUE, due=mail.next_at, hinted=mail.hinted_at)
        return len(mails)

    def backlog(self, *, now: datetime) -> Backlog:
        return backlog_of(Mail.objects.filter(state__in=MAIL_LIVE, next_at__lte=now))


class DueJobs:
    """Registered on `plumbing.ports.due_rows`."""

    name = "plumbing jobs"

    @atomic
    def publish_due(self, *, now: datetime, limit: int) -> int:
        jobs = locks.unhinted_jobs(now=now, limit=limit)
        Job.objects.filter(pk__in=[job.pk for job in jobs]).update(hinted_at=now)
        for job in jobs:
            hint_due(JOB_TASK, job.pk, queue=job.queue, due=job.next_at, hinted=job.hinted_at)
        return len(jobs)

    def backlog(self, *, now: datetime) -> Backlog:
        return backlog_of(Job.objects.filter(state__in=JOB_LIVE, next_at__lte=now))
