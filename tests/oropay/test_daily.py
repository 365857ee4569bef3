"""The daily look at young bank debits: what came back weeks later is found, however often the job is stopped."""

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from oropay.engine.daily import RereadBankDebits, bank_debits_young
from oropay.models import PaymentTransaction
from plumbing.models import Job, JobState
from plumbing.services import job_add
from tests.contract.sandbox import Sandbox
from tests.oropay.house import returned_of, send_back


def daily_job() -> Job:
    now = timezone.now()
    job = job_add(kind="periodic", key=f"reread {now}", payload={"task": "oropay.ach-reread", "period": "p"}, now=now)
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, tries=1, lease_until=now, next_at=now)
    job.refresh_from_db()
    return job


def test_the_daily_look_finds_returns_of_debits_that_settled_long_ago(
    settled: Callable[..., PaymentTransaction], sandbox: Sandbox
) -> None:
    charge = settled()
    send_back(sandbox, charge, "R10")

    RereadBankDebits().run(job=daily_job(), now=timezone.now())

    assert returned_of(charge).result_code == "R10"


def test_the_daily_look_leaves_out_what_the_bank_can_no_longer_return(
    settled: Callable[..., PaymentTransaction],
) -> None:
    settled()

    assert bank_debits_young(now=timezone.now()).count() == 1
    assert bank_debits_young(now=timezone.now() + timedelta(days=75)).count() == 0


def test_the_daily_look_goes_on_where_it_stopped(settled: Callable[..., PaymentTransaction], sandbox: Sandbox) -> None:
    charge = settled()
    send_back(sandbox, charge, "R10")
    job = daily_job()
    job.payload["after"] = charge.pk

    RereadBankDebits().run(job=job, now=timezone.now())

    assert not charge.children.exists()
