"""Address and security code of an approved card payment or check, against the integration's policy.

What the policy refuses is held in review by us, so that nothing is booked and nobody is told that it was paid, and a
cancel is queued in the same transaction. A card that was to be saved without a payment is declined: nothing is to be
given back. The results are in the answer to our own request only.
"""

from django.utils.translation import gettext as _

from commerce.money import format_money
from oropay import cardchecks
from oropay.engine.follow.recording import Recording
from oropay.engine.judge import Move
from oropay.models import (
    AUTHENTICATING,
    INITIATING,
    RUNNING,
    Action,
    AlertKind,
    CardCheck,
    InstrumentState,
    Method,
    Ruling,
    TransactionState,
)
from oropay.services.alert import alert_raise
from oropay.services.followup import reversal_queue

S = TransactionState
CHECKED = (INITIATING - AUTHENTICATING) | {Action.VALIDATE}
"""What a bank looks at address and security code for."""
FIRST = frozenset({S.SENDING, S.UNKNOWN})
"""A transaction is judged when its outcome is learned, once."""
GOOD = frozenset({S.APPROVED, S.REVIEW})


def checked(*, news: Recording, move: Move) -> Move:
    """The move as the card-check policy allows it; writes down what a person must look at."""
    row, payment = news.row, news.payment
    if (
        row.action not in CHECKED
        or row.state not in FIRST
        or move.state not in GOOD
        or payment.method != Method.CARD
        or payment.integration is None
    ):
        return move
    answer, instrument = news.answer, payment.instrument
    saving, policy = row.action == Action.VALIDATE, cardchecks.policy_of(payment.integration)
    ruled, found = cardchecks.ruling(
        results=cardchecks.Results(address=answer.avs_address, postal_code=answer.avs_postal_code, cvv=answer.cvv),
        new_card=payment.keep_instrument or (instrument is not None and instrument.state == InstrumentState.ONCE),
        policy=cardchecks.policy_for_saving(policy) if saving else policy,
    )
    if ruled is None:
        return move
    if saving:
        ruled = Ruling.REFUSED
    CardCheck.objects.get_or_create(
        transaction=row, defaults={"ruling": ruled, "found": [one.value for one in found], "raised_at": news.now}
    )
    if ruled == Ruling.REFUSED:
        return Move(S.DECLINED if saving else S.REVIEW)
    text = _("{amount} was approved, but {found}.").format(
        amount=format_money(row.amount, row.currency), found=cardchecks.words(found)
    )
    alert_raise(row=row, kind=AlertKind.CARD_CHECK, text=text, now=news.now)
    return move


def turn_away(news: Recording) -> None:
    """Queue the reversal of what the policy refused."""
    if CardCheck.objects.filter(transaction=news.row, ruling=Ruling.REFUSED).exists():
        news.family.append(reversal_queue(lost=news.row, now=news.now))


def being_reversed(news: Recording) -> bool:
    """A held transaction whose cancel or release is under way: that answer decides, not what a look shows meanwhile."""
    return news.row.state == S.REVIEW and any(
        child.parent_id == news.row.pk and child.action == Action.CANCEL and child.state in RUNNING
        for child in news.family
    )
