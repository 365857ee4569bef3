"""What somebody did at the gateway itself becomes a row of ours, with everything that follows from it.

Facts are never refused: the money has moved, so the books, the payables and their owners hear of it as of any other
capture, reversal or refund. The row says that it was done outside.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.db.transaction import atomic

from oropay.engine.difference import Difference, Fact, is_moving, left_of
from oropay.engine.follow import Recording, follow
from oropay.engine.judge import Move
from oropay.engine.record import exchange_add, payment_refresh, recording_lock
from oropay.gateway.port import Answer
from oropay.models import (
    Action,
    AlertKind,
    PaymentTransaction,
    RefundLine,
    RefundReason,
    RefundSource,
    TransactionState,
)
from oropay.services.alert import alert_raise
from oropay.services.followup import RefundLineAsked, refund_lines_suggested
from oropay.services.start import reference_new

Judge = Callable[[PaymentTransaction, Sequence[PaymentTransaction]], Difference | None]


@atomic(durable=True)
def outside_record(*, owner: PaymentTransaction, answer: Answer, judge: Judge, now: datetime) -> Difference | None:
    """Judge once more under the lock of the payment, and record what explains the difference.

    None when somebody else was faster, or a follow-up of ours has begun: then there is nothing to record, or not yet.
    """
    news = recording_lock(transaction_id=owner.pk, answer=answer, now=now)
    if is_moving(row=news.row, family=news.family):
        return None
    found = judge(news.row, news.family)
    if found is None:
        return None
    for fact in found.facts:
        _record(news=news, fact=fact, text=found.text)
    if found.facts:
        exchange_add(news=news, kind="look")
        payment_refresh(news=news)
    return found


def _record(*, news: Recording, fact: Fact, text: str) -> None:
    answer = news.answer
    refund = fact.action == Action.REFUND
    row = PaymentTransaction.objects.create(
        payment=news.payment,
        parent=fact.parent,
        action=fact.action,
        amount=fact.amount,
        currency=fact.parent.currency,
        state=TransactionState.APPROVED,
        outside=True,
        reference=reference_new(),
        gateway_id=answer.gateway_id if refund else "",
        gateway_reference=answer.reference if refund else "",
        gateway_status=answer.status,
        batch_id=answer.batch_id,
        reason=RefundReason.OTHER if refund else "",
        created_at=news.now,
        ended_at=news.now,
    )
    if refund:
        _lines_add(refund=row, charge=fact.parent, left=left_of(fact.parent, news.family))
    news.family.append(row)
    follow(news=replace(news, row=row), move=Move(TransactionState.APPROVED))
    alert_raise(row=row, kind=AlertKind.DONE_OUTSIDE, text=text, now=news.now)


def _lines_add(*, refund: PaymentTransaction, charge: PaymentTransaction, left: Decimal) -> None:
    """What it is taken from: what the charge paid, pro rata; what is more than that, the customer owes."""
    within = max(Decimal(0), min(refund.amount, left))
    lines = refund_lines_suggested(charge=charge, amount=within) if within else []
    if refund.amount > within:
        lines.append(RefundLineAsked(source=RefundSource.CREDIT, amount=refund.amount - within))
    RefundLine.objects.bulk_create(
        RefundLine(refund=refund, source=line.source, payable_id=line.payable_id, amount=line.amount) for line in lines
    )
