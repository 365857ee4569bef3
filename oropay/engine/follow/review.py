"""A fraud review was ended by staff: the payment stands, or what the gateway says of it is asked again."""

from dataclasses import replace

from oropay.engine.follow.recording import Recording
from oropay.engine.follow.sale import authorized, charged
from oropay.models import Action, TransactionState
from oropay.services.join import instrument_wait_end

S = TransactionState
STANDS = {Action.AUTHORIZE: authorized, Action.CHARGE: charged}


def review_released(news: Recording, state: TransactionState) -> None:
    """The held transaction is approved now, with everything that follows from that."""
    held = news.parent()
    if held is None:
        raise ValueError(f"release {news.row.pk} has no transaction in review")
    if held.state != S.REVIEW:
        return  # the gateway's own word came first
    if state == S.APPROVED:
        held.state, held.next_at, held.ended_at = S.APPROVED, None, news.now
        held.risk = news.answer.risk or held.risk
        held.save()
        instrument_wait_end(instrument=news.payment.instrument, stands=True, now=news.now)
        STANDS[Action(held.action)](replace(news, row=held), S.APPROVED)
    elif news.row.is_final:
        held.next_at = news.now
        held.save(update_fields=["next_at"])
