"""What the workers call, by the names that messages carry."""

from typing import Any

import pytest
from celery import current_app
from django.utils import timezone

from plumbing.models import Heartbeat, Job, JobState, Mail, MailState
from plumbing.services.jobs import TASK as JOB_TASK
from plumbing.services.mail import TASK as MAIL_TASK
from plumbing.services.sweeping import HEARTBEAT

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def as_in_a_worker() -> None:
    """A worker finds the rooms' tasks when it starts."""
    current_app.loader.import_default_modules()


def test_a_mail_message_sends_the_mail_it_names(mailoutbox: list[Any]) -> None:
    now = timezone.now()
    mail = Mail.objects.create(to="a@b.test", subject="s", text="t", language="en", next_at=now, created_at=now)

    current_app.tasks[MAIL_TASK](mail.pk)

    mail.refresh_from_db()
    assert mail.state == MailState.SENT
    assert [sent.subject for sent in mailoutbox] == ["s"]


def test_a_job_message_of_a_kind_nobody_runs_any_more_is_kept_with_its_reason() -> None:
    now = timezone.now()
    job = Job.objects.create(kind="tests.gone", key="1", next_at=now, created_at=now)

    current_app.tasks[JOB_TASK](job.pk)

    job.refresh_from_db()
    assert (job.state, job.tries) == (JobState.QUEUED, 1)
    assert job.error.startswith("NotRegistered: Port “job runners” has no handler for tests.gone")


def test_a_message_about_a_row_that_is_gone_does_nothing(mailoutbox: list[Any]) -> None:
    current_app.tasks[MAIL_TASK](987_654_321)
    current_app.tasks[JOB_TASK](987_654_321)

    assert mailoutbox == []


def test_the_sweep_of_beat_leaves_its_heartbeat() -> None:
    current_app.tasks["plumbing.tasks.sweep"]()

    assert Heartbeat.objects.get().name == HEARTBEAT
