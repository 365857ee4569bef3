"""What was proven absent and turns up at the gateway after all: money is never refused, and never kept unasked.

Source: ADR 3.
"""

from dataclasses import replace
from datetime import datetime

from django.db.transaction import atomic
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oropay import locks
from oropay.engine.follow import Recording, follow
from oropay.engine.follow.checks import card_check
from oropay.engine.follow.unwanted import reversals_of
from oropay.engine.judge import Move
from oropay.engine.ladder import next_reread
from oropay.engine.looking import difference_reversed
from oropay.engine.record import exchange_add, payment_refresh, recording_lock
from oropay.gateway.port import Answer, Verdict
from oropay.models import (
    GIVEN,
    Action,
    AlertKind,
    PayableKind,
    PaymentPayable,
    PaymentTransaction,
    RefundLine,
    Ruling,
    TransactionState,
    Watch,
)
from oropay.services.alert import alert_over, alert_raise
from oropay.services.followup import reversal_queue
from oropay.services.start import reference_new

BORN_LATE = {Verdict.APPROVED: TransactionState.APPROVED, Verdict.PENDING: TransactionState.PENDING}
"""What the gateway says of it → the state the new row is born in."""
NOTHING_CAME = frozenset({Verdict.DECLINED, Verdict.CANCELED, Verdict.FAILED})
"""It is at the gateway, and no money will ever come of it."""
UNBOOKED = {
    Verdict.REVIEW: gettext_lazy(
        "It was thought never to have arrived, came after all and is in review at the gateway ({status}). Release or "
        "cancel it there; what it comes to is written down by itself."
    ),
    Verdict.UNKNOWN: gettext_lazy(
        "It was thought never to have arrived and came after all, and what the gateway shows ({status}) decides "
        "nothing. Ask the gateway whether money moved."
    ),
    Verdict.RETURNED: gettext_lazy(
        "It was thought never to have arrived, was paid after all and went back to the bank ({status}). Neither is "
        "booked; compare it with the bank's statement."
    ),
}
"""Money may move, or has moved, and no row of ours may be born as that: a person is told."""


def turned_up(*, lost: PaymentTransaction, answer: Answer, now: datetime) -> PaymentTransaction | None:
    """Take in that a failed transaction is at the gateway after all, whoever noticed; identity is proven already.

    Returns the late row if there is one now. Without one, what may still become money is told to a person and watched.
    """
    if answer.verdict in BORN_LATE:
        return late_record(transaction_id=lost.pk, answer=answer, now=now)
    if (text := unbooked(answer)) is not None:
        alert_raise(row=lost, kind=AlertKind.ARRIVED_LATE, text=text, now=now)
    if answer.verdict in NOTHING_CAME:
        alert_over(row=lost, kind=AlertKind.ARRIVED_LATE, remark=_("No money came of it."), now=now)
    if answer.verdict in NOTHING_CAME or answer.verdict == Verdict.RETURNED:
        Watch.objects.filter(pk=lost.pk).update(next_at=None)
    return None


def unbooked(answer: Answer) -> str | None:
    """What people are told of something that turned up and cannot be written down as a row; None when nothing is."""
    if answer.verdict not in UNBOOKED or not answer.status:
        return None
    return str(UNBOOKED[answer.verdict]).format(status=answer.status)


@atomic(durable=True)
def another_amount_reverse(*, lost: PaymentTransaction, answer: Answer, now: datetime) -> None:
    """Give back what is at the gateway under our name after all, but for another amount than asked; once.

    No row may say that it was taken as asked. Its reversal by reference and the alert are what there is of it.
    """
    payment = locks.payment(pk=lost.payment_id)
    family = locks.transactions_of(payment_id=payment.pk)
    if reversals_of(lost, family):
        return
    lost.payment = payment
    alert_raise(row=lost, kind=AlertKind.AMOUNT_DIFFERS, text=difference_reversed(lost, answer), now=now)
    reversal_queue(lost=lost, now=now)


@atomic(durable=True)
def late_record(*, transaction_id: int, answer: Answer, now: datetime) -> PaymentTransaction | None:
    """Record money that came after we had told everybody that none would: a new row beside the one that failed.

    If what it was for still waits for it, it pays that; otherwise its reversal is queued. A person is told either way.
    Returns None when it is recorded already.
    """
    news = recording_lock(transaction_id=transaction_id, answer=answer, now=now)
    lost = news.row
    if any(row.parent_id == lost.pk and row.late for row in news.family):
        return None
    wanted = _still_wanted(news)
    state = BORN_LATE[answer.verdict]
    row = PaymentTransaction.objects.create(
        payment=news.payment,
        parent=lost,
        action=lost.action,
        amount=lost.amount,
        currency=lost.currency,
        state=state,
        late=True,
        reference=reference_new(),
        gateway_reference=lost.reference,
        gateway_id=answer.gateway_id,
        gateway_status=answer.status,
        result_code=answer.result_code[:20],
        message=answer.message[:250],
        auth_code=answer.auth_code[:20],
        batch_id=answer.batch_id,
        capture_mode=lost.capture_mode,
        created_at=now,
        ended_at=now if state == TransactionState.APPROVED else None,
        next_at=now + next_reread(state) if state == TransactionState.PENDING else None,
    )
    RefundLine.objects.bulk_create(
        RefundLine(refund=row, source=line.source, payable_id=line.payable_id, amount=line.amount)
        for line in RefundLine.objects.filter(refund=lost).order_by("pk")
    )
    news.family.append(row)
    news = replace(news, row=row)
    exchange_add(news=news, kind="look")
    text, unwanted = _judged(news=news, wanted=wanted)
    if unwanted:  # before anybody hears of it, so that they hear that it does not stay
        news.family.append(reversal_queue(lost=row, now=now))
    follow(news=news, move=Move(state))
    alert_raise(row=row, kind=AlertKind.ARRIVED_LATE, text=text, now=now)
    alert_over(row=lost, kind=AlertKind.ARRIVED_LATE, remark=_("It is written down beside it now."), now=now)
    payment_refresh(news=news)
    Watch.objects.filter(pk=lost.pk).update(next_at=None)
    return row


def _judged(*, news: Recording, wanted: bool) -> tuple[str, bool]:
    """What people are told of a late row, and whether it goes back."""
    if news.row.action in GIVEN:
        told = _(
            "It was thought not to have been done and came after all: the money went to the customer. If it was given "
            "another way meanwhile, the customer has it twice."
        )
        return told, False
    if not wanted:
        told = _("It was thought never to have arrived and came after all. Nobody waits for it: it is given back.")
        return told, True
    if card_check(news) == Ruling.REFUSED:
        told = _(
            "It was thought never to have arrived and came after all, but its address or security code is not what "
            "your rules ask for: it is given back."
        )
        return told, True
    return _("It was thought never to have arrived, came after all and stands for what it was meant for."), False


def _still_wanted(news: Recording) -> bool:
    """Whether everything this payment was for is still unpaid and nobody else is paying it now.

    A renewal is not: the old hold stood, or was given up.
    """
    if news.row.action == Action.REAUTHORIZE:
        return False
    if PaymentPayable.objects.filter(payable__in=news.payables, live=True).exclude(payment=news.payment).exists():
        return False
    parts = dict(PaymentPayable.objects.filter(payment=news.payment).values_list("payable_id", "amount"))
    return all(
        payable.kind == PayableKind.ACCOUNT or payable.payable_now >= parts[payable.pk] for payable in news.payables
    )
