import os
import subprocess
import sys
import threading
from datetime import timedelta
from socket import gethostname

import pytest
from django.utils import timezone

from config import heartbeat
from config.health import silence
from plumbing.models import Heartbeat
from plumbing.services import heartbeats_forget
from tests.architecture.sources import ROOT

BEAT_ONCE = "import django; django.setup(); from config import heartbeat; heartbeat._beat('beat')"


@pytest.mark.django_db(transaction=True)
def test_a_beat_is_a_row_written_on_a_connection_of_its_own():
    thread = threading.Thread(target=heartbeat._beat, args=("worker-default",))
    thread.start()
    thread.join()

    row = Heartbeat.objects.get()
    assert (row.name, row.pid) == ("worker-default", os.getpid())
    assert silence(part="worker-default") == ""


def test_a_database_that_is_down_costs_a_beat_and_not_the_worker():
    nowhere = {"DJANGO_SETTINGS_MODULE": "config.settings.test", "DATABASE_URL": "postgres://me@127.0.0.1:1/nowhere"}

    beaten = subprocess.run(
        [sys.executable, "-c", BEAT_ONCE],
        cwd=ROOT,
        env=os.environ | nowhere,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (beaten.returncode, beaten.stderr) == (0, "")
    assert "WARNING config.heartbeat no heartbeat of beat:" in beaten.stdout


@pytest.mark.django_db
def test_a_part_is_gone_after_three_missed_beats():
    now = timezone.now()
    Heartbeat.objects.create(
        name="beat", host=gethostname(), pid=1, beat_at=now - timedelta(seconds=heartbeat.SILENT_AFTER + 1)
    )
    Heartbeat.objects.create(name="beat", host="a replica elsewhere", pid=1, beat_at=now)

    assert silence(part="beat") == "beat is silent for 16 s."
    assert silence(part="worker-default") == "worker-default has never beaten here."


@pytest.mark.django_db
def test_a_host_that_is_gone_for_a_day_is_forgotten():
    now = timezone.now()
    for host, hours in (("gone", 25), ("late", 23)):
        Heartbeat.objects.create(name="beat", host=host, pid=1, beat_at=now - timedelta(hours=hours))

    assert heartbeats_forget(now=now) == 1
    assert [row.host for row in Heartbeat.objects.all()] == ["late"]


@pytest.mark.parametrize("name", ["OROPAY_VAULT_PRIVATE_KEYS", "OROPAY_FINGERPRINT_KEY"])
def test_a_gateway_worker_without_keys_ends_before_it_takes_work(name):
    """A real worker: Celery only logs what a handler of its signals raises, unless it ends the process."""
    worker = [sys.executable, "-m", "celery", "-A", "config", "worker", "-Q", "gateway-lookup", "-c", "1", "-P", "solo"]
    nothing = {"DJANGO_SETTINGS_MODULE": "tests.config.keyless", "WITHOUT_KEY": name}

    ended = subprocess.run(
        worker, cwd=ROOT, env=os.environ | nothing, capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode == 1
    assert f"{name} is not set, and a gateway worker cannot work without it." in ended.stderr
    assert "ready" not in ended.stderr + ended.stdout
