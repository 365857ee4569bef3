"""What the gateway shows of one transaction, taken in by whatever code owns that news: look-up, re-read, late arrival.

Whoever points us to a transaction (a notification, the nightly comparison) ends up here with a fresh answer of the
gateway in hand. What the pointer itself claimed counts for nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oropay.engine.difference import NO_MONEY, Difference, difference_of, is_moving, refund_of
from oropay.engine.evidence import SILENT, for_another_amount, same_transaction
from oropay.engine.late import NOTHING_CAME, another_amount_reverse, turned_up, unbooked
from oropay.engine.looking import difference
from oropay.engine.outside import Judge, outside_record
from oropay.engine.record import TELLING, record
from oropay.engine.unknown import TOOK, look, reread_record
from oropay.gateway.port import Answer, Verdict
from oropay.models import (
    HOLDS,
    REREAD,
    RUNNING,
    SALES,
    Action,
    AlertKind,
    DriftKind,
    FailureReason,
    Method,
    PaymentTransaction,
    ProviderAccount,
    TransactionState,
)
from oropay.services.alert import alert_raise
from oropay.services.guard import answer_count

S = TransactionState

AS_SHOWN = gettext_lazy("It is with us as the gateway shows it.")
WENT_BACK = frozenset({Verdict.RETURNED, Verdict.CANCELED, Verdict.FAILED})
"""What an answer proves of a bank debit that had settled and did not stay."""
WITHOUT_ID = frozenset({Action.CAPTURE, Action.CANCEL, Action.RELEASE})
"""These live at the gateway under the id of what they act on."""
TURNS_UP = frozenset({FailureReason.NEVER_ARRIVED, FailureReason.NOT_SENT, FailureReason.NOT_TAKEN})
"""Failures that say that the gateway never saw it, or took nothing."""


class Result(StrEnum):
    """What came of looking."""

    AGREES = "agrees"
    """It is with us as the gateway shows it."""
    RECORDED = "recorded"
    """It was news, and is written down now."""
    LATER = "later"
    """An action of our own on it is still running, or the gateway is silent: look again."""
    DIFFERS = "differs"
    """It cannot be as both say; people must look."""
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
    drift: DriftKind | None = None
    """How the two books differed, if they did."""
    repaired: bool = False
    """What the gateway shows is recorded now; otherwise people must look."""


def taken_in(*, account: ProviderAccount, answer: Answer, now: datetime) -> Seen:
    """Compare a fresh answer about one transaction with what we know, and record what is new.

    Safe to repeat, in any order and by many at once: every change is made by code that locks and looks again.
    """
    if answer.verdict in SILENT and not answer.status:
        return Seen(Result.LATER, _("The gateway did not answer."))
    row = _ours(account=account, answer=answer)
    if row is None:
        return _stranger(account=account, answer=answer, now=now)
    state = S(row.state)
    if row.gateway_id and row.gateway_id != answer.gateway_id:
        return Seen(Result.DIFFERS, difference(row, answer), row, DriftKind.TWICE)
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
    if row.action in TELLING:
        answer_count(row=row, answer=answer, now=now)  # only what is read shows a card's first digits
    return _compared(owner=row, answer=answer, now=now)


def plainly_alike(*, account: ProviderAccount, answers: Sequence[Answer]) -> dict[str, PaymentTransaction]:
    """Of many answers, by gateway id, those that are with us just so: in two queries, without a lock.

    Whatever is not in it needs `taken_in`. What is under way with us is never plain, and neither is an answer without
    an id: many rows of ours have none, and it names none of them.
    """
    found = {answer.gateway_id: answer for answer in answers if answer.gateway_id}
    rows = (
        PaymentTransaction.objects.filter(payment__provider_account=account, gateway_id__in=found)
        .exclude(action__in=WITHOUT_ID)
        .select_related("payment")
    )
    ours = {row.gateway_id: row for row in rows}
    families: dict[int, list[PaymentTransaction]] = {}
    for member in PaymentTransaction.objects.filter(payment__in={row.payment_id for row in ours.values()}):
        families.setdefault(member.payment_id, []).append(member)
    return {
        gateway_id: row
        for gateway_id, row in ours.items()
        if _is_plain(row=row, family=families[row.payment_id], answer=found[gateway_id])
    }


def _is_plain(*, row: PaymentTransaction, family: Sequence[PaymentTransaction], answer: Answer) -> bool:
    if answer.verdict in SILENT and not answer.status:
        return False
    if row.state == S.PENDING:
        return answer.verdict == Verdict.PENDING and same_transaction(row=row, answer=answer)
    if not row.is_final or is_moving(row=row, family=family):
        return False
    return difference_of(row=row, family=family, answer=answer) is None


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


def _stranger(*, account: ProviderAccount, answer: Answer, now: datetime) -> Seen:
    """Nothing of ours has its name. A refund may still be of something of ours."""
    named = Q(gateway_id=answer.gateway_id) | (Q(reference=answer.reference) if answer.reference else Q(pk=None))
    if PaymentTransaction.objects.filter(named).exists():
        return Seen(Result.FOREIGN, _("It belongs to another account."))
    if answer.type == "REFUND" and answer.parent_gateway_id:
        parent = _ours(account=account, answer=Answer(verdict=answer.verdict, gateway_id=answer.parent_gateway_id))
        if parent is not None:
            return _refunded(parent=parent, answer=answer, now=now)
    if answer.verdict in NO_MONEY:
        return Seen(Result.UNKNOWN_TO_US, _("Nothing of ours has this name, and no money came of it."))
    text = _("The gateway has {type} {amount} ({status}) under this name; nothing of ours has it.").format(
        type=answer.type or "?", amount=answer.amount or "?", status=answer.status
    )
    return Seen(Result.UNKNOWN_TO_US, text, drift=DriftKind.UNKNOWN_TO_US)


def _refunded(*, parent: PaymentTransaction, answer: Answer, now: datetime) -> Seen:
    if _lost_follow_ups(row=parent, now=now) or not parent.is_final:
        return Seen(Result.LATER, _("An action of ours on it has not ended."), parent)

    captures = PaymentTransaction.objects.filter(parent=parent, action=Action.CAPTURE, state=S.APPROVED)
    if parent.action in HOLDS and not captures.exists():
        return Seen(Result.LATER, _("It gives back a capture that is not known here yet."), parent)

    def judge(row: PaymentTransaction, family: Sequence[PaymentTransaction]) -> Difference | None:
        return refund_of(parent=row, family=family, answer=answer)

    return _judged(owner=parent, answer=answer, judge=judge, now=now)


def _moved(*, row: PaymentTransaction, before: TransactionState) -> Seen:
    now_at = PaymentTransaction.objects.get(pk=row.pk)
    if now_at.state == before:
        waiting = before == S.UNKNOWN
        return Seen(Result.LATER if waiting else Result.AGREES, _("It stays {state}.").format(state=_word(now_at)), row)
    text = _("It is {state} now.").format(state=_word(now_at))
    return Seen(Result.RECORDED, text, now_at, DriftKind.MISSED, repaired=True)


def _late(*, lost: PaymentTransaction, answer: Answer, now: datetime) -> Seen:
    if lost.action in SALES and for_another_amount(row=lost, answer=answer):
        if answer.verdict in NOTHING_CAME:
            turned_up(lost=lost, answer=answer, now=now)
            return Seen(Result.AGREES, _("It turned up for another amount, and no money comes of it."), lost)
        if answer.verdict in TOOK:
            another_amount_reverse(lost=lost, answer=answer, now=now)
            return Seen(Result.DIFFERS, difference(lost, answer), lost, DriftKind.AMOUNT_DIFFERS)
    if not same_transaction(row=lost, answer=answer):
        alert_raise(row=lost, kind=AlertKind.IDENTITY_MISMATCH, text=difference(lost, answer), now=now)
        return Seen(Result.DIFFERS, difference(lost, answer), lost, DriftKind.STATE_DIFFERS)
    late = turned_up(lost=lost, answer=answer, now=now)
    if late is None and (told := unbooked(answer)) is not None:
        return Seen(Result.DIFFERS, told, lost, DriftKind.STATE_DIFFERS)
    if late is None:
        return Seen(Result.AGREES, _("It turned up, and no money comes of it."), lost)
    text = _("It was thought never to have arrived; it is {state}.").format(state=_word(late))
    return Seen(Result.RECORDED, text, late, DriftKind.MISSED, repaired=True)


def _compared(*, owner: PaymentTransaction, answer: Answer, now: datetime) -> Seen:
    if owner.payment.method == Method.BANK and owner.action == Action.CHARGE and answer.verdict in WENT_BACK:
        before = PaymentTransaction.objects.filter(parent=owner).count()
        record(transaction_id=owner.pk, answer=answer, kind="look", now=now)
        if PaymentTransaction.objects.filter(parent=owner).count() > before:
            return Seen(Result.RECORDED, _("The bank took it back."), owner, DriftKind.MISSED, repaired=True)
    if _lost_follow_ups(row=owner, now=now):
        return Seen(Result.RECORDED, _("What we had asked for and not heard of is known now."), owner)

    def judge(row: PaymentTransaction, family: Sequence[PaymentTransaction]) -> Difference | None:
        return difference_of(row=row, family=family, answer=answer)

    return _judged(owner=owner, answer=answer, judge=judge, now=now)


def _judged(*, owner: PaymentTransaction, answer: Answer, judge: Judge, now: datetime) -> Seen:
    """Judge with what is there; only a difference is worth a lock, and is judged again under it."""
    family = list(PaymentTransaction.objects.filter(payment=owner.payment_id).order_by("pk"))
    row = next(one for one in family if one.pk == owner.pk)
    if judge(row, family) is None:
        return Seen(Result.AGREES, str(AS_SHOWN), owner)
    if is_moving(row=row, family=family):
        return Seen(Result.LATER, _("An action of ours on it has not ended."), owner)
    found = outside_record(owner=owner, answer=answer, judge=judge, now=now)
    if found is None:
        return Seen(Result.LATER, _("An action of ours on it has begun."), owner)
    result = Result.RECORDED if found.facts else Result.DIFFERS
    return Seen(result, found.text, owner, found.kind, repaired=bool(found.facts))


def _lost_follow_ups(*, row: PaymentTransaction, now: datetime) -> bool:
    """Judge captures, reversals and refunds of it whose answers were lost; True when one of them is known now."""
    lost = list(
        PaymentTransaction.objects.filter(Q(parent=row) | Q(parent__parent=row), state=S.UNKNOWN).values_list(
            "pk", flat=True
        )
    )
    for pk in lost:
        look(transaction_id=pk, now=now)
    return PaymentTransaction.objects.filter(pk__in=lost).exclude(state=S.UNKNOWN).exists()


def _word(row: PaymentTransaction) -> str:
    return str(row.get_state_display())
