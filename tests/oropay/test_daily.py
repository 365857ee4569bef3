"""The daily look at young bank debits: what came back weeks later is found, however often the job is stopped."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from oropay.engine.daily import RereadBankDebits, bank_debits_young
from oropay.exceptions import DebitsUnread
from oropay.models import AchReturn, Alert, AlertKind, PaymentTransaction
from oropay.services import returns_reread
from oropay.services.settlement import REREAD_JOB
from plumbing.models import Job, JobState
from plumbing.services import job_add, job_run
from plumbing.services.jobs import TRIES
from tests.contract.sandbox import Sandbox
from tests.oropay.books import aged
from tests.oropay.house import reread, returned_of, send_back


def daily_job() -> Job:
    now = timezone.now()
    job = job_add(kind="periodic", key=f"reread {now}", payload={"task": "oropay.ach-reread", "period": "p"}, now=now)
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING, tries=1, lease_until=now, next_at=now)
    job.refresh_from_db()
    return job


def last_try(*, read: int) -> Job:
    """A job at its last try, that has read so many debits before."""
    job = daily_job()
    job.payload["read"] = read
    Job.objects.filter(pk=job.pk).update(tries=TRIES, payload=job.payload)
    job.refresh_from_db()
    return job


def spoil(sandbox: Sandbox, row: PaymentTransaction, *, times: int) -> None:
    """The gateway does not say what became of a debit."""
    match = {"endpoint": "/transactions/{id}", "method": "GET", "reference": row.reference}
    sandbox.control("/rules", {"match": match, "action": {"http": {"status": 503}}, "times": times})


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


def test_a_debit_without_a_reason_for_its_return_is_asked_for_until_there_is_one(
    settled: Callable[..., PaymentTransaction], sandbox: Sandbox
) -> None:
    charge = settled()
    send_back(sandbox, charge, "")
    reread(charge)

    assert list(bank_debits_young(now=timezone.now())) == [charge]
    AchReturn.objects.update(code="R01")
    assert not bank_debits_young(now=timezone.now()).exists()


def test_a_silent_gateway_brings_the_job_back_and_says_how_many_are_unread(
    settled: Callable[..., PaymentTransaction], sandbox: Sandbox
) -> None:
    charge = settled()
    send_back(sandbox, charge, "R10")
    spoil(sandbox, charge, times=9)
    job = daily_job()

    with pytest.raises(DebitsUnread, match="1 bank debits could not be read again, 0 could"):
        RereadBankDebits().run(job=job, now=timezone.now())

    job.refresh_from_db()
    assert (job.payload["unread"], job.payload["read"]) == ([charge.pk], 0)
    sandbox.calm()
    RereadBankDebits().run(job=job, now=timezone.now())
    assert returned_of(charge).result_code == "R10"
    assert not Alert.objects.filter(kind=AlertKind.DEBIT_UNREAD).exists()


def test_a_debit_that_alone_cannot_be_read_gets_an_alert_that_closes_by_itself(
    settled: Callable[..., PaymentTransaction], sandbox: Sandbox
) -> None:
    charge = settled()
    job = last_try(read=7)
    spoil(sandbox, charge, times=9)

    RereadBankDebits().run(job=job, now=timezone.now())

    alert = Alert.objects.get(kind=AlertKind.DEBIT_UNREAD)
    assert (alert.transaction, alert.resolved_at) == (charge, None)
    sandbox.calm()
    RereadBankDebits().run(job=daily_job(), now=timezone.now())
    alert.refresh_from_db()
    assert (alert.remark, alert.resolved_at is not None) == ("It could be read again.", True)
    spoil(sandbox, charge, times=9)
    RereadBankDebits().run(job=last_try(read=7), now=timezone.now())
    again = Alert.objects.get(kind=AlertKind.DEBIT_UNREAD, resolved_at=None)
    alert.refresh_from_db()
    assert (again.pk != alert.pk, again.remark, alert.remark) == (True, "", "It could be read again.")


def test_a_gateway_that_answers_about_none_fails_the_job_instead_of_raising_alerts(
    settled: Callable[..., PaymentTransaction], sandbox: Sandbox
) -> None:
    spoil(sandbox, settled(), times=9)

    with pytest.raises(DebitsUnread):
        RereadBankDebits().run(job=last_try(read=0), now=timezone.now())

    assert not Alert.objects.filter(kind=AlertKind.DEBIT_UNREAD).exists()


def test_an_old_debit_that_the_report_shows_going_back_is_asked_for_until_a_person_must_look(
    settled: Callable[..., PaymentTransaction], sandbox: Sandbox
) -> None:
    charge = settled()
    aged(charge, timedelta(days=80))
    send_back(sandbox, charge, "R10")
    spoil(sandbox, charge, times=99)
    now = timezone.now()

    returns_reread(transaction_ids=[charge.pk], now=now)
    job = Job.objects.get(kind=REREAD_JOB)
    for _try in range(TRIES):
        job_run(job_id=job.pk, now=now)
        job.refresh_from_db()
        now = job.next_at

    alert = Alert.objects.get(kind=AlertKind.DEBIT_UNREAD)
    assert (job.tries, job.state, alert.transaction) == (TRIES, JobState.DONE, charge)
    assert "the money of this debit going back" in alert.text
    sandbox.calm()
    returns_reread(transaction_ids=[charge.pk], now=now)
    job_run(job_id=Job.objects.get(kind=REREAD_JOB, state=JobState.QUEUED).pk, now=now)
    assert returned_of(charge).result_code == "R10"
    alert.refresh_from_db()
    assert alert.resolved_at is not None
