"""A mail server that takes connections and never says a word holds every process of the worker that sends mail."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.utils import timezone

from config import parts
from oropay.models import MoneyState, Payment
from plumbing.models import Mail, MailState
from plumbing.selectors import heartbeats_alive
from plumbing.services import hint_now
from plumbing.services.mail import QUEUE, TASK
from plumbing.services.sweeping import HEARTBEAT
from tests.e2e.house import House
from tests.faults.test_crashes import without

MAILS = 20


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """Connections to it are taken by the kernel, and by nobody else."""
    with socket.create_server(("127.0.0.1", 0), backlog=MAILS) as listening:
        yield listening.getsockname()[1]


@contextmanager
def sending_mail_to(house: House, port: int) -> Iterator[None]:
    """The worker for mail is replaced by one that gives its mails to this port."""
    with without(house.stack, "worker-default"):
        part = parts.default_worker(house.place)
        part.environment.update(
            {"DJANGO_SETTINGS_MODULE": "tests.faults.slow_mail", "MAIL_URL": f"smtp://127.0.0.1:{port}"}
        )
        worker = house.stack.start(part)
        try:
            house.stack.wait_ready(seconds=60)
            yield
        finally:
            os.killpg(worker.process.pid, signal.SIGKILL)
            worker.process.wait()
            house.stack.running.remove(worker)


def test_a_mail_server_that_hangs_does_not_hold_up_the_sweep(
    house: House, pay: Callable[[str], Payment], deaf_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    with sending_mail_to(house, deaf_port):
        mails = [
            Mail.objects.create(to="a@b.test", subject="s", text="t", language="en", next_at=now, created_at=now)
            for _ in range(MAILS)
        ]
        for mail in mails:
            hint_now(TASK, mail.pk, queue=QUEUE)
        ours = Mail.objects.filter(pk__in=[mail.pk for mail in mails])
        house.until(lambda: ours.filter(state=MailState.SENDING).count() == 2)

        monkeypatch.setattr("plumbing.services.hints._silent_until", time.monotonic() + 60)  # its hint is lost
        payment = pay("91.00")

        house.until(lambda: Payment.objects.get(pk=payment.pk).money_state == MoneyState.CAPTURED)
        assert not ours.filter(state=MailState.SENT).exists()
        assert heartbeats_alive([HEARTBEAT], timezone.now()) == {HEARTBEAT}
