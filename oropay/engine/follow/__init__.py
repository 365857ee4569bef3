"""What follows from a move: events to the payables' owners, the ledger entry, expected money, the next transaction.

One file a kind of transaction; `FOLLOWS` says which.
"""

from collections.abc import Callable, Mapping

from oropay.engine.follow.authenticate import checked, initiated, resulted
from oropay.engine.follow.cancel import canceled
from oropay.engine.follow.capture import captured, release_add
from oropay.engine.follow.credit import credited
from oropay.engine.follow.recording import Recording
from oropay.engine.follow.refund import refunded
from oropay.engine.follow.renewal import reauthorized
from oropay.engine.follow.returned import came_back, code_came_later, code_learn, return_add
from oropay.engine.follow.review import review_released
from oropay.engine.follow.sale import authorized, charged
from oropay.engine.follow.validation import validated
from oropay.engine.judge import Move
from oropay.models import SALES, Action, AlertKind, TransactionState
from oropay.services.followup import reversal_queue

__all__ = [
    "Recording",
    "came_back",
    "code_came_later",
    "code_learn",
    "follow",
    "is_reversed_for_its_amount",
    "release_add",
    "return_add",
]

FOLLOWS: Mapping[Action, Callable[[Recording, TransactionState], None]] = {
    Action.AUTHENTICATE_CHECK: checked,
    Action.AUTHENTICATE_INITIATE: initiated,
    Action.AUTHENTICATE_RESULT: resulted,
    Action.AUTHORIZE: authorized,
    Action.REAUTHORIZE: reauthorized,
    Action.CHARGE: charged,
    Action.VALIDATE: validated,
    Action.CAPTURE: captured,
    Action.CANCEL: canceled,
    Action.REFUND: refunded,
    Action.CREDIT: credited,
    Action.REVIEW_RELEASE: review_released,
}
"""What each action's news brings about. Each is given the state the transaction has just moved to."""


def is_reversed_for_its_amount(*, news: Recording, move: Move) -> bool:
    """Whether a move finds that the gateway took another amount than asked, and all of that goes back."""
    other_amount = move.alert == AlertKind.AMOUNT_DIFFERS and move.state == TransactionState.UNKNOWN
    return other_amount and news.row.action in SALES


def follow(*, news: Recording, move: Move) -> None:
    """Do what a move asks for, in the transaction that records it."""
    if is_reversed_for_its_amount(news=news, move=move):
        reversal_queue(lost=news.row, now=news.now)
        return
    FOLLOWS[Action(news.row.action)](news, move.state)
