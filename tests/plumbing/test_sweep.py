"""The sweep finds what was committed and not yet done, whatever became of the hints."""

import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.db.transaction import atomic
from django.utils import timezone

from plumbing.models import Heartbeat, Job, JobState, Mail, MailState
from plumbing.ports import due_rows
from plumbing.services import sweep
from plumbing.services.sweeping import HEARTBEAT
from tests.factories import NOON

SECOND = timedelta(seconds=1)


class Broken:
    """A room whose due rows cannot be read, while `broken`."""

    name = "tests broken"
    broken = False

    @atomic
    def publish_due(self, *, now: datetime, limit: int) -> int:
        if self.broken:
            with connection.cursor() as cursor:
                cursor.execute("SELECT * FROM a_table_nobody_made")
        return 0


class After:
    """A room registered after it."""

    name = "tests after"
    asked: list[datetime]

    def publish_due(self, *, now: datetime, limit: int) -> int:
        self.asked.append(now)
        return 3


BROKEN, AFTER = Broken(), After()
AFTER.asked = []
due_rows.register(BROKEN.name, BROKEN)
due_rows.register(AFTER.name, AFTER)


@pytest.fixture(autouse=True)
def ports() -> Iterator[None]:
    AFTER.asked.clear()
    yield
    BROKEN.broken = False


@pytest.fixture
def default_queue() -> Iterator["redis.Redis"]:
    """The queue that mails and jobs go to, empty."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.delete("default")
    yield client
    client.delete("default")
    client.close()


def headers(client: "redis.Redis") -> list[dict[str, str]]:
    """Of the messages in the queue, the oldest first."""
    return [json.loads(item)["headers"] for item in client.lrange("default", 0, -1)][::-1]


def hinted(client: "redis.Redis") -> list[str]:
    return sorted(f"{item['task']}{item['argsrepr']}" for item in headers(client))


def mail(**changes: object) -> Mail:
    columns = {"to": "a@b.test", "subject": "s", "text": "t", "language": "en", "next_at": NOON, "created_at": NOON}
    return Mail.objects.create(**(columns | changes))


def job(**changes: object) -> Job:
    return Job.objects.create(**({"kind": "k", "key": "1", "next_at": NOON, "created_at": NOON} | changes))


@pytest.mark.django_db(transaction=True)
def test_due_mails_and_jobs_are_hinted_at_and_nothing_else(default_queue: "redis.Redis") -> None:
    due, early = mail(), mail(next_at=NOON + SECOND)
    dead = mail(state=MailState.SENDING, tries=1)
    mail(state=MailState.SENT, sent_at=NOON)
    mail(state=MailState.FAILED)
    waiting = job()
    lost = job(key="2", state=JobState.RUNNING, lease_until=NOON)
    job(key="3", state=JobState.DONE, ended_at=NOON)

    published = sweep(now=NOON)

    assert published == 4 + 3
    assert hinted(default_queue) == [
        f"plumbing.tasks.job_run[{waiting.pk}]",
        f"plumbing.tasks.job_run[{lost.pk}]",
        f"plumbing.tasks.mail_send[{due.pk}]",
        f"plumbing.tasks.mail_send[{dead.pk}]",
    ]
    early.refresh_from_db()
    assert early.hinted_at is None


@pytest.mark.django_db(transaction=True)
def test_a_row_still_due_is_hinted_at_again_after_thirty_seconds_not_before(default_queue: "redis.Redis") -> None:
    due = mail()
    sweep(now=NOON)

    sweep(now=NOON + 29 * SECOND)
    before = hinted(default_queue)
    sweep(now=NOON + 30 * SECOND)

    assert before == [f"plumbing.tasks.mail_send[{due.pk}]"]
    assert hinted(default_queue) == [f"plumbing.tasks.mail_send[{due.pk}]"] * 2


@pytest.mark.django_db(transaction=True)
def test_an_hour_without_a_worker_leaves_few_messages_about_a_row(
    default_queue: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plumbing.services.hints.AGAIN_UP_TO", 10)
    due = [mail().pk for _ in range(3)]

    for half_minutes in range(120):
        sweep(now=NOON + half_minutes * 30 * SECOND)

    messages = headers(default_queue)
    assert len(messages) == 10
    assert {message["argsrepr"] for message in messages} == {f"[{pk}]" for pk in due}
    assert [message["expires"] is None for message in messages] == [True] * 3 + [False] * 7


@pytest.mark.django_db(transaction=True)
def test_a_repeated_hint_lasts_a_minute_and_the_first_as_long_as_it_must(default_queue: "redis.Redis") -> None:
    late = mail(hinted_at=NOON - 31 * SECOND)
    sweep(now=NOON)
    [first] = headers(default_queue)
    default_queue.delete("default")
    told_at = timezone.now()

    sweep(now=NOON + 30 * SECOND)

    [again] = headers(default_queue)
    assert first["argsrepr"] == f"[{late.pk}]"
    assert first["expires"] is None
    lasts = datetime.fromisoformat(again["expires"]) - told_at
    assert 59 * SECOND < lasts < 65 * SECOND


@pytest.mark.django_db(transaction=True)
def test_one_broken_room_does_not_keep_the_others_from_being_swept(
    default_queue: "redis.Redis", caplog: pytest.LogCaptureFixture
) -> None:
    due = mail()
    BROKEN.broken = True

    with caplog.at_level(logging.ERROR):
        sweep(now=NOON)

    assert AFTER.asked == [NOON]
    assert hinted(default_queue) == [f"plumbing.tasks.mail_send[{due.pk}]"]
    assert "Due rows of “tests broken” were not published." in caplog.text
    assert 'relation "a_table_nobody_made" does not exist' in caplog.text


@pytest.mark.django_db(transaction=True)
def test_the_heartbeat_of_the_sweep_names_the_broken_room_until_it_works_again() -> None:
    BROKEN.broken = True
    sweep(now=NOON)
    during = Heartbeat.objects.get(name=HEARTBEAT)

    BROKEN.broken = False
    sweep(now=NOON + 2 * SECOND)

    after = Heartbeat.objects.get(name=HEARTBEAT)
    assert during.detail.startswith('tests broken: ProgrammingError: relation "a_table_nobody_made" does not exist')
    assert (after.detail, after.beat_at) == ("", NOON + 2 * SECOND)
