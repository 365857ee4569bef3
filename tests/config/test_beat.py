"""Beat does what is due itself: no broker and no queue stands between it and the sweep."""

import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from config.beat import DoesItself
from config.celery import app
from plumbing.models import Heartbeat
from plumbing.services.sweeping import HEARTBEAT

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def beat() -> DoesItself:
    """Beat as its process makes it, with everything due."""
    app.loader.import_default_modules()
    beat = DoesItself(app=app)
    for entry in beat.schedule.values():
        entry.last_run_at = timezone.now() - timedelta(minutes=1)
    return beat


@pytest.fixture
def no_broker() -> Iterator[None]:
    """Nobody listens where the broker should be."""
    before = app.conf.broker_write_url
    app.conf.broker_write_url = "redis://127.0.0.1:9/0"  # type: ignore[misc]
    yield
    app.conf.broker_write_url = before  # type: ignore[misc]


@pytest.mark.usefixtures("no_broker")
def test_beat_sweeps_without_a_broker(beat: DoesItself) -> None:
    for _entry in beat.schedule:
        beat.tick()

    assert Heartbeat.objects.get().name == HEARTBEAT


def test_what_fails_is_logged_and_comes_again(
    beat: DoesItself, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("the database restarts")

    monkeypatch.setattr("plumbing.services.sweep", broken)
    with caplog.at_level(logging.ERROR):
        beat.apply_entry(beat.schedule["sweep"])
    monkeypatch.undo()

    beat.apply_entry(beat.schedule["sweep"])

    assert "“sweep” was not done this time." in caplog.text
    assert "the database restarts" in caplog.text
    assert Heartbeat.objects.get().name == HEARTBEAT


def test_beat_does_nothing_else(beat: DoesItself) -> None:
    assert sorted(beat.schedule) == ["periodic", "sweep"]
