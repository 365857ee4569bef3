"""What the database itself refuses."""

from collections.abc import Callable

import pytest
from django.db import Error, transaction

from oropay.models import (
    MOVES,
    Action,
    FailureReason,
    Payment,
    PaymentTransaction,
    TransactionState,
)

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]


ILLEGAL = [
    (old, new)
    for old in TransactionState
    for new in TransactionState
    if old not in {new, TransactionState.AWAITING_APPROVAL} and new not in MOVES[old]
]
"""Nothing leads back to awaiting approval, so its own moves are tested where rows are born in it."""


def test_the_database_refuses_every_other_move(start: Start) -> None:
    row = start().transactions.get()
    mine = PaymentTransaction.objects.filter(pk=row.pk)
    accepted = []

    for old, new in ILLEGAL:
        with transaction.atomic():
            for step in path_to(old):
                mine.update(state=step, failure_reason=reason_of(step))
            try:
                with transaction.atomic():
                    mine.update(state=new, failure_reason=reason_of(new))
            except Error:
                pass
            else:
                accepted.append((old, new))
            transaction.set_rollback(True)

    assert len(ILLEGAL) == 92
    assert accepted == []


def reason_of(state: TransactionState) -> str:
    return FailureReason.REFUSED if state == TransactionState.FAILED else ""


def path_to(goal: TransactionState) -> list[TransactionState]:
    """Legal steps from queued to a state."""
    paths: list[list[TransactionState]] = [[TransactionState.QUEUED]]
    seen = {TransactionState.QUEUED}
    while paths:
        path = paths.pop(0)
        if path[-1] == goal:
            return path[1:]
        for onward in sorted(MOVES[path[-1]] - seen):
            seen.add(onward)
            paths.append([*path, onward])
    return []


def test_a_final_row_never_changes_but_for_its_settlement(start: Start, run: Run) -> None:
    row = run(start())

    with pytest.raises(Error), transaction.atomic():
        PaymentTransaction.objects.filter(pk=row.pk).update(gateway_id="TRN_forged")
    PaymentTransaction.objects.filter(pk=row.pk).update(deposit_id="DEP_1")
    with pytest.raises(Error), transaction.atomic():
        PaymentTransaction.objects.filter(pk=row.pk).update(deposit_id="DEP_2")

    row.refresh_from_db()
    assert row.deposit_id == "DEP_1"


@pytest.mark.parametrize(
    ("action", "state", "late", "fine"),
    [
        (Action.CHARGE, TransactionState.APPROVED, False, False),
        (Action.REFUND, TransactionState.APPROVED, False, False),
        (Action.CHARGE, TransactionState.PENDING, False, False),
        (Action.CHARGE, TransactionState.DECLINED, True, False),
        (Action.CHARGE, TransactionState.APPROVED, True, True),
        (Action.CHARGE, TransactionState.PENDING, True, True),
        (Action.RETURN, TransactionState.APPROVED, False, True),
        (Action.OFFLINE_RECEIPT, TransactionState.PENDING, False, True),
        (Action.REFUND, TransactionState.AWAITING_APPROVAL, False, True),
    ],
)
def test_only_facts_from_outside_are_born_done(
    start: Start, action: Action, state: TransactionState, late: bool, fine: bool
) -> None:
    payment = start()

    try:
        with transaction.atomic():
            PaymentTransaction.objects.create(
                payment=payment,
                action=action,
                state=state,
                late=late,
                amount=5,
                currency="USD",
                reference="oro-born-done",
                created_at=payment.created_at,
            )
    except Error:
        assert not fine
    else:
        assert fine
