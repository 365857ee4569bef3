"""Signs of life."""

import os
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from plumbing.models import Heartbeat
from plumbing.selectors import heartbeats_alive
from plumbing.services import heartbeat_beat
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def test_a_part_that_beats_again_keeps_one_row() -> None:
    heartbeat_beat(name="beat", now=NOON, detail="port x: broken")

    with CaptureQueriesContext(
        connection,
    ) as queries:
        heartbeat_beat(name="beat", now=NOON + timedelta(seconds=5))

    row = Heartbeat.objects.get()
    assert row.beat_at == NOON + timedelta(seconds=5)
    assert row.pid == os.getpid()
    assert row.detail == ""
    assert row.age(NOON + timedelta(seconds=7)) == 2.0
    assert len(queries) == 1


def test_a_part_counts_as_alive_for_fifteen_seconds() -> None:
    heartbeat_beat(name="beat", now=NOON)
    heartbeat_beat(name="worker-default", now=NOON - timedelta(seconds=10))
    heartbeat_beat(name="worker-unasked", now=NOON)

    names = ["beat", "worker-default", "worker-gateway"]

    assert heartbeats_alive(names, NOON) == {"beat", "worker-default"}
    assert heartbeats_alive(names, NOON + timedelta(seconds=5)) == {"beat"}
    assert heartbeats_alive(names, NOON + timedelta(seconds=15)) == frozenset()
