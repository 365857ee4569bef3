"""A hold was renewed, or could not be."""

from oropay.engine.follow.capture import release_add
from oropay.engine.follow.recording import Recording, tell_ended
from oropay.models import PaymentTransaction, TransactionState
from oropay.services.followup import reversal_queue
from oropay.services.hold_mail import hold_mail
from oropay.status import WITHOUT_MONEY, is_nobodys_hold

S = TransactionState


def reauthorized(news: Recording, state: TransactionState) -> None:
    """Approved, the new hold takes the place of the old one, which is released if the gateway still had it.

    One that turned up late is nobody's hold: `late` gives it back.
    """
    old = news.parent()
    if old is None or is_nobodys_hold(news.row):
        return
    if state == S.APPROVED and not _had_lapsed(news.row):
        news.family.append(reversal_queue(lost=old, now=news.now))
    elif state in WITHOUT_MONEY:
        renewal_ended(news=news, renewal=news.row)


def renewal_ended(*, news: Recording, renewal: PaymentTransaction) -> None:
    """Nothing is held anew. The old hold stands, unless it had lapsed: then it is written down as gone."""
    old = next(row for row in news.family if row.pk == renewal.parent_id)
    lapsed = _had_lapsed(renewal)
    if lapsed:
        release_add(parent=old, amount=old.amount, news=news)
        tell_ended(news)
    hold_mail(hold=old, gone=lapsed, why=renewal.message, now=news.now)


def _had_lapsed(renewal: PaymentTransaction) -> bool:
    status: str = renewal.parent_before.get("status", "")
    return status == "REVERSED"
