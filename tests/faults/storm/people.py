"""Everybody who clicks: `buyers` pay, `clerks` look after the money, the `issuer` takes it back. Here is whose turn it
is.

Nobody waits for an answer: people look at rows, as the pages do.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from django.db import InterfaceError, OperationalError, connections

from oropay.models import MoneyState, Payment, PaymentPayable, PaymentTransaction, TransactionState
from tests.faults.storm import buyers, clerks, issuer
from tests.faults.storm.clicks import standing_up_again
from tests.faults.storm.stories import ASKS, CREDITS, DISPUTES, Story
from tests.faults.storm.town import Deal, Town

HANDS = 6
"""People who pay at the same moment."""
AT_ONCE = 24
"""Conversations with the gateway under way before the next buyer comes: what waits too long is given up."""
TRIES = 3
"""How often a buyer tries again what did not come through."""
CLICKS = 60
"""How often one clicks who is told each time that the gateway does not answer; twice a second."""
TRY_AGAIN = frozenset({MoneyState.DECLINED, MoneyState.FAILED, MoneyState.CANCELED, MoneyState.EXPIRED})
"""After these a buyer who still owes pays again."""
DECIDE_EVERY = 10.0
"""Seconds between two looks at what people must decide."""
UNDER_WAY = frozenset({MoneyState.PROCESSING, MoneyState.UNKNOWN, MoneyState.REVIEW, MoneyState.ACTION_REQUIRED})

Acts = Callable[[Town, Deal, Payment], bool]

AFTERWARDS: Mapping[Story, Acts] = {
    **dict.fromkeys((Story.HOLD, Story.HOLD_RELEASED), clerks.after_hold),
    Story.SEVERAL_CAPTURES: clerks.capture_in_parts,
    Story.RENEWED: clerks.renew,
    **dict.fromkeys((Story.BILLED, Story.HOLD_BILLED), clerks.bill),
    **dict.fromkeys(clerks.GIVEN_BACK, clerks.give_back),
    **dict.fromkeys(CREDITS, clerks.give),
    **dict.fromkeys(DISPUTES, issuer.dispute),
}
"""What others do once the money is somewhere; they say whether there is something left to do."""


class People:
    """Everybody who clicks. `run` returns when all have tried to pay; `again` does what is left to do then."""

    def __init__(self, town: Town) -> None:
        self.started = 0
        self.town = town
        self._lock = threading.Lock()
        self._watched: dict[int, Deal] = {}
        """By name: deals that somebody may still have to do something about."""
        self._looks = issuer.RegularLooks("oropay.disputes-pull")
        self._decide_at = time.monotonic()
        self._may_come: Callable[[], float] = lambda: 1.0

    def run(self, *, may_come: Callable[[], float]) -> None:
        """`may_come` says which share of the buyers may have come by now."""
        self._may_come = may_come
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
        self._decide()
        return bool(self._watched)

    def _buy(self, deal: Deal) -> None:
        while self.started >= self._may_come() * len(self.town.deals) or _under_way() >= AT_ONCE:
            time.sleep(0.05)
        buyers.buy(self.town, deal)
        with self._lock:
            self.started += 1
            self._watched[deal.name] = deal
        connections.close_all()

    def _work(self, buying: threading.Event) -> None:
        while not buying.is_set():
            self._round()
            if time.monotonic() >= self._decide_at:
                self._decide()
            time.sleep(0.3)
        connections.close_all()

    def _decide(self) -> None:
        self._decide_at = time.monotonic() + DECIDE_EVERY
        with standing_up_again():
            clerks.decide(self.town)
            clerks.give_back_by_hand(self.town)
            clerks.call_off(self.town)

    def _round(self) -> None:
        with self._lock:
            watched = dict(self._watched)
        with standing_up_again():
            if any(deal.dispute for deal in watched.values()):
                self._looks.look()
            payments = _newest_payments(watched.values())
            for name, deal in watched.items():
                if not self._next(deal, payments.get(name)):
                    with self._lock:
                        self._watched.pop(name, None)

    def _next(self, deal: Deal, payment: Payment | None) -> bool:
        """What somebody does about a payment now, or without one if every click was refused; False when nobody has
        anything left to do.
        """
        if payment is None:
            buyers.buy(self.town, deal)
            return deal.tries < CLICKS
        if payment.money_state in TRY_AGAIN and deal.tries < TRIES and deal.staff_steps == 0:
            buyers.buy(self.town, deal)
            return True
        if payment.money_state in UNDER_WAY:
            if deal.story in ASKS:
                buyers.go_on(self.town, deal, payment)
            elif payment.money_state == MoneyState.REVIEW:
                clerks.review(self.town, deal, payment)
            return True
        acts = AFTERWARDS.get(deal.story)
        return acts is not None and acts(self.town, deal, payment)


def _under_way() -> int:
    """How many conversations have not got their first answer; without a database it is a good moment to wait."""
    open_rows = PaymentTransaction.objects.filter(state__in=[TransactionState.QUEUED, TransactionState.SENDING])
    try:
        return open_rows.count()
    except (OperationalError, InterfaceError):
        connections.close_all()
        return AT_ONCE


def _newest_payments(watched: Iterable[Deal]) -> dict[int, Payment]:
    """By name of the deal."""
    names = {pk: deal.name for deal in watched for pk in deal.payables}
    parts = PaymentPayable.objects.filter(payable__in=names).select_related("payment").order_by("payment_id")
    return {names[part.payable_id]: part.payment for part in parts}
