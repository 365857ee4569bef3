"""A dispute that is not about this payment after all: what it did here is undone by opposite rows and entries."""

from datetime import datetime
from decimal import Decimal

from commerce.models import User
from oropay.engine.follow.dispute import booked_of, give_back, recover, rows_of, write_off_end
from oropay.engine.follow.recording import Recording
from oropay.models import Action, Dispute, PaymentTransaction
from oropay.ports import money_listeners

ZERO = Decimal(0)


def undo(*, news: Recording, dispute: Dispute, unowed: Decimal, note: str, by: User, now: datetime) -> Decimal:
    """Give the payment everything back that the dispute took from it; returns how much that was.

    What is lost is no longer written off and goes where recovered money goes: it pays the invoices again, and the rest
    is credit. `unowed` is what voided debit memos asked for. No deposit will show any of it: what was expected is
    withdrawn.
    """
    before = booked_of(dispute=dispute, family=news.family)
    mistaken = _standing(dispute=dispute, family=news.family, taken=before.taken)
    if before.disputed > 0:
        mistaken.append(give_back(news=news, dispute=dispute, amount=before.disputed, memo=note))
    if before.lost > 0:
        write_off_end(news=news, dispute=dispute, amount=before.lost, memo=note)
        mistaken.append(recover(news=news, dispute=dispute, amount=before.lost, unowed=unowed, memo=note))
    for row in mistaken:
        for listener in money_listeners.all():
            listener.on_mistaken(transaction=row, note=note, by=by, now=now)
    return before.taken


def _standing(*, dispute: Dispute, family: list[PaymentTransaction], taken: Decimal) -> list[PaymentTransaction]:
    """The newest chargebacks that make up what is taken; older ones were given back, as the gateway's deposits show."""
    found: list[PaymentTransaction] = []
    for row in reversed(rows_of(dispute=dispute, family=family)):
        if row.action == Action.CHARGEBACK and sum((one.amount for one in found), ZERO) < taken:
            found.append(row)
    return found
