"""What an answer may do to a row: never a move that the database would refuse."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from oropay.engine.judge import judge
from oropay.engine.parents import parent_verdict
from oropay.gateway.port import Answer, Verdict
from oropay.models import MOVES, Action, PaymentTransaction, TransactionState

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
S = TransactionState


def row(state: TransactionState, action: Action = Action.CHARGE, before: str = "") -> PaymentTransaction:
    return PaymentTransaction(
        pk=1,
        action=action,
        amount=Decimal(100),
        currency="USD",
        state=state,
        reference="oro-12345678",
        gateway_id="TRN_1",
        parent_before={"status": before} if before else {},
    )


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("state", [state for state in S if MOVES[state]])
@pytest.mark.parametrize("last_try", [False, True])
def test_no_answer_asks_for_an_illegal_move(state: TransactionState, verdict: Verdict, last_try: bool) -> None:
    move = judge(row=row(state), answer=Answer(verdict=verdict), now=NOON, last_try=last_try)

    assert move is None or move.state == state or move.state in MOVES[state]


@pytest.mark.parametrize(
    ("action", "before", "status", "expected"),
    [
        (Action.CANCEL, "CAPTURED", "REVERSED", Verdict.APPROVED),
        (Action.CANCEL, "CAPTURED", "CAPTURED", Verdict.FAILED),
        (Action.CANCEL, "CAPTURED", "FUNDED", Verdict.FAILED),
        (Action.CANCEL, "", "CAPTURED", Verdict.FAILED),
        (Action.CANCEL, "PREAUTHORIZED", "CAPTURED", None),
        (Action.CAPTURE, "PREAUTHORIZED", "CAPTURED", Verdict.APPROVED),
        (Action.CAPTURE, "PREAUTHORIZED", "BATCHED", Verdict.APPROVED),
        (Action.CAPTURE, "PREAUTHORIZED", "FUNDED", Verdict.APPROVED),
        (Action.CAPTURE, "PREAUTHORIZED", "PREAUTHORIZED", Verdict.FAILED),
        (Action.CAPTURE, "", "PREAUTHORIZED", Verdict.FAILED),
    ],
)
def test_the_parent_judges_an_unknown_capture_or_cancel(
    action: Action, before: str, status: str, expected: Verdict | None
) -> None:
    seen = Answer(verdict=Verdict.APPROVED, status=status)

    assert parent_verdict(row=row(S.UNKNOWN, action, before), seen=seen) == expected
