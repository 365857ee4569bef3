"""What nobody may send any more: money that its payer's bank took first must not be given back a second time."""

from collections.abc import Callable

from oropay.engine.follow.recording import Recording
from oropay.models import AlertKind, PaymentTransaction, TransactionState
from oropay.services.alert import alert_raise
from oropay.services.approval import approval_void

S = TransactionState
UNSENT = frozenset({S.AWAITING_APPROVAL, S.QUEUED})


def unsent_withdraw(
    *, news: Recording, charge: PaymentTransaction, why: str, while_: Callable[[], bool] = lambda: True
) -> None:
    """End the follow-ups of a charge that have not left yet, newest first, `while_` there is one too many.

    Nobody is asked to agree to them any more; whoever asked for them reads `why`.
    """
    for child in reversed(news.family):
        if child.parent_id == charge.pk and child.state in UNSENT and while_():
            waited = child.state == S.AWAITING_APPROVAL
            child.state, child.next_at, child.ended_at = S.CANCELED, None, news.now
            child.save()
            if waited:
                approval_void(transaction=child, remark=why, now=news.now)
            else:
                alert_raise(row=child, kind=AlertKind.NOT_DONE, text=why, now=news.now)
