"""What the gateway shows beside what is with us. Pure: rows and an answer in, a judgement out, no I/O.

A difference that the gateway's own answer explains (somebody reversed, captured or refunded there) names the facts that
would make the two agree; any other is for people.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from commerce.money import format_money
from oropay.gateway.port import Answer, Verdict
from oropay.models import GIVEN, HOLDS, RUNNING, Action, DriftKind, Method, PaymentTransaction, TransactionState
from oropay.services.followup.disputed import taken_off

S = TransactionState
ZERO = Decimal(0)

TAKEN = frozenset({"CAPTURED", "BATCHED", "FUNDED"})
"""Statuses of a hold that was captured."""
NO_MONEY = frozenset({Verdict.DECLINED, Verdict.CANCELED, Verdict.FAILED, Verdict.RETURNED, Verdict.NOT_FOUND})


@dataclass(frozen=True)
class Fact:
    """Something that happened at the gateway and is not with us."""

    action: Action
    parent: PaymentTransaction
    amount: Decimal


@dataclass(frozen=True)
class Difference:
    """One way in which the gateway and we disagree about a transaction, in words for finance."""

    kind: DriftKind
    text: str
    facts: tuple[Fact, ...] = ()
    """What explains it; empty when only people can tell."""


def difference_of(
    *, row: PaymentTransaction, family: Sequence[PaymentTransaction], answer: Answer
) -> Difference | None:
    """How the gateway's picture of a final transaction of ours differs from ours; None when they agree.

    `family` are all transactions of its payment. While a follow-up of ours is under way nothing is judged: callers ask
    again later.
    """
    if row.state != S.APPROVED:
        wrong = answer.verdict not in NO_MONEY and answer.verdict != Verdict.UNKNOWN
        return _states(row, answer) if wrong else None
    if row.action in GIVEN:
        return _refund(row, answer)
    if row.action in HOLDS:
        return _hold(row, family, answer)
    if row.action == Action.CHARGE:
        return _charge(row, family, answer)
    return None


def refund_of(*, parent: PaymentTransaction, family: Sequence[PaymentTransaction], answer: Answer) -> Difference | None:
    """A refund at the gateway that nothing of ours asked for, of a charge or capture of ours; None if it gave nothing.

    `parent` owns the id at the gateway that was refunded: a charge, or the hold whose capture was.
    """
    if answer.verdict != Verdict.APPROVED or answer.amount is None or answer.amount.amount <= 0:
        return None
    if any(row.action == Action.REFUND and row.gateway_id == answer.gateway_id for row in family):
        return None
    text = _("Refunded {amount} at the gateway, not here.").format(
        amount=format_money(answer.amount.amount, answer.amount.currency.code)
    )
    taken = [parent] if parent.action == Action.CHARGE else _children(parent, family, Action.CAPTURE)
    if not taken or answer.amount.currency.code != parent.currency:
        return Difference(DriftKind.STATE_DIFFERS, text)
    charge = max(taken, key=lambda row: (left_of(row, family) >= answer.amount.amount, -row.pk))  # type: ignore[union-attr]
    return Difference(DriftKind.DONE_OUTSIDE, text, (Fact(Action.REFUND, parent=charge, amount=answer.amount.amount),))


def is_moving(*, row: PaymentTransaction, family: Sequence[PaymentTransaction]) -> bool:
    """Whether a follow-up of ours on it, or on a capture of it, has no outcome yet: it may explain any difference."""
    ids = {row.pk, *(child.pk for child in family if child.parent_id == row.pk)}
    return any(other.parent_id in ids and other.state in RUNNING for other in family)


def _charge(row: PaymentTransaction, family: Sequence[PaymentTransaction], answer: Answer) -> Difference | None:
    voided = bool(_children(row, family, Action.CANCEL))
    returned = bool(_children(row, family, Action.RETURN))
    if answer.verdict in {Verdict.APPROVED, Verdict.PENDING}:
        if voided or returned:
            return _states(row, answer, _("voided") if voided else _("returned"))
        return _amount(row, answer, row.amount)
    if answer.verdict == Verdict.CANCELED and (voided or returned):
        return None
    if answer.verdict in NO_MONEY and returned:
        return None
    if answer.verdict == Verdict.CANCELED and row.payment.method == Method.CARD:
        return _reversed(row, answer, [row], family)
    return _states(row, answer)


def _hold(row: PaymentTransaction, family: Sequence[PaymentTransaction], answer: Answer) -> Difference | None:
    if _children(row, family, Action.REAUTHORIZE):
        return _renewed(row, family, answer)
    captures = _children(row, family, Action.CAPTURE)
    taken = sum((capture.amount for capture in captures), ZERO)
    live = [capture for capture in captures if not _children(capture, family, Action.CANCEL)]
    gone = bool(_children(row, family, Action.CANCEL)) and not captures
    if answer.status == "PREAUTHORIZED":
        if captures or gone:
            return _states(row, answer, _("released") if gone else _("captured"))
        return _amount(row, answer, row.amount)
    if answer.status in TAKEN:
        if gone:
            return _states(row, answer, _("released"))
        if captures and not live:
            return _states(row, answer, _("voided"))
        return _captured(row, answer, taken)
    if answer.verdict == Verdict.CANCELED:
        released = gone or (not captures and bool(_children(row, family, Action.RELEASE)))
        if released or (captures and not live):
            return None
        return _reversed(row, answer, live or [row], family)
    return _states(row, answer)


def _renewed(row: PaymentTransaction, family: Sequence[PaymentTransaction], answer: Answer) -> Difference | None:
    """Another hold stands in its place. Taken all the same it is for people: the money may be taken twice, of both."""
    if answer.status in TAKEN:
        text = _(
            "Renewed with us, {theirs} at the gateway. Do not capture the newer hold too: the customer would pay twice."
        ).format(theirs=answer.status)
        return Difference(DriftKind.STATE_DIFFERS, text)
    if answer.status == "PREAUTHORIZED" and _children(row, family, Action.CANCEL):
        return _states(row, answer, _("released"))
    return None  # let go, or known to be held still


def _captured(row: PaymentTransaction, answer: Answer, taken: Decimal) -> Difference | None:
    """A captured hold shows all that was captured of it."""
    if answer.amount is None or (answer.amount.amount, answer.amount.currency.code) == (taken, row.currency):
        return None
    more = answer.amount.amount - taken
    if more < 0 or answer.amount.currency.code != row.currency:
        return _amount(row, answer, taken)
    text = _("Captured {amount} at the gateway, not here.").format(amount=format_money(more, row.currency))
    return Difference(DriftKind.DONE_OUTSIDE, text, (Fact(Action.CAPTURE, parent=row, amount=more),))


def _reversed(
    row: PaymentTransaction,
    answer: Answer,
    standing: Sequence[PaymentTransaction],
    family: Sequence[PaymentTransaction],
) -> Difference:
    """The gateway undid all of it. What was refunded before cannot be undone too: then people must look."""
    if any(_refunds(one, family) for one in standing):
        return _states(row, answer, _("refunded"))
    text = (
        _("Reversed at the gateway, or lapsed: nothing is held any more.")
        if row.action in HOLDS and standing[0] is row
        else _("Reversed at the gateway, not here: nothing is taken any more.")
    )
    facts = tuple(Fact(Action.CANCEL, parent=one, amount=one.amount) for one in standing)
    return Difference(DriftKind.DONE_OUTSIDE, text, facts)


def _refund(row: PaymentTransaction, answer: Answer) -> Difference | None:
    if answer.verdict in {Verdict.APPROVED, Verdict.PENDING}:
        return _amount(row, answer, row.amount)
    return _states(row, answer)


def _amount(row: PaymentTransaction, answer: Answer, ours: Decimal) -> Difference | None:
    if answer.amount is None or (answer.amount.amount, answer.amount.currency.code) == (ours, row.currency):
        return None
    text = _("{ours} with us, {theirs} at the gateway.").format(
        ours=format_money(ours, row.currency),
        theirs=format_money(answer.amount.amount, answer.amount.currency.code),
    )
    return Difference(DriftKind.AMOUNT_DIFFERS, text)


def _states(row: PaymentTransaction, answer: Answer, ours: str = "") -> Difference:
    text = _("{ours} with us, {theirs} at the gateway.").format(
        ours=ours or row.get_state_display(), theirs=answer.status or answer.verdict
    )
    return Difference(DriftKind.STATE_DIFFERS, text)


def _children(
    parent: PaymentTransaction, family: Sequence[PaymentTransaction], action: Action
) -> list[PaymentTransaction]:
    return [row for row in family if row.parent_id == parent.pk and row.action == action and row.state == S.APPROVED]


def _refunds(charge: PaymentTransaction, family: Sequence[PaymentTransaction]) -> list[PaymentTransaction]:
    """Its approved refunds, also those that turned up late."""
    given = taken_off(transaction=charge, family=family)
    return [row for row in given if row.action == Action.REFUND and row.state == S.APPROVED]


def left_of(charge: PaymentTransaction, family: Sequence[PaymentTransaction]) -> Decimal:
    """What of a charge or capture has not been given back."""
    given: Decimal = sum((row.amount for row in _refunds(charge, family)), ZERO)
    left: Decimal = charge.amount - given
    return left
