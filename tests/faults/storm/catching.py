"""Workers caught in the middle of a conversation with the gateway, and what became of it while they stood still."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.utils import timezone

from config.supervisor import Running
from oropay.models import Exchange, PaymentTransaction, TransactionState

A_MOMENT = 1.0
"""Seconds. What is in the hands of a worker that stands still stays where it is; the others are done by then, mostly.
"""
CAUGHT_WITHIN = 15.0
"""Seconds in which a worker that has work at all is caught at it."""
ANSWERS_WITHIN = 5.0
"""Seconds in which a worker that goes on records what it had heard."""


@dataclass(frozen=True)
class Caught:
    """A worker that stands still, and the conversations that nobody else goes on with."""

    children: list[int]
    conversations: list[int]
    since: datetime

    def go_on(self) -> None:
        """Let it go on where it was."""
        for pid in self.children:
            _signal(pid, signal.SIGCONT)

    def lost_its_lease(self) -> list[int]:
        """Which conversations became unknown meanwhile, because nobody could say what had become of them."""
        return list(
            PaymentTransaction.objects.filter(pk__in=self.conversations, unknown_since__gt=self.since).values_list(
                "pk", flat=True
            )
        )


@contextmanager
def standing_still(worker: Running) -> Iterator[Caught]:
    """Stop all processes of a worker while it has something in hand, if it ever has; they go on afterwards."""
    caught = _catch(worker)
    try:
        yield caught
    finally:
        caught.go_on()


@contextmanager
def nobody_fetches(workers: Sequence[Running]) -> Iterator[None]:
    """Let no worker take another message from the broker; what their processes have in hand goes on."""
    parents = [worker.process.pid for worker in workers]
    for pid in parents:
        _signal(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in parents:
            _signal(pid, signal.SIGCONT)


def came_back(conversations: list[int], *, after: datetime) -> bool:
    """Whether a worker brought the answer to one of these after all, though its lease was over."""
    answers = Exchange.objects.filter(transaction__in=conversations, kind="send", at__gte=after)
    return until(answers.exists, seconds=ANSWERS_WITHIN)


def conversations_under_way() -> list[int]:
    return list(PaymentTransaction.objects.filter(state=TransactionState.SENDING).values_list("pk", flat=True))


def until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Whether it came true in time."""
    end = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return met


def _catch(worker: Running) -> Caught:
    end = time.monotonic() + CAUGHT_WITHIN
    while True:
        until(lambda: bool(conversations_under_way()), seconds=end - time.monotonic())
        caught = _stop(worker)
        if caught.conversations or time.monotonic() > end:
            return caught
        caught.go_on()


def _stop(worker: Running) -> Caught:
    children, since = _children(worker.process.pid), timezone.now()
    for pid in children:
        _signal(pid, signal.SIGSTOP)
    held = conversations_under_way()
    if held:
        time.sleep(A_MOMENT)
        still = conversations_under_way()
        held = [pk for pk in held if pk in still]
    return Caught(children=children, conversations=held, since=since)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it died at one of its marked steps meanwhile
