from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from api import health
from plumbing.models import PeriodicRun
from plumbing.periodic import Prune
from plumbing.services import heartbeat_beat


def test_livez_asks_nobody(client: Client) -> None:
    """No database mark on this test: a query would fail it."""
    assert client.get("/livez").json() == {"state": "alive"}


@pytest.mark.django_db
def test_readyz_names_every_part_that_is_missing(client: Client) -> None:
    heartbeat_beat(name="worker-default", now=timezone.now())

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {
        "state": "not ready",
        "parts": {
            "database": "ok",
            "valkey": "ok",
            "worker-gateway": "missing",
            "worker-default": "ok",
            "beat": "missing",
            "sweep": "missing",
        },
        "behind_seconds": 0,
    }


@pytest.mark.django_db
def test_readyz_is_ready_when_everything_beats(client: Client) -> None:
    for name in health.PARTS:
        heartbeat_beat(name=name, now=timezone.now())

    response = client.get("/readyz")

    assert (response.status_code, response.json()["state"]) == (200, "ready")
    assert response.headers["Cache-Control"].count("no-store") == 1


@pytest.mark.django_db
def test_readyz_says_that_the_sweep_stands_still_though_every_process_beats(client: Client) -> None:
    now = timezone.now()
    for name in health.PARTS:
        heartbeat_beat(name=name, now=now - timedelta(seconds=16) if name == "sweep" else now)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert [name for name, state in response.json()["parts"].items() if state == "missing"] == ["sweep"]


@pytest.mark.django_db
def test_readyz_says_that_valkey_is_gone(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    health._valkey.cache_clear()

    response = client.get("/readyz")

    health._valkey.cache_clear()
    assert response.status_code == 503
    assert response.json()["parts"]["valkey"] == "missing"


@pytest.mark.django_db
def test_health_answers_on_any_host(client: Client, settings: Settings) -> None:
    settings.WEBSITE_FALLBACK = False

    assert client.get("/livez", headers={"host": "10.0.0.7"}).status_code == 200
    assert connection.is_usable()


@pytest.mark.django_db
def test_late_work_is_told_and_does_not_turn_readiness_off(client: Client) -> None:
    now = timezone.now()
    for name in health.PARTS:
        heartbeat_beat(name=name, now=now)
    began = now - Prune.every - timedelta(hours=2)
    PeriodicRun.objects.create(task=Prune.name, period="then", started_at=began, ended_at=began)

    response = client.get("/readyz")

    assert (response.status_code, response.json()["state"]) == (200, "ready")
    assert response.json()["behind_seconds"] // 60 == 120
