"""What happens by itself: registered, as often as promised, on the queue that may do it, and to the end."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from oropay.models import (
    Action,
    Alert,
    AlertKind,
    DriftFinding,
    DriftKind,
    Integration,
    MoneyState,
    Payable,
    Payment,
    PaymentTransaction,
    ProviderAccount,
    TransactionState,
)
from oropay.services.drift import DRIFT_JOB
from plumbing.models import Job, JobState
from plumbing.ports import periodic_tasks
from plumbing.services import job_run, periodic_queue
from tests.contract.samples import follow_up
from tests.contract.sandbox import Sandbox
from tests.oropay.books import portal
from tests.oropay.house import reload

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

SCHEDULES = {
    "oropay.ach-reread": (DAY, "gateway-batch"),
    "oropay.approvals-expire": (10 * MINUTE, "default"),
    "oropay.dispute-deadlines": (HOUR, "default"),
    "oropay.disputes-pull": (2 * HOUR, "gateway-batch"),
    "oropay.drift-check": (DAY, "default"),
    "oropay.expiry_reminders": (DAY, "default"),
    "oropay.forced-statuses-expire": (MINUTE, "default"),
    "oropay.holds-end": (HOUR, "gateway-batch"),
    "oropay.hosted-tokens": (MINUTE, "gateway-interactive"),
    "oropay.inbox-forgetting": (DAY, "default"),
    "oropay.numbers-forgetting": (DAY, "default"),
    "oropay.old-reviews": (15 * MINUTE, "default"),
    "oropay.vault_check": (HOUR, "gateway-batch"),
}


def run_task(name: str, *, now: datetime) -> Job:
    """Its period comes, and a worker takes its job."""
    periodic_queue(now=now)
    job = Job.objects.filter(kind="periodic", payload__task=name).latest("pk")
    job_run(job_id=job.pk, now=now)
    job.refresh_from_db()
    return job


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_each_task_runs_as_often_as_promised_where_it_may(name: str) -> None:
    task = periodic_tasks.get(name)

    assert (task.every, task.queue) == SCHEDULES[name]


def test_no_task_of_this_room_is_missing_from_the_table() -> None:
    registered = {task.name for task in periodic_tasks.all() if task.name.startswith("oropay.")}

    assert registered == set(SCHEDULES)


@pytest.mark.usefixtures("empty_gateway")
def test_the_nightly_comparison_finds_what_was_done_in_the_portal(
    charge: PaymentTransaction, account: ProviderAccount, sandbox: Sandbox
) -> None:
    sandbox.gateway().refund(portal(charge.gateway_id, "40"))
    now = timezone.now()

    night = run_task("oropay.drift-check", now=now)
    compare = Job.objects.get(kind=DRIFT_JOB)
    job_run(job_id=compare.pk, now=now)

    compare.refresh_from_db()
    assert (night.state, compare.state, compare.queue) == (JobState.DONE, JobState.DONE, "gateway-batch")
    assert compare.payload == {"account": account.pk}
    finding = DriftFinding.objects.get()
    assert (finding.kind, finding.transaction, bool(finding.repaired)) == (DriftKind.DONE_OUTSIDE, charge, True)
    assert charge.children.get(action=Action.REFUND).amount == 40


def test_a_hold_that_lapsed_is_written_down_by_the_hour(
    held: PaymentTransaction, integration: Integration, payable: Payable, sandbox: Sandbox
) -> None:
    sandbox.gateway().cancel(follow_up(held.gateway_id))
    Integration.objects.filter(pk=integration.pk).update(renew_holds=False)

    job = run_task("oropay.holds-end", now=held.created_at + timedelta(days=7, hours=2))

    assert (job.state, job.error) == (JobState.DONE, "")
    assert held.children.get().action == Action.RELEASE
    assert reload(payable).payable_now == 100
    assert Payment.objects.get(pk=held.payment_id).money_state == MoneyState.EXPIRED


def test_a_hold_that_lapsed_is_renewed_by_the_hour(
    held: PaymentTransaction, payable: Payable, sandbox: Sandbox
) -> None:
    sandbox.gateway().cancel(follow_up(held.gateway_id))

    job = run_task("oropay.holds-end", now=held.created_at + timedelta(days=7, minutes=1))

    assert job.state == JobState.DONE
    assert [row.action for row in held.children.all()] == [Action.REAUTHORIZE]


def test_a_review_that_nobody_ends_is_told_then_given_back_by_the_quarter_hour(in_review: PaymentTransaction) -> None:
    born = in_review.created_at

    early = run_task("oropay.old-reviews", now=born + settings.OROPAY_REVIEW_ALERT_AFTER - timedelta(minutes=15))
    told_early = Alert.objects.exists()
    told = run_task("oropay.old-reviews", now=born + settings.OROPAY_REVIEW_ALERT_AFTER)
    given_back_early = in_review.children.exists()
    ended = run_task("oropay.old-reviews", now=born + settings.OROPAY_REVIEW_CANCEL_AFTER)

    assert [(job.state, job.error) for job in (early, told, ended)] == [(JobState.DONE, "")] * 3
    assert (told_early, given_back_early) == (False, False)
    assert (Alert.objects.get().kind, Alert.objects.get().transaction) == (AlertKind.REVIEW_WAITING, in_review)
    cancel = in_review.children.get()
    assert (cancel.action, cancel.amount, cancel.state) == (Action.CANCEL, 100, TransactionState.QUEUED)
