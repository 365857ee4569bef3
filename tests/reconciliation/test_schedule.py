"""When pulls happen: the button, the hour, the night, the command; and workers that vanish."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from commerce.models import User
from config.celery import app
from oropay.models import PaymentTransaction, ProviderAccount
from plumbing.models import Job
from plumbing.ports import periodic_tasks
from plumbing.services import periodic_queue
from reconciliation.due import DuePulls
from reconciliation.exceptions import DaysOutOfOrder
from reconciliation.models import Match, Pull, PullState
from reconciliation.periodic import SettlementPulls
from reconciliation.services import pull_queue, pull_run, pulls_queue
from reconciliation.services.pull import LEASE, TASK, days_back
from tests.reconciliation.conftest import MONDAY, WEDNESDAY, Clock
from tests.reconciliation.standin import Reports, line

Pay = Callable[..., PaymentTransaction]


def test_days_out_of_order_ask_nothing(account: ProviderAccount, gateway: Reports) -> None:
    with pytest.raises(DaysOutOfOrder, match="Nothing was asked"):
        pull_queue(provider_account=account, since=WEDNESDAY, until=MONDAY.date(), by=None, now=timezone.now())

    assert not Pull.objects.exists()
    assert gateway.asked == []


def test_a_button_pressed_twice_is_one_pull(account: ProviderAccount, clerk: User) -> None:
    since, until = days_back(7, now=timezone.now())

    first = pull_queue(provider_account=account, since=since, until=until, by=clerk, now=timezone.now())
    second = pull_queue(provider_account=account, since=until, until=until, by=None, now=timezone.now())

    assert first == second
    assert (first.state, first.since, first.until, first.asked_by) == (
        PullState.QUEUED,
        date(2026, 11, 10),
        date(2026, 11, 16),
        clerk,
    )


def test_a_pull_counts_what_was_new(
    pay: Pay, gateway: Reports, account: ProviderAccount, clock: Clock, clerk: User
) -> None:
    charge = pay("100.00")
    gateway.deposit("DEP_1", line(charge.gateway_id, "100.00", at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)
    pull = pull_queue(provider_account=account, since=WEDNESDAY, until=WEDNESDAY, by=clerk, now=timezone.now())

    pull_run(pull_id=pull.pk, now=timezone.now())

    pull.refresh_from_db()
    assert (pull.state, pull.new_deposits, pull.new_lines, pull.new_matches, pull.new_cases) == (
        PullState.DONE,
        1,
        1,
        1,
        0,
    )
    assert pull_run(pull_id=pull.pk, now=timezone.now()) is None


def test_a_pull_whose_worker_vanished_is_published_again_and_given_up_after_three(
    account: ProviderAccount, clock: Clock
) -> None:
    now = clock.moment
    pull = pull_queue(provider_account=account, since=WEDNESDAY, until=WEDNESDAY, by=None, now=now)
    Pull.objects.filter(pk=pull.pk).update(state=PullState.RUNNING, tries=3, next_at=now + LEASE)
    due = DuePulls()

    assert due.publish_due(now=now, limit=10) == 0
    assert due.publish_due(now=now + LEASE, limit=10) == 1
    assert pull_run(pull_id=pull.pk, now=now + LEASE) is None

    pull.refresh_from_db()
    assert (pull.state, pull.error) == (PullState.FAILED, "The worker stopped while reading.")
    assert due.publish_due(now=now + timedelta(hours=1), limit=10) == 0


def test_the_schedule_pulls_once_an_hour_and_once_a_day_further_back(account: ProviderAccount, clock: Clock) -> None:
    task = periodic_tasks.get(SettlementPulls.name)
    periodic_queue(now=clock.moment)
    periodic_queue(now=clock.moment + timedelta(minutes=5))
    once = Job.objects.filter(payload__task=SettlementPulls.name).count()
    task.run(job=Job(), now=clock.moment)
    first = Pull.objects.get()
    Pull.objects.update(state=PullState.DONE, ended_at=clock.moment)
    task.run(job=Job(), now=clock.moment + timedelta(hours=1))

    assert (once, task.every) == (1, timedelta(hours=1))
    assert (first.until - first.since).days == 34
    hourly = Pull.objects.exclude(pk=first.pk).get()
    assert (hourly.until - hourly.since).days == 6


def test_what_is_due_reaches_a_worker(pay: Pay, gateway: Reports, account: ProviderAccount, clock: Clock) -> None:
    charge = pay("100.00")
    gateway.deposit("DEP_1", line(charge.gateway_id, "100.00", at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)
    app.loader.import_default_modules()  # what a worker does when it starts

    app.tasks["plumbing.tasks.periodic"]()
    app.tasks["plumbing.tasks.job_run"](Job.objects.get(payload__task=SettlementPulls.name).pk)
    app.tasks[TASK](Pull.objects.get().pk)

    assert Pull.objects.get().state == PullState.DONE
    assert Match.objects.count() == 1


def test_a_long_pull_that_failed_is_asked_for_again(account: ProviderAccount, clock: Clock) -> None:
    pulls_queue(now=clock.moment)
    Pull.objects.update(state=PullState.FAILED, ended_at=clock.moment)

    pulls_queue(now=clock.moment + timedelta(hours=1))

    assert [(pull.until - pull.since).days for pull in Pull.objects.all()] == [34, 34]


def test_the_schedule_pulls_the_next_day_weeks_back_again(account: ProviderAccount, clock: Clock) -> None:
    pulls_queue(now=clock.moment)
    Pull.objects.update(state=PullState.DONE, ended_at=clock.moment)

    pulls_queue(now=clock.moment + timedelta(days=1))

    assert [(pull.until - pull.since).days for pull in Pull.objects.all()] == [34, 34]


def test_a_switched_off_account_is_not_pulled(account: ProviderAccount, clock: Clock) -> None:
    ProviderAccount.objects.update(is_active=False)

    assert pulls_queue(now=clock.moment) == 0


def test_the_command_pulls_at_once_and_fails_aloud(
    pay: Pay, gateway: Reports, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    charge = pay("100.00")
    gateway.deposit("DEP_1", line(charge.gateway_id, "100.00", at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)

    call_command("settlement_pull", since=WEDNESDAY)

    assert Match.objects.count() == 1
    assert "matches=1" in capsys.readouterr().out
    gateway.silent = True
    with pytest.raises(CommandError, match="1 provider account"):
        call_command("settlement_pull", since=WEDNESDAY)
