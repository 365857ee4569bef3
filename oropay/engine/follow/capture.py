"""Held money was taken; what a single-capture hold still holds goes back with it."""

from decimal import Decimal

from commerce.models import User
from ledger.models import EntryKind
from oropay.engine.follow.recording import Recording, expect, post
from oropay.gateway.port import Capture
from oropay.models import Action, PaymentTransaction, TransactionState
from oropay.services.followup.capture import rest_of
from oropay.services.start import reference_new

S = TransactionState


def captured(news: Recording, state: TransactionState) -> None:
    """Book what was taken, expect its deposit, and release what a last capture leaves of the hold.

    Raises:
        ValueError: a capture without a hold; rows are wrong, nothing is recorded.
    """
    if state != S.APPROVED:
        return
    hold = news.parent()
    if hold is None:
        raise ValueError(f"capture {news.row.pk} has no hold")
    post(news=news, kind=EntryKind.CAPTURED, ask="on_captured")
    expect(row=news.row, gateway_id=hold.gateway_id, amount=news.row.amount, now=news.now)
    rest = rest_of(hold=hold, family=news.family)
    single = hold.capture_mode == Capture.LATER
    if (single or news.row.capture_mode == Capture.LAST) and rest > 0:
        release_add(parent=hold, amount=rest, news=news)


def release_add(
    *, parent: PaymentTransaction, amount: Decimal, news: Recording, by: User | None = None, reason: str = ""
) -> None:
    """Write down that the rest of a hold goes back by itself."""
    release = PaymentTransaction.objects.create(
        payment=news.payment,
        parent=parent,
        action=Action.RELEASE,
        amount=amount,
        currency=parent.currency,
        state=S.APPROVED,
        reference=reference_new(),
        reason=reason,
        created_by=by,
        created_at=news.now,
        ended_at=news.now,
    )
    news.family.append(release)
