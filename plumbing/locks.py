"""The row locks of this room. Each is one mail or one job alone, SKIP LOCKED: who comes second finds nothing to do."""

from datetime import datetime, timedelta

from django.db.models import Q

from plumbing.models import JOB_LIVE, MAIL_LIVE, Job, Mail

HINT_AGAIN = timedelta(seconds=30)
"""A hint about a row still due is repeated after this: long enough not to flood a slow queue."""


def due_mail(*, pk: int, now: datetime) -> Mail | None:
    """The mail if it is due, free, and not over; inside a transaction."""
    return Mail.objects.select_for_update(skip_locked=True).filter(pk=pk, state__in=MAIL_LIVE, next_at__lte=now).first()


def due_job(*, pk: int, now: datetime) -> Job | None:
    """The job if it is due, free, and not over; inside a transaction."""
    return Job.objects.select_for_update(skip_locked=True).filter(pk=pk, state__in=JOB_LIVE, next_at__lte=now).first()


def unhinted_mails(*, now: datetime, limit: int) -> list[Mail]:
    """Mails whose time has come and that no worker was told of lately, locked; without their text."""
    rows = Mail.objects.filter(_unhinted(now), state__in=MAIL_LIVE).defer("text", "html")
    return list(rows.select_for_update(skip_locked=True).order_by("next_at")[:limit])


def unhinted_jobs(*, now: datetime, limit: int) -> list[Job]:
    """The same of jobs; without what they carry."""
    rows = Job.objects.filter(_unhinted(now), state__in=JOB_LIVE).defer("payload")
    return list(rows.select_for_update(skip_locked=True).order_by("next_at")[:limit])


def _unhinted(now: datetime) -> Q:
    return Q(next_at__lte=now) & (Q(hinted_at__isnull=True) | Q(hinted_at__lte=now - HINT_AGAIN))
