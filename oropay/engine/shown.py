"""What the gateway shows of one transaction, taken in by whatever code owns that news: look-up, re-read, late arrival.

Whoever points us to a transaction (a notification, the nightly comparison) ends up here with a fresh answer of the
gateway in hand. What the pointer itself claimed counts for nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Q
from django.utils.translation import gettext as _

from oropay.engine.evidence import SILENT, same_transaction
from oropay.engine.late import turned_up
from oropay.engine.unknown import difference, look, reread_record
from oropay.gateway.port import Answer
from oropay.models import (
    REREAD,
    RUNNING,
    Action,
    AlertKind,
    FailureReason,
    PaymentTransaction,
    ProviderAccount,
    TransactionState,
)
from oropay.services.alert import alert_raise

S = TransactionState

WITHOUT_ID = frozenset({Action.CAPTURE, Action.CANCEL, Action.RELEASE})
"""These live at the gateway under the id of what they act on."""
TURNS_UP = frozenset({FailureReason.NEVER_ARRIVED, FailureReason.NOT_SENT})
"""Failures that say that the gateway never saw it."""


class Result(StrEnum):
    """What came of looking."""

    AGREES = "agrees"
    """It is with us as the gateway shows it."""
    RECORDED = "recorded"
    """It was news, and is written down now."""
    LATER = "later"
    """An action of our own on it is still running, or the gateway is silent: look again."""
    UNKNOWN_TO_US = "unknown_to_us"
    """Nothing of ours has this name."""
    FOREIGN = "foreign"
    """It belongs to another account of ours, which hears of it by its own way."""


@dataclass(frozen=True)
class Seen:
    """What came of looking, in words for the person who reads it later."""

    result: Result
    text: str
    row: PaymentTransaction | None = None


def taken_in(*, account: ProviderAccount, answer: Answer, now: datetime) -> Seen:
    """Compare a fresh answer about one transaction with what we know, and record what is new.

    Safe to repeat, in any order and by many at once: every change is made by code that locks and looks again.
    """
    if answer.verdict in SILENT and not answer.status:
        return Seen(Result.LATER, _("The gateway did not answer."))
    row = _ours(account=account, answer=answer)
    if row is None:
        return _stranger(answer=answer)
    state = S(row.state)
    if state == S.UNKNOWN:
        look(transaction_id=row.pk, now=now)
        return _moved(row=row, before=state)
    if state in REREAD:
        reread_record(row=row, answer=answer, now=now)
        return _moved(row=row, before=state)
    if state in RUNNING or not row.is_final:
        return Seen(Result.LATER, _("An action of ours on it has not ended."), row)
    if row.failure_reason in TURNS_UP:
        return _late(lost=row, answer=answer, now=now)
    return _follow_ups(row=row, now=now)


def _ours(*, account: ProviderAccount, answer: Answer) -> PaymentTransaction | None:
    """Our row of it: by the gateway's id first, else by our own reference."""
    mine = (
        PaymentTransaction.objects.filter(payment__provider_account=account)
        .exclude(action__in=WITHOUT_ID)
        .select_related("payment__provider_account", "parent")
        .order_by("pk")
    )
    found = mine.filter(gateway_id=answer.gateway_id).first()
    return found or (mine.filter(reference=answer.reference).first() if answer.reference else None)


def _stranger(*, answer: Answer) -> Seen:
    named = Q(gateway_id=answer.gateway_id) | (Q(reference=answer.reference) if answer.reference else Q(pk=None))
    if PaymentTransaction.objects.filter(named).exists():
        return Seen(Result.FOREIGN, _("It belongs to another account."))
    return Seen(
        Result.UNKNOWN_TO_US,
        _("The gateway has {type} {amount} ({status}) under this name; nothing of ours has it.").format(
            type=answer.type or "?", amount=answer.amount or "?", status=answer.status
        ),
    )


def _moved(*, row: PaymentTransaction, before: TransactionState) -> Seen:
    now_at = PaymentTransaction.objects.get(pk=row.pk)
    if now_at.state == before:
        waiting = before == S.UNKNOWN
        return Seen(Result.LATER if waiting else Result.AGREES, _("It stays {state}.").format(state=_word(now_at)), row)
    return Seen(Result.RECORDED, _("It is {state} now.").format(state=_word(now_at)), now_at)


def _late(*, lost: PaymentTransaction, answer: Answer, now: datetime) -> Seen:
    if not same_transaction(row=lost, answer=answer):
        alert_raise(row=lost, kind=AlertKind.IDENTITY_MISMATCH, text=difference(lost, answer), now=now)
        return Seen(Result.AGREES, _("It carries our name and is not what we sent; a person was told."), lost)
    late = turned_up(lost=lost, answer=answer, now=now)
    if late is None:
        return Seen(Result.AGREES, _("It turned up, and no money comes of it."), lost)
    return Seen(
        Result.RECORDED, _("It was thought never to have arrived; it is {state}.").format(state=_word(late)), late
    )


def _follow_ups(*, row: PaymentTransaction, now: datetime) -> Seen:
    """A capture or reversal of it whose answer was lost is judged by what it shows."""
    lost = list(PaymentTransaction.objects.filter(parent=row, state=S.UNKNOWN, action__in=WITHOUT_ID))
    for child in lost:
        look(transaction_id=child.pk, now=now)
    if PaymentTransaction.objects.filter(pk__in=[child.pk for child in lost]).exclude(state=S.UNKNOWN).exists():
        return Seen(Result.RECORDED, _("What we had asked for and not heard of is known now."), row)
    if PaymentTransaction.objects.filter(parent=row, state__in=RUNNING).exists():
        return Seen(Result.LATER, _("An action of ours on it has not ended."), row)
    return Seen(Result.AGREES, _("It is with us as the gateway shows it."), row)


def _word(row: PaymentTransaction) -> str:
    return str(row.get_state_display())
