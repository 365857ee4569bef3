"""A hint tells a worker about a row after the commit; a broken broker costs a moment, never the row."""

import json
import logging
import time
import uuid
from collections.abc import Iterator

import pytest
import redis
from django.conf import settings
from django.db.transaction import atomic, set_rollback

from plumbing.services import hint, hint_now
from plumbing.services.hints import hints_resume
from tests.plumbing.broker import Mood, Relay

TASK = "plumbing.tasks.mail_send"


class Queue:
    """One queue of the real broker, as a worker would find it."""

    def __init__(self) -> None:
        self.name = f"test-{uuid.uuid4()}"
        self._client = redis.Redis.from_url(settings.REDIS_URL)

    def messages(self) -> list[tuple[str, list[int]]]:
        raw = [json.loads(item) for item in self._client.lrange(self.name, 0, -1)]
        return [(item["headers"]["task"], json.loads(item["headers"]["argsrepr"])) for item in reversed(raw)]

    def close(self) -> None:
        self._client.delete(self.name)
        self._client.srem(f"_kombu.binding.{self.name}", f"{self.name}\x06\x16\x06\x16{self.name}")
        self._client.close()


@pytest.fixture
def queue() -> Iterator[Queue]:
    queue = Queue()
    yield queue
    queue.close()


@pytest.fixture
def relay(monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    """Hints go through the relay in this test."""
    relay = Relay(settings.REDIS_URL)
    monkeypatch.setenv("CELERY_BROKER_WRITE_URL", relay.url)
    hints_resume()
    yield relay
    relay.close()
    hints_resume()


@pytest.mark.django_db(transaction=True)
def test_a_hint_carries_the_id_and_leaves_after_the_commit(queue: Queue) -> None:
    with atomic():
        hint(TASK, 42, queue=queue.name)
        before = queue.messages()

    assert before == []
    assert queue.messages() == [(TASK, [42])]


@pytest.mark.django_db(transaction=True)
def test_a_hint_about_a_row_that_was_rolled_back_is_never_given(queue: Queue) -> None:
    with atomic():
        hint(TASK, 42, queue=queue.name)
        set_rollback(True)

    assert queue.messages() == []


def test_a_broker_that_refuses_is_logged_and_costs_less_than_a_second(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, relay: Relay
) -> None:
    relay.close()

    started = time.monotonic()
    with caplog.at_level(logging.WARNING):
        hint_now(TASK, 42, queue="default")
    took = time.monotonic() - started

    assert took < 1
    assert "The broker did not take plumbing.tasks.mail_send(42) for queue default" in caplog.text


def test_a_broker_that_hangs_is_waited_for_about_a_second_and_then_not_again(relay: Relay, queue: Queue) -> None:
    hint_now(TASK, 1, queue=queue.name)
    relay.become(Mood.SILENT)

    started = time.monotonic()
    hint_now(TASK, 2, queue=queue.name)
    first = time.monotonic() - started
    for pk in range(3, 103):
        hint_now(TASK, pk, queue=queue.name)
    all_hundred = time.monotonic() - started - first

    assert first < 1.5
    assert all_hundred < 0.1
    assert queue.messages() == [(TASK, [1])]


def test_a_broker_that_hangs_from_the_start_is_waited_for_about_a_second(relay: Relay) -> None:
    relay.become(Mood.SILENT)

    started = time.monotonic()
    hint_now(TASK, 1, queue="default")
    took = time.monotonic() - started

    assert took < 1.5


@pytest.mark.parametrize("trouble", [Mood.GONE, Mood.SILENT])
def test_hints_arrive_again_when_the_broker_is_back(relay: Relay, queue: Queue, trouble: Mood) -> None:
    hint_now(TASK, 1, queue=queue.name)
    relay.become(trouble)
    hint_now(TASK, 2, queue=queue.name)

    relay.become(Mood.WELL)
    hints_resume()
    hint_now(TASK, 3, queue=queue.name)

    assert queue.messages() == [(TASK, [1]), (TASK, [3])]


def test_a_long_queue_is_told_nothing_twice(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plumbing.services.hints.AGAIN_UP_TO", 2)

    for pk in (1, 2, 3):
        hint_now(TASK, pk, queue=queue.name, again=True)
    hint_now(TASK, 4, queue=queue.name)

    assert queue.messages() == [(TASK, [1]), (TASK, [2]), (TASK, [4])]


def test_a_broker_that_hangs_is_waited_for_about_a_second_when_a_hint_is_repeated(relay: Relay, queue: Queue) -> None:
    hint_now(TASK, 1, queue=queue.name)
    relay.become(Mood.SILENT)

    started = time.monotonic()
    for pk in range(2, 102):
        hint_now(TASK, pk, queue=queue.name, again=True)
    took = time.monotonic() - started

    assert took < 1.6
    assert queue.messages() == [(TASK, [1])]
