"""How people click while the database comes and goes: again until it answers, at the same moment, and told no."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError, connections

from invoices.exceptions import InvoiceError
from oropay.exceptions import AlreadyBeingPaid, FollowUpRunning, PaymentError, PaymentMoved
from oropay.models import Payment
from tests.faults.storm.town import Deal, Town

FASTER = (AlreadyBeingPaid, FollowUpRunning, PaymentMoved)
"""Refusals that say that somebody else was faster."""
_REFUSING = threading.Lock()


@contextmanager
def standing_up_again() -> Iterator[None]:
    """A database that went away under a click: the person sees an error page and comes back later."""
    try:
        yield
    except (OperationalError, InterfaceError):
        connections.close_all()
        time.sleep(0.5)


def until_it_answers(click: Callable[[], object]) -> None:
    """Click until the database took the click. The first may have been: the second must join it, or be refused."""
    for _ in range(60):
        try:
            click()
        except (OperationalError, InterfaceError):
            connections.close_all()
            time.sleep(0.5)
        else:
            return
    raise RuntimeError("The database does not come back.")


def told(town: Town, click: Callable[[], object], *, of: Deal | None = None) -> bool:
    """Click; False if the answer was no. A refusal is an answer; `of` whose deal, if it matters who was faster."""
    try:
        until_it_answers(click)
    except (PaymentError, InvoiceError) as refusal:
        with _REFUSING:
            town.refused += 1
            if of is not None:
                of.too_slow += isinstance(refusal, FASTER)
        return False
    return True


def at_once(*clicks: Callable[[], object]) -> None:
    """All at the same moment."""
    gate = threading.Barrier(len(clicks))

    def one(click: Callable[[], object]) -> None:
        gate.wait()
        click()
        connections.close_all()

    threads = [threading.Thread(target=one, args=(click,)) for click in clicks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def seen(payment: Payment) -> int:
    """The newest transaction on the page of whoever clicks: a click repeated after an error acts once."""
    return max(payment.transactions.values_list("pk", flat=True))
