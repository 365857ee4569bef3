"""Money that nobody waits for goes back by itself: its reversal is sent again, and in the end a person is told.

It was taken though it should not have been, so no person will press a button for it. After each failure the pause is
longer (`OROPAY_GIVE_BACK_STEPS`): a gateway that is away for an hour is no reason to keep somebody's money.
"""

from collections.abc import Sequence

from django.conf import settings
from django.utils.translation import gettext as _

from oropay.engine.follow.recording import Recording, is_own_reversal
from oropay.models import Action, AlertKind, FailureReason, PaymentTransaction, TransactionState
from oropay.services.alert import alert_over, alert_raise
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
    """Whether this was a reversal of unwanted money that did not happen, or the refund in place of one that came too
    late, and is not the last try.

    What two persons ruled out is theirs: they may have given the money back another way meanwhile.
    """
    row, parent = news.row, news.parent()
    if parent is None or row.state != S.FAILED or row.failure_reason == FailureReason.NOT_TAKEN:
        return False
    if row.created_by_id is not None or not is_unwanted(parent, news.family):
        return False
    if row.action == Action.CANCEL:
        return row.failure_reason != FailureReason.BATCH_CLOSED and _tries_are_left(parent, news.family)
    return row.action == Action.REFUND and not row.outside and _tries_are_left(parent, news.family)


def _tries_are_left(parent: PaymentTransaction, family: Sequence[PaymentTransaction]) -> bool:
    """Whether it was to go back by itself, and may be sent once more."""
    return 0 < len(reversals_of(parent, family)) <= len(settings.OROPAY_GIVE_BACK_STEPS)


def give_back_again(news: Recording) -> None:
    """Queue the next try: the reversal, also where a refund took its place. Should it come too late again, so it does
    again.
    """
    parent = news.parent()
    if parent is None:
        raise ValueError(f"{news.row.action} {news.row.pk} has no parent")
    pause = settings.OROPAY_GIVE_BACK_STEPS[len(reversals_of(parent, news.family)) - 1]
    news.family.append(reversal_queue(lost=parent, now=news.now, pause=pause))


def stays_after_all(news: Recording) -> None:
    """A late bank debit that was to go back, could not and has been paid: nobody is to refund what ships now.

    What was said of it before is over, and a person is told what it counts for.
    """
    if not (news.row.late and reversals_of(news.row, news.family) and news.is_kept()):
        return
    _nobody_need_act(news, remark=_("It has been paid and stays."))
    text = _(
        "It came after all, could not be given back while it was under way, and has been paid now: it counts for what "
        "it was meant for, and what is over is the customer's credit. Refund it only if nobody is to have it."
    )
    alert_raise(row=news.row, kind=AlertKind.ARRIVED_LATE, text=text, now=news.now)


def came_to_nothing(news: Recording) -> None:
    """A late bank debit that its bank rejected: nobody is to give back what never came."""
    if news.row.late:
        _nobody_need_act(news, remark=_("No money came of it."))


def _nobody_need_act(news: Recording, *, remark: str) -> None:
    alert_over(row=news.row, kind=AlertKind.ARRIVED_LATE, remark=remark, now=news.now)
    for reversal in reversals_of(news.row, news.family):
        alert_over(row=reversal, kind=AlertKind.NOT_DONE, remark=remark, now=news.now)


def reversals_of(row: PaymentTransaction, family: Sequence[PaymentTransaction]) -> list[PaymentTransaction]:
    """What was sent by itself to give it back; not what proved that the gateway did not have it yet."""
    return [one for one in family if is_own_reversal(one, of=row) and one.failure_reason != FailureReason.NEVER_ARRIVED]
