"""Who clicks: buyers who pay, twice or two at once, and staff who capture, give back, and do both at the same time.

Nobody here waits for an answer: people look at rows, as the pages do.
"""

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from functools import partial

from django.conf import settings
from django.db import InterfaceError, OperationalError, connections
from django.utils import timezone

from commerce.models import User
from oropay.exceptions import PaymentError
from oropay.models import (
    Action,
    ApprovalState,
    MoneyState,
    Payment,
    PaymentPayable,
    PaymentTransaction,
    RefundReason,
    TransactionState,
)
from oropay.services import (
    PartAsked,
    PaymentAsked,
    SavedInstrument,
    approval_agree,
    cancel_start,
    capture_start,
    payment_start,
    refund_lines_suggested,
    refund_start,
    verdict_propose,
)
from plumbing.services.hints import hint_now
from tests.faults.storm.town import HOLDS, Deal, Story, Town
from tests.oropay.house import bank

HANDS = 6
"""People who pay at the same moment."""
AT_ONCE = 24
"""Conversations with the gateway under way before the next buyer comes: what waits too long is given up."""
TRIES = 3
"""How often a buyer tries again what did not come through."""


@contextmanager
def _standing_up_again() -> Iterator[None]:
    """A database that went away under a click: the person sees an error page and comes back later."""
    try:
        yield
    except (OperationalError, InterfaceError):
        connections.close_all()
        time.sleep(0.5)


def until_it_answers(click: Callable[[], object]) -> None:
    """Click until the database took the click: the same attempt key makes the second click join the first."""
    for _ in range(60):
        try:
            click()
        except (OperationalError, InterfaceError):
            connections.close_all()
            time.sleep(0.5)
        else:
            return
    raise RuntimeError("The database does not come back.")


class People:
    """Everybody who clicks. `run` returns when every order has been tried; `again` does what is left to do then."""

    def __init__(self, town: Town) -> None:
        self.started = 0
        self.town = town
        self._lock = threading.Lock()
        self._watched: dict[int, Deal] = {}
        """By payable: deals that somebody may still have to do something about."""

    def run(self) -> None:
        buying = threading.Event()
        staff = threading.Thread(target=self._work, args=(buying,), daemon=True)
        staff.start()
        hands = ThreadPoolExecutor(HANDS)
        try:
            list(hands.map(self._buy, self.town.deals))
        finally:
            # Whoever ends the storm early does not wait for everybody else's click.
            hands.shutdown(cancel_futures=True)
            buying.set()
            staff.join()

    def again(self) -> bool:
        """One more round of the staff and of buyers who try again; False when nobody waits for anything."""
        self._round()
        with _standing_up_again():
            self._decide()
        return bool(self._watched)

    def asked_back(self) -> dict[int, int]:
        """By payable: how often a clerk wanted money given back."""
        return {deal.payable_id: deal.asked_back for deal in self.town.deals}

    # --- buyers

    def _buy(self, deal: Deal) -> None:
        while _under_way() >= AT_ONCE:
            time.sleep(0.05)
        self._start(deal)
        with self._lock:
            self.started += 1
            self._watched[deal.payable_id] = deal
        connections.close_all()

    def _start(self, deal: Deal) -> None:
        deal.tries += 1
        key, other = uuid.UUID(int=deal.dice.getrandbits(128)), uuid.UUID(int=deal.dice.getrandbits(128))
        first, second = deal.buyers
        if deal.story == Story.DOUBLE_CLICK:
            self._both(lambda: self._click(deal, key, first), lambda: self._click(deal, key, first))
        elif deal.story == Story.TWO_PEOPLE:
            self._both(lambda: self._click(deal, key, first), lambda: self._click(deal, other, second))
        else:
            self._click(deal, key, first)
        if deal.story == Story.REPEATED:
            until_it_answers(partial(_deliver_again, key))

    def _click(self, deal: Deal, key: uuid.UUID, by: User) -> None:
        source = bank() if deal.story == Story.BANK else SavedInstrument(instrument_id=deal.instrument_id)
        asked = PaymentAsked(
            parts=[PartAsked(payable_id=deal.payable_id, amount=Decimal("100.00"))],
            integration_id=(self.town.seller.manual if deal.story in HOLDS else self.town.seller.automatic).pk,
            source=source,
            attempt_key=key,
        )
        self._told(lambda: payment_start(asked=asked, by=by, website=self.town.seller.website, now=timezone.now()))

    def _both(self, *clicks: Callable[[], None]) -> None:
        """At the same moment."""
        gate = threading.Barrier(len(clicks))

        def one(click: Callable[[], None]) -> None:
            gate.wait()
            click()
            connections.close_all()

        threads = [threading.Thread(target=one, args=(click,)) for click in clicks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _told(self, click: Callable[[], object]) -> None:
        """A refusal is an answer."""
        try:
            until_it_answers(click)
        except PaymentError:
            with self._lock:
                self.town.refused += 1

    # --- staff, and buyers who try again

    def _work(self, buying: threading.Event) -> None:
        while not buying.is_set():
            self._round()
            time.sleep(0.3)
        connections.close_all()

    def _round(self) -> None:
        with self._lock:
            watched = dict(self._watched)
        with _standing_up_again():
            for payable_id, payment in _newest_payments(watched).items():
                self._next(watched[payable_id], payment)

    def _decide(self) -> None:
        """What no evidence decides after a day (here: seconds) two clerks decide, who look at the gateway's list."""
        long_ago = timezone.now() - settings.OROPAY_VERDICT_AFTER
        lost = PaymentTransaction.objects.filter(
            action=Action.REFUND, state=TransactionState.UNKNOWN, unknown_since__lt=long_ago
        ).exclude(approvals__state=ApprovalState.WAITING)
        one, other = self.town.clerks
        for row in lost:
            listing = self.town.sandbox.gateway().find_by_reference(reference=row.reference)
            if listing.complete and not listing.found:
                self._told(partial(self._not_taken, row, one, other))

    def _not_taken(self, row: PaymentTransaction, one: User, other: User) -> None:
        asked = verdict_propose(
            row=row, taken=False, evidence="The gateway's list does not have it.", by=one, now=timezone.now()
        )
        approval_agree(approval=asked, by=other, now=timezone.now())

    def _next(self, deal: Deal, payment: Payment) -> None:
        """What somebody does about a payment now that its money is somewhere."""
        state = payment.money_state
        if state in TRY_AGAIN and deal.tries < TRIES and deal.staff_steps == 0:
            self._start(deal)
        elif state == MoneyState.AUTHORIZED and deal.story in HOLDS and deal.staff_steps == 0:
            deal.staff_steps = 1
            self._told(lambda: self._after_hold(deal, payment))
        elif state in GIVEN_BACK.get(deal.story, ()) and deal.staff_steps < 2:
            deal.staff_steps += 1 if deal.story == Story.REFUND else 2
            self._give_back(deal, payment)
        elif state not in {MoneyState.PROCESSING, MoneyState.UNKNOWN, MoneyState.REVIEW}:
            with self._lock:
                self._watched.pop(deal.payable_id, None)

    def _after_hold(self, deal: Deal, payment: Payment) -> None:
        hold = payment.transactions.get(action=Action.AUTHORIZE, state=TransactionState.APPROVED)
        clerk = self.town.clerks[0]
        if deal.story == Story.HOLD_RELEASED:
            cancel_start(transaction=hold, note="not needed", by=clerk, now=timezone.now(), after=_seen(payment))
        else:
            amount = deal.dice.choice([Decimal("100.00"), Decimal("61.50")])
            capture_start(hold=hold, amount=amount, by=clerk, now=timezone.now(), after=_seen(payment))

    def _give_back(self, deal: Deal, payment: Payment) -> None:
        charge = payment.transactions.filter(action=Action.CHARGE, state=TransactionState.APPROVED).first()
        if charge is None:
            return
        amount, seen = deal.dice.choice([Decimal("30.00"), Decimal("50.00")]), _seen(payment)
        one, other = self.town.clerks

        def refund(by: User) -> None:
            refund_start(
                charge=charge,
                lines=refund_lines_suggested(charge=charge, amount=amount),
                reason=RefundReason.CUSTOMER_REQUEST,
                note="as agreed",
                by=by,
                now=timezone.now(),
                after=seen,
            )

        def void(by: User) -> None:
            cancel_start(transaction=charge, note="by mistake", by=by, now=timezone.now(), after=seen)

        deal.asked_back += 2 if deal.story == Story.RIVALS else 1
        if deal.story == Story.RIVALS:
            self._both(lambda: self._told(lambda: refund(one)), lambda: self._told(lambda: void(other)))
        else:
            self._told(lambda: refund(one))


GIVEN_BACK = {
    Story.REFUND: (MoneyState.CAPTURED, MoneyState.PARTIALLY_REFUNDED),
    Story.RIVALS: (MoneyState.CAPTURED,),
}
"""In which states of the money clerks give it back."""

TRY_AGAIN = frozenset({MoneyState.DECLINED, MoneyState.FAILED, MoneyState.CANCELED})
"""After these a buyer who still owes pays again."""


def _deliver_again(key: uuid.UUID) -> None:
    """The queue's message about a payment, four times more."""
    for row in [*PaymentTransaction.objects.filter(payment__attempt_key=key)] * 4:
        hint_now("oropay.tasks.execute", row.pk, queue="gateway-interactive")


def _under_way() -> int:
    """How many conversations have not got their first answer; without a database it is a good moment to wait."""
    open_rows = PaymentTransaction.objects.filter(state__in=[TransactionState.QUEUED, TransactionState.SENDING])
    try:
        return open_rows.count()
    except (OperationalError, InterfaceError):
        connections.close_all()
        return AT_ONCE


def _newest_payments(watched: Iterable[int]) -> dict[int, Payment]:
    parts = PaymentPayable.objects.filter(payable__in=list(watched)).select_related("payment").order_by("payment_id")
    return {part.payable_id: part.payment for part in parts}


def _seen(payment: Payment) -> int:
    """The newest transaction on the page of whoever clicks: a click repeated after an error acts once."""
    return max(payment.transactions.values_list("pk", flat=True))
