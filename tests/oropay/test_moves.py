"""What the database itself refuses."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import Error, transaction

from oropay.models import (
    MOVES,
    Action,
    FailureReason,
    Method,
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
            born(payment, action=action, state=state, late=late)
    except Error:
        assert not fine
    else:
        assert fine


def born(payment: Payment, **columns: Any) -> PaymentTransaction:
    """A row written past every service."""
    return PaymentTransaction.objects.create(
        payment=payment,
        currency=payment.currency,
        reference=f"oro-{uuid.uuid4().hex}",
        created_at=payment.created_at,
        **{"amount": 5, **columns},
    )


def change(row: PaymentTransaction, **columns: Any) -> None:
    PaymentTransaction.objects.filter(pk=row.pk).update(**columns)


def children(row: PaymentTransaction, *actions: Action, state: TransactionState = TransactionState.QUEUED) -> None:
    for action in actions:
        born(row.payment, parent=row, action=action, state=state)


@pytest.mark.parametrize(
    ("promise", "broken"),
    [
        ("said_once", lambda row: change(row, payment=row.payment_id + 1)),
        ("said_once", lambda row: change(row, parent=row.pk)),
        ("said_once", lambda row: change(row, action=Action.REFUND)),
        ("said_once", lambda row: change(row, amount=99)),
        ("said_once", lambda row: change(row, currency="EUR")),
        ("said_once", lambda row: change(row, reference="oro-another")),
        ("said_once", lambda row: change(row, idempotency_key=uuid.uuid4())),
        ("never_deleted", lambda row: PaymentTransaction.objects.filter(pk=row.pk)._raw_delete("default")),
        ("transaction_moves_something", lambda row: born(row.payment, action=Action.CHARGE, amount=0)),
        ("transaction_moves_something", lambda row: born(row.payment, action=Action.CREDIT, amount=-5)),
        ("transaction_moves_something", lambda row: born(row.payment, action=Action.VALIDATE, amount=-5)),
        ("one_running_follow_up_per_parent", lambda row: children(row, Action.CAPTURE, Action.CANCEL)),
        ("one_running_follow_up_per_parent", lambda row: children(row, Action.REFUND, Action.REFUND)),
        (
            "one_return_per_debit",
            lambda row: children(row, Action.RETURN, Action.RETURN, state=TransactionState.APPROVED),
        ),
        (
            "payment_by_bank_has_a_mandate",
            lambda row: Payment.objects.filter(pk=row.payment_id).update(method=Method.BANK),
        ),
    ],
)
def test_the_database_keeps_a_promise_whoever_writes(
    start: Start, promise: str, broken: Callable[[PaymentTransaction], object]
) -> None:
    row = start().transactions.get()

    with pytest.raises(Error, match=promise), transaction.atomic():
        broken(row)

    assert list(PaymentTransaction.objects.values_list("pk", "action", "amount")) == [(row.pk, row.action, row.amount)]


def test_what_ended_makes_room_for_another_follow_up_and_a_check_is_about_nothing(start: Start) -> None:
    row = start().transactions.get()

    children(row, Action.CAPTURE)
    for state in (TransactionState.SENDING, TransactionState.UNKNOWN):
        row.children.update(state=state)
        with pytest.raises(Error, match="one_running_follow_up_per_parent"), transaction.atomic():
            children(row, Action.CANCEL)
    row.children.update(state=TransactionState.APPROVED)
    children(row, Action.CANCEL)
    born(row.payment, action=Action.VALIDATE, amount=0)

    assert list(row.children.order_by("pk").values_list("action", flat=True)) == [Action.CAPTURE, Action.CANCEL]
