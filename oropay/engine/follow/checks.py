"""Address and security code of an approved card payment or check, against the integration's policy.

What the policy refuses is held in review by us, so that nothing is booked and nobody is told that it was paid, and a
cancel is queued in the same transaction. A card that was to be saved without a payment is declined: nothing is to be
given back. The results are in the answer to our own request only.
"""

from django.utils.translation import gettext as _

from commerce.money import format_money
from oropay import cardchecks
from oropay.declines import refused_by_checks
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
HELD = "PREAUTHORIZED"
"""The gateway's word for a hold of which nothing was taken."""
GOOD = frozenset({S.APPROVED, S.REVIEW})


def checked(*, news: Recording, move: Move) -> Move:
    """The move as the card-check policy allows it; writes down what a person must look at."""
    row = news.row
    if row.state == S.REVIEW and move.state == S.APPROVED and news.answer.status == HELD and refused_by_checks(row):
        return Move(S.REVIEW)  # its reversal did not happen: a person lets it go, and nothing is taken of it
    if row.state not in FIRST or move.state not in GOOD or card_check(news) != Ruling.REFUSED:
        return move
    return Move(S.DECLINED if row.action == Action.VALIDATE else S.REVIEW)


def card_check(news: Recording) -> Ruling | None:
    """What the policy says of the results in the answer, written down; None where it has nothing against them.

    What a person must look at is told to one.
    """
    row, payment = news.row, news.payment
    if row.action not in CHECKED or payment.method != Method.CARD or payment.integration is None:
        return None
    answer, instrument = news.answer, payment.instrument
    saving, policy = row.action == Action.VALIDATE, cardchecks.policy_of(payment.integration)
    ruled, found = cardchecks.ruling(
        results=cardchecks.Results(address=answer.avs_address, postal_code=answer.avs_postal_code, cvv=answer.cvv),
        new_card=payment.keep_instrument or (instrument is not None and instrument.state == InstrumentState.ONCE),
        policy=cardchecks.policy_for_saving(policy) if saving else policy,
    )
    if ruled is None:
        return None
    if saving:
        ruled = Ruling.REFUSED
    CardCheck.objects.get_or_create(
        transaction=row, defaults={"ruling": ruled, "found": [one.value for one in found], "raised_at": news.now}
    )
    if ruled == Ruling.REFUSED:
        return ruled
    text = _("{amount} was approved, but {found}.").format(
        amount=format_money(row.amount, row.currency), found=cardchecks.words(found)
    )
    alert_raise(row=row, kind=AlertKind.CARD_CHECK, text=text, now=news.now)
    return ruled


def turn_away(news: Recording) -> None:
    """Queue the reversal of what the policy refused."""
    if refused_by_checks(news.row):
        news.family.append(reversal_queue(lost=news.row, now=news.now))


def being_reversed(news: Recording) -> bool:
    """A held transaction whose cancel or release is under way: that answer decides, not what a look shows meanwhile."""
    return news.row.state == S.REVIEW and any(
        child.parent_id == news.row.pk and child.action == Action.CANCEL and child.state in RUNNING
        for child in news.family
    )
