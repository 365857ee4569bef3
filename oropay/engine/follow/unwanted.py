"""Money that nobody waits for goes back by itself: its reversal is sent again, and in the end a person is told.

It was taken though it should not have been, so no person will press a button for it. After each failure the pause is
longer (`OROPAY_GIVE_BACK_STEPS`): a gateway that is away for an hour is no reason to keep somebody's money.
"""

from collections.abc import Sequence

from django.conf import settings

from oropay.engine.follow.recording import Recording, is_own_reversal
from oropay.models import Action, FailureReason, PaymentTransaction, TransactionState
from oropay.services.followup import reversal_queue

S = TransactionState
TURNED_UP = frozenset({FailureReason.NEVER_ARRIVED, FailureReason.NOT_SENT, FailureReason.NOT_TAKEN})
"""Failures that say that the gateway never had it. Reversed all the same, it was found there for another amount."""


def is_unwanted(row: PaymentTransaction, family: Sequence[PaymentTransaction]) -> bool:
    """Whether a reversal of it that no person asked for gives back what nobody wants."""
    if row.state == S.UNKNOWN:
        return bool(row.gateway_id)  # it was taken for another amount; without a name look-ups ask again
    if row.state == S.FAILED:
        return row.failure_reason in TURNED_UP
    if row.state == S.REVIEW:
        return True  # the card check refused it, or nobody decided in time
    if row.late:
        return row.state in {S.APPROVED, S.PENDING}
    return any(
        one.parent_id == row.pk and one.action == Action.REAUTHORIZE and one.state == S.APPROVED for one in family
    )


def gives_back_again(news: Recording) -> bool:
    """Whether this was a reversal of unwanted money that did not happen, and is not the last try."""
    row, parent = news.row, news.parent()
    if parent is None or row.action != Action.CANCEL or row.state != S.FAILED or row.created_by_id is not None:
        return False
    if row.failure_reason == FailureReason.BATCH_CLOSED or not is_unwanted(parent, news.family):
        return False
    return len(reversals_of(parent, news.family)) <= len(settings.OROPAY_GIVE_BACK_STEPS)


def give_back_again(news: Recording) -> None:
    """Queue the next try."""
    parent = news.parent()
    if parent is None:
        raise ValueError(f"cancel {news.row.pk} has no parent")
    pause = settings.OROPAY_GIVE_BACK_STEPS[len(reversals_of(parent, news.family)) - 1]
    news.family.append(reversal_queue(lost=parent, now=news.now, pause=pause))


def reversals_of(row: PaymentTransaction, family: Sequence[PaymentTransaction]) -> list[PaymentTransaction]:
    """What was sent by itself to give it back; not what proved that the gateway did not have it yet."""
    return [one for one in family if is_own_reversal(one, of=row) and one.failure_reason != FailureReason.NEVER_ARRIVED]
