"""Two persons agreed what became of an unknown transaction: written down as any other news, by the same code."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.models import User
from commerce.money import format_money
from oropay.engine.evidence import TYPE_AT_GATEWAY
from oropay.engine.follow import Recording
from oropay.engine.follow.checks import card_check
from oropay.engine.follow.watched import is_watchable, watch_begin
from oropay.engine.judge import Move
from oropay.engine.record import outcome_write, recording_lock
from oropay.gateway.port import Answer, Verdict
from oropay.models import (
    Action,
    AlertKind,
    Approval,
    FailureReason,
    Method,
    PaymentTransaction,
    TransactionState,
)
from oropay.services.verdict import verdict_asked
from plumbing.services import note_add

S = TransactionState
SETTLES_LATER = frozenset({Action.CHARGE, Action.CREDIT})
"""By bank: taken means accepted; whether it is sure is read from the gateway as ever."""


class VerdictApproval:
    """Registered on `oropay.ports.approval_handlers`."""

    permission = "oropay.decide_unknown"

    def lock(self, *, approval: Approval) -> Recording:
        taken, row = bool(approval.asked["taken"]), _row_of(approval)
        answer = Answer(
            verdict=Verdict.APPROVED if taken else Verdict.FAILED,
            type=TYPE_AT_GATEWAY.get(Action(row.action), ""),
            gateway_id=str(approval.asked["gateway_id"]),
            error_text=approval.note,
        )
        return recording_lock(transaction_id=row.pk, answer=answer, now=timezone.now())

    def asked_now(self, subject: Recording, *, approval: Approval) -> Mapping[str, Any]:
        return verdict_asked(
            row=subject.row, taken=approval.asked["taken"], gateway_id=str(approval.asked["gateway_id"])
        )

    def agree(self, subject: Recording, *, approval: Approval, by: User, now: datetime) -> None:
        row, taken = subject.row, bool(approval.asked["taken"])
        outcome_write(news=subject, move=_move(row=row, taken=taken))
        if taken:
            card_check(subject)
        if not taken and is_watchable(row):
            watch_begin(row=row, now=now)
        words = (
            _("Decided by two persons, taken: {evidence}")
            if taken
            else _("Decided by two persons, not taken: {evidence}")
        )
        note_add(on=subject.payment, text=words.format(evidence=approval.note), by=by, now=now)

    def end(self, subject: Recording, *, approval: Approval, now: datetime) -> None:
        """It stays unknown and is looked up on."""

    def sentence(self, *, approval: Approval) -> str:
        row = _row_of(approval)
        what = f"{row.get_action_display()} {format_money(row.amount, row.currency)}"
        if approval.asked["taken"]:
            return _("{what} is booked as done, under {id} at the gateway. It cannot be taken back here.").format(
                what=what, id=approval.asked["gateway_id"] or "–"
            )
        if is_watchable(row):
            words = _("{what} is written down as not done; nothing is booked. It is watched for 90 days.")
        else:
            words = _(
                "{what} is written down as not done; nothing is booked. What it was for is asked about as before."
            )
        return words.format(what=what)

    def details(self, *, approval: Approval) -> Sequence[tuple[str, str]]:
        """The sentence says it all; the evidence is the approval's note and file."""
        return []


def _move(*, row: PaymentTransaction, taken: bool) -> Move:
    if not taken:
        return Move(S.FAILED, FailureReason.NOT_TAKEN)
    pending = row.payment.method == Method.BANK and row.action in SETTLES_LATER
    return Move(S.PENDING if pending else S.APPROVED, alert=AlertKind.DECIDED)


def _row_of(approval: Approval) -> PaymentTransaction:
    if approval.transaction is None:
        raise ValueError(f"approval {approval.pk} is about no transaction")
    return approval.transaction
