"""What this room does again and again; registered on `plumbing.ports.periodic_tasks`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from oropay import pool
from oropay.engine import disputes, holds
from oropay.exceptions import VaultKeyMissing
from oropay.selectors import accounts_heard
from oropay.services import canaries_check, canaries_ensure
from oropay.services.ach.numbers import numbers_forget
from oropay.services.approval import approvals_expire
from oropay.services.dispute import deadlines_watch
from oropay.services.drift import drift_ask
from oropay.services.expiry import expiry_remind
from oropay.services.forced import forced_statuses_expire
from oropay.services.notification import notifications_forget
from plumbing.apart import apart
from plumbing.models import Job
from plumbing.services import job_progress


class DisputesPull:
    """Registered on `plumbing.ports.periodic_tasks`: all disputes that are open or moved lately, of every account."""

    name = "oropay.disputes-pull"
    every = timedelta(hours=2)
    queue = "gateway-batch"

    def run(self, *, job: Job, now: datetime) -> None:
        """One silent gateway does not keep the others from being read; the job is then tried again."""
        accounts = list(accounts_heard(now=now).select_related("organization"))
        with apart() as each:
            for done, account in enumerate(accounts, start=1):
                with each.one(account):
                    disputes.disputes_pull(provider_account=account, days=settings.OROPAY_DISPUTE_PULL_DAYS, now=now)
                job_progress(job=job, percent=100 * done // len(accounts), now=timezone.now())


class DriftChecks:
    """Has every account that is heard compared with its gateway's list, each by a job of its own: the silence of one
    stops no other.
    """

    name = "oropay.drift-check"
    every = timedelta(days=1)
    queue = "default"

    def run(self, *, job: Job, now: datetime) -> None:
        for account in accounts_heard(now=now):
            drift_ask(account=account, now=now)


class CheckVault:
    """Opens every canary once an hour, so that a page can say when the keys were last known to open."""

    name = "oropay.vault_check"
    every = timedelta(hours=1)
    queue = "gateway-batch"

    def run(self, *, job: Job, now: datetime) -> None:
        canaries_ensure(now=now)
        wrong = canaries_check(now=now)
        if wrong:
            raise VaultKeyMissing(why=" ".join(wrong))


class HoldsEnd:
    """Renews holds before, or when, they expire, and writes down those that are gone."""

    name = "oropay.holds-end"
    every = timedelta(hours=1)
    queue = "gateway-batch"

    def run(self, *, job: Job, now: datetime) -> None:
        with apart() as each:
            with each.one("renewing"):
                holds.holds_renew(now=now)
            with each.one("expiring"):
                holds.holds_expire(now=now)


@dataclass(frozen=True)
class Regular:
    """One call, made again and again; it finds by itself what is due."""

    name: str
    every: timedelta
    does: Callable[..., object]
    queue: str = "default"

    def run(self, *, job: Job, now: datetime) -> None:
        self.does(now=now)


FORCED_STATUSES = Regular("oropay.forced-statuses-expire", timedelta(minutes=1), forced_statuses_expire)
"""Ends forced payment statuses whose time is over, so that the column people filter by is right."""

REGULAR = (
    FORCED_STATUSES,
    Regular("oropay.dispute-deadlines", timedelta(hours=1), deadlines_watch),
    Regular("oropay.inbox-forgetting", timedelta(days=1), notifications_forget),
    Regular("oropay.approvals-expire", timedelta(minutes=10), approvals_expire),
    Regular("oropay.expiry_reminders", timedelta(days=1), expiry_remind),
    Regular("oropay.numbers-forgetting", timedelta(days=1), numbers_forget),
    Regular("oropay.hosted-tokens", timedelta(minutes=1), pool.fill_all, "gateway-interactive"),
)
"""Each function says what it is for."""
