import os
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from config import heartbeat
from config.celery import app, refuse_gateway_work_without_keys
from config.health import silence
from plumbing.models import Heartbeat
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
        name="beat", host="here", pid=1, beat_at=now - timedelta(seconds=heartbeat.SILENT_AFTER + 1)
    )

    assert silence(part="beat") == "beat is silent for 16 s; it last beat on here."
    assert silence(part="worker-default") == "worker-default has never beaten."


@pytest.mark.parametrize("name", ["OROPAY_VAULT_PRIVATE_KEYS", "OROPAY_FINGERPRINT_KEY"])
def test_a_gateway_worker_without_keys_takes_no_work(settings, name):
    class Worker:
        app = app

    setattr(settings, name, "")
    app.amqp.queues.select(["default"])
    refuse_gateway_work_without_keys(sender=Worker)

    app.amqp.queues.select(["gateway-lookup"])
    with pytest.raises(ImproperlyConfigured, match=f"^{name} is not set"):
        refuse_gateway_work_without_keys(sender=Worker)
