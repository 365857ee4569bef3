"""Gateway answer → transaction state, as a table. Pure, so that a test can walk every cell."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from oropay.engine.evidence import same_transaction
from oropay.engine.proofs import state_after
from oropay.gateway.port import Answer, Verdict
from oropay.models import (
    AUTHENTICATING,
    MOVES,
    NAMED,
    Action,
    AlertKind,
    FailureReason,
    Method,
    PaymentTransaction,
    ThreeDSUnavailable,
    TransactionState,
)

S = TransactionState


@dataclass(frozen=True)
class Move:
    """What one answer means for one transaction."""

    state: TransactionState
    failure: FailureReason | None = None
    alert: AlertKind | None = None


TABLE: dict[Verdict, Move] = {
    Verdict.APPROVED: Move(S.APPROVED),
    Verdict.DECLINED: Move(S.DECLINED),
    Verdict.PENDING: Move(S.PENDING),
    Verdict.REVIEW: Move(S.REVIEW),
    Verdict.ASKED: Move(S.ACTION_REQUIRED),
    Verdict.UNAVAILABLE: Move(S.UNKNOWN),
    Verdict.CANCELED: Move(S.CANCELED),
    Verdict.FAILED: Move(S.FAILED, FailureReason.REFUSED, AlertKind.REFUSED_REQUEST),
    Verdict.NOT_FOUND: Move(S.FAILED, FailureReason.REFUSED, AlertKind.REFUSED_REQUEST),
    Verdict.RETURNED: Move(S.FAILED, FailureReason.REJECTED),
    Verdict.NOT_SENT: Move(S.QUEUED),
    Verdict.WITHHELD: Move(S.FAILED, FailureReason.FROZEN),
    Verdict.MISDIRECTED: Move(S.FAILED, FailureReason.ACCOUNT_WRONG),
    Verdict.REFUSED: Move(S.QUEUED, alert=AlertKind.GATEWAY_REFUSES_US),
    Verdict.DUPLICATE: Move(S.UNKNOWN),
    Verdict.UNKNOWN: Move(S.UNKNOWN),
}
"""What a first answer to our own request means. Look-ups pass through `judge` too, with the state as it is then."""


RULED_OUT = Move(S.FAILED, FailureReason.NOT_DONE)
"""What acts on another transaction, whose answer was lost, and which that one shows not to have been done."""

TAKEN_OVER = frozenset({S.APPROVED, S.DECLINED, S.PENDING, S.REVIEW, S.CANCELED})
"""An unknown row becomes one of these only on identity, even if the worker that sent it comes back with the answer."""

TAKING = frozenset({S.APPROVED, S.PENDING, S.REVIEW})
"""States in which money is taken, held or given, or may be: the amount must be beyond doubt."""


def judge(*, row: PaymentTransaction, answer: Answer, now: datetime, last_try: bool) -> Move | None:
    """The move an answer asks for, or None when it changes nothing.

    A final row never moves. Proof that a row was not sent only counts while it is being sent. Money approved for
    another amount than asked leaves the row unknown: until it is reversed, or, if it was given back, until people
    decide.
    """
    state = S(row.state)
    if row.is_final:
        return None
    move = TABLE[answer.verdict]
    if answer.foreign:
        return _doubt(state, AlertKind.IDENTITY_MISMATCH)
    if answer.card_gone and state == S.SENDING:
        return Move(S.FAILED, FailureReason.CARD_GONE)
    if row.action in AUTHENTICATING and (answer.authentication is not None or answer.verdict == Verdict.NOT_FOUND):
        return _authenticated(row=row, answer=answer)
    if move.state == S.QUEUED:
        if state != S.SENDING:
            return None
        return Move(S.FAILED, FailureReason.NOT_SENT, move.alert) if last_try else move
    if row.action == Action.VALIDATE and state == S.UNKNOWN and move.state == S.FAILED:
        return Move(S.FAILED, FailureReason.UNANSWERED)
    if row.action == Action.CANCEL and move.state == S.FAILED:
        return _cancel_failed(row=row, answer=answer)
    if row.action in {Action.CAPTURE, Action.REVIEW_RELEASE} and state == S.UNKNOWN and move.state == S.FAILED:
        return RULED_OUT
    if move.state == S.FAILED and answer.verdict == Verdict.FAILED and row.gateway_id and state == S.PENDING:
        return Move(S.FAILED, FailureReason.REJECTED)
    rejected = answer.status == "REJECTED" and row.action == Action.CHARGE and row.payment.method == Method.BANK
    if rejected:
        move = Move(S.FAILED, FailureReason.REJECTED)
    named = row.action in NAMED and (move.state in TAKEN_OVER or rejected)
    if state == S.UNKNOWN and named and not same_transaction(row=row, answer=answer):
        return _doubt(state, AlertKind.IDENTITY_MISMATCH)
    if move.state in TAKING and row.action in NAMED:
        if answer.amount is None:
            return Move(S.UNKNOWN) if state == S.SENDING else None
        if _other_amount(answer, row.amount, row.currency):
            return _doubt(state, AlertKind.AMOUNT_DIFFERS)
    if move.state == S.APPROVED and row.action == Action.CAPTURE and _captured_otherwise(row=row, answer=answer):
        return Move(S.APPROVED, alert=AlertKind.AMOUNT_DIFFERS)
    if move.state == S.FAILED and state == S.REVIEW and answer.status:
        return Move(S.DECLINED)
    if move.state == S.DECLINED and state == S.PENDING:
        return Move(S.FAILED, FailureReason.REJECTED)
    return move if move.state in MOVES[state] else None


def _authenticated(*, row: PaymentTransaction, answer: Answer) -> Move | None:
    """What the card holder's bank said. A question that never arrived may be asked again: no money is in it."""
    state, said = S(row.state), answer.authentication
    if said is None:
        return Move(S.FAILED, FailureReason.NEVER_ARRIVED) if state == S.UNKNOWN else TABLE[Verdict.NOT_FOUND]
    if _other_amount(answer, row.amount, row.currency):
        return _doubt(state, AlertKind.IDENTITY_MISMATCH)
    integration = row.payment.integration
    unavailable = ThreeDSUnavailable(integration.threeds_unavailable) if integration else ThreeDSUnavailable.REFUSE
    after = state_after(action=Action(row.action), proof=said.proof, unavailable=unavailable)
    if after is None:
        return Move(S.UNKNOWN) if state == S.SENDING else None
    return Move(after) if after in MOVES[state] else None


def _doubt(state: TransactionState, alert: AlertKind) -> Move:
    """Ask a person to look; a row that is being sent becomes unknown, any other stays what it is."""
    return Move(S.UNKNOWN if state == S.SENDING else state, alert=alert)


def _cancel_failed(*, row: PaymentTransaction, answer: Answer) -> Move:
    """A reversal by reference that finds nothing proves absence; a closed batch asks for a refund.

    Absent is only what never had a name at the gateway: a 404 for an id that it gave us itself proves nothing. Any
    other refusal of a reversal by reference leaves both unknown.
    """
    lost = row.parent is not None and row.parent.state == S.UNKNOWN and not row.parent.gateway_id
    if answer.verdict == Verdict.NOT_FOUND and lost:
        return Move(S.FAILED, FailureReason.NEVER_ARRIVED)
    if answer.batch_closed:
        return Move(S.FAILED, FailureReason.BATCH_CLOSED)
    if lost and row.state == S.SENDING:
        return _doubt(S.SENDING, AlertKind.REFUSED_REQUEST)
    return RULED_OUT if row.state == S.UNKNOWN and not lost else TABLE[Verdict.FAILED]


def _other_amount(answer: Answer, amount: Decimal, currency: str) -> bool:
    return answer.amount is not None and (answer.amount.amount, answer.amount.currency.code) != (amount, currency)


def _captured_otherwise(*, row: PaymentTransaction, answer: Answer) -> bool:
    """A capture is answered with all that was captured of the hold so far."""
    before = row.parent_before if row.parent_before.get("status") != "PREAUTHORIZED" else {}
    return _other_amount(answer, row.amount + Decimal(before.get("amount") or 0), row.currency)
