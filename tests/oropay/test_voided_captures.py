"""A void of the one capture of a hold: the gateway reverses the hold, and nothing else may happen to it meanwhile."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from commerce.models import User
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay import engine
from oropay.engine.holds import holds_expire, rest_release
from oropay.exceptions import CancelRefused, CaptureRefused, FollowUpRunning, RefundTooLarge
from oropay.models import (
    Action,
    Approval,
    ApprovalKind,
    DriftKind,
    FailureReason,
    MoneyState,
    Payable,
    Payment,
    PaymentStatus,
    PaymentTransaction,
    ProviderAccount,
    RefundLimit,
    RefundReason,
    TransactionState,
)
from oropay.ports import approval_handlers
from oropay.services import approval_agree, cancel_start, capture_start, ways_back
from reconciliation.models import Expectation
from tests.contract.sandbox import Sandbox
from tests.oropay.books import portal, steps
from tests.oropay.house import charges_at_gateway, given_back, overdue, reload

S = TransactionState
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]


def take(hold: PaymentTransaction, amount: str, clerk: User) -> PaymentTransaction:
    return capture_start(hold=hold, amount=Decimal(amount), by=clerk, now=timezone.now())


def void(capture: PaymentTransaction, clerk: User) -> PaymentTransaction:
    return cancel_start(
        transaction=capture, reason=RefundReason.GOODS, note="never left the house", by=clerk, now=timezone.now()
    )


def left(payable: Payable) -> tuple[Decimal, Decimal, Decimal]:
    shown = reload(payable)
    return shown.paid, shown.held, shown.payable_now


NOTHING = (Decimal(0), Decimal(0), Decimal(100))
"""Nothing paid, nothing held, all of it due."""


@pytest.fixture
def captured(held: PaymentTransaction, run: Run, clerk: User) -> PaymentTransaction:
    """All of a hold of 100.00."""
    return run(take(held, "100.00", clerk))


@pytest.fixture
def partly(several: PaymentTransaction, run: Run, clerk: User) -> PaymentTransaction:
    """60.00 of a hold of 100.00 that may be captured further."""
    return run(take(several, "60.00", clerk))


# -- what it does ---------------------------------------------------------------------------------------------------


def test_what_was_expected_of_a_voided_capture_is_expected_no_more(
    captured: PaymentTransaction, run: Run, clerk: User, books: Books
) -> None:
    run(void(captured, clerk))

    assert Expectation.objects.get(transaction=captured).closing is not None
    assert books(AccountName.GATEWAY_CLEARING) == 0
    assert ledger_check() == []


def test_the_rest_that_went_with_a_single_capture_is_not_let_go_twice(
    held: PaymentTransaction, run: Run, clerk: User, payable: Payable
) -> None:
    capture = run(take(held, "60.00", clerk))

    run(void(capture, clerk))

    assert steps(held.payment_id) == [
        ("authorize", "100.00", "approved", False),
        ("capture", "60.00", "approved", False),
        ("release", "40.00", "approved", False),
        ("cancel", "60.00", "approved", False),
    ]
    assert left(payable) == NOTHING
    assert reload(payable).status == PaymentStatus.CANCELED


def test_the_rest_that_is_still_held_is_let_go_with_a_void(
    several: PaymentTransaction,
    partly: PaymentTransaction,
    run: Run,
    clerk: User,
    payable: Payable,
    books: Books,
    sandbox: Sandbox,
) -> None:
    ways = ways_back(charge=partly, family=list(several.payment.transactions.order_by("pk")))

    run(void(partly, clerk))

    assert (ways.void.limit, ways.lets_go) == (Decimal(60), Decimal(40))
    assert charges_at_gateway(sandbox, several) == ["REVERSED"]
    assert steps(several.payment_id)[2:] == [
        ("cancel", "60.00", "approved", False),
        ("release", "40.00", "approved", False),
    ]
    assert left(payable) == NOTHING
    assert books(AccountName.GATEWAY_CLEARING) == 0
    assert Payment.objects.get(pk=several.payment_id).money_state == MoneyState.CANCELED
    with pytest.raises(CaptureRefused, match="Nothing is held any more"):
        take(several, "10.00", clerk)


# -- what forbids it, and what it forbids ---------------------------------------------------------------------------


def test_a_void_of_a_capture_runs_alone(
    several: PaymentTransaction, partly: PaymentTransaction, run: Run, clerk: User
) -> None:
    waiting = void(partly, clerk)

    with pytest.raises(FollowUpRunning):
        void(partly, clerk)
    with pytest.raises(FollowUpRunning):
        given_back(partly, "10.00", clerk)
    with pytest.raises(CaptureRefused, match="is being voided, which lets go of all of it"):
        take(several, "10.00", clerk)
    with pytest.raises(CancelRefused, match="is being voided"):
        rest_release(hold=several, reason=RefundReason.OTHER, note="rest", by=clerk, now=timezone.now())

    assert [row.pk for row in several.payment.transactions.order_by("pk")] == [several.pk, partly.pk, waiting.pk]
    assert run(waiting).state == S.APPROVED


def test_while_another_capture_of_its_hold_runs_a_capture_is_not_voided(
    several: PaymentTransaction, partly: PaymentTransaction, clerk: User
) -> None:
    take(several, "10.00", clerk)

    with pytest.raises(CancelRefused, match="Another action on its hold is still running"):
        void(partly, clerk)

    assert not partly.children.exists()


def test_a_capture_beside_another_is_not_voided(
    several: PaymentTransaction, partly: PaymentTransaction, run: Run, clerk: User
) -> None:
    run(take(several, "10.00", clerk))

    with pytest.raises(CancelRefused, match="Its hold was captured several times"):
        void(partly, clerk)

    assert not partly.children.exists()


def test_a_capture_of_which_a_part_was_given_back_is_not_voided(
    captured: PaymentTransaction, run: Run, clerk: User
) -> None:
    run(given_back(captured, "10.00", clerk))

    with pytest.raises(CancelRefused, match="Part of it was given back already"):
        void(captured, clerk)

    assert not captured.children.filter(action=Action.CANCEL).exists()


def test_a_voided_capture_gives_nothing_more(captured: PaymentTransaction, run: Run, clerk: User) -> None:
    run(void(captured, clerk))

    with pytest.raises(RefundTooLarge, match="It was canceled"):
        given_back(captured, "10.00", clerk)
    with pytest.raises(CancelRefused, match="Part of it was given back already"):
        void(captured, clerk)

    assert captured.children.count() == 1


def test_a_void_above_its_makers_limit_waits_and_so_does_the_rest_of_the_hold(
    several: PaymentTransaction, partly: PaymentTransaction, run: Run, maker: User, second: User, payable: Payable
) -> None:
    RefundLimit.objects.update_or_create(
        organization=maker.organization, currency="USD", defaults={"per_charge": 30, "per_day": None}
    )

    waiting = void(partly, maker)

    approval = Approval.objects.get(transaction=waiting)
    handler = approval_handlers.get(approval.kind)
    assert (waiting.state, approval.kind) == (S.AWAITING_APPROVAL, ApprovalKind.VOID)
    assert "The $40.00 that its hold still holds is let go too." in handler.sentence(approval=approval)
    assert handler.details(approval=approval) == [("Reason", "Goods returned or not delivered")]
    with pytest.raises(CaptureRefused, match="is being voided"):
        take(several, "10.00", maker)
    with pytest.raises(RefundTooLarge, match="Its void waits for a second person"):
        given_back(partly, "10.00", maker)

    approval_agree(approval=approval, by=second, now=timezone.now())

    assert run(PaymentTransaction.objects.get(pk=waiting.pk)).state == S.APPROVED
    assert left(payable) == NOTHING


def test_a_hold_over_its_time_is_not_let_go_while_its_capture_is_being_voided(
    several: PaymentTransaction, partly: PaymentTransaction, run: Run, clerk: User
) -> None:
    void(partly, clerk)

    gone = holds_expire(now=several.created_at + timedelta(days=8))

    assert gone == 0
    assert not several.children.filter(action=Action.RELEASE).exists()


# -- answers that were lost, and batches that were closed -----------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "state", "after"),
    [("before", S.FAILED, (Decimal(60), Decimal(40), Decimal(0))), ("after", S.APPROVED, NOTHING)],
)
def test_a_void_whose_answer_was_lost_is_judged_by_its_hold(
    several: PaymentTransaction,
    partly: PaymentTransaction,
    run: Run,
    clerk: User,
    payable: Payable,
    sandbox: Sandbox,
    when: str,
    state: TransactionState,
    after: tuple[Decimal, Decimal, Decimal],
) -> None:
    lost = void(partly, clerk)
    match = {"endpoint": "/transactions/{id}/reversal", "reference": several.reference}
    sandbox.control("/rules", {"match": match, "action": {"drop": {"when": when}}})
    assert run(lost).state == S.UNKNOWN

    overdue(lost)
    engine.look(transaction_id=lost.pk, now=timezone.now())

    lost.refresh_from_db()
    assert (lost.state, lost.parent_before["status"]) == (state, "CAPTURED")
    assert left(payable) == after
    assert ledger_check() == []


@pytest.mark.parametrize("lost", [False, True])
def test_a_void_after_its_batch_had_closed_becomes_a_refund_for_the_same_reason(
    several: PaymentTransaction,
    partly: PaymentTransaction,
    run: Run,
    clerk: User,
    payable: Payable,
    sandbox: Sandbox,
    books: Books,
    lost: bool,
) -> None:
    row = void(partly, clerk)
    if lost:
        match = {"endpoint": "/transactions/{id}/reversal", "reference": several.reference}
        sandbox.control("/rules", {"match": match, "action": {"drop": {"when": "before"}}})
        run(row)
        sandbox.control("/settlement/run", {})
        overdue(row)
        engine.look(transaction_id=row.pk, now=timezone.now())
    else:
        sandbox.control("/settlement/run", {})
        run(row)

    refund = run(partly.children.get(action=Action.REFUND))

    row.refresh_from_db()
    assert (row.state, row.failure_reason) == (S.FAILED, FailureReason.BATCH_CLOSED)
    assert (refund.state, refund.amount, refund.reason) == (S.APPROVED, Decimal("60.0000"), RefundReason.GOODS)
    assert left(payable) == (Decimal(0), Decimal(40), Decimal(60))
    assert books(AccountName.GATEWAY_CLEARING) == 0


# -- the gateway's books beside ours --------------------------------------------------------------------------------


@pytest.mark.usefixtures("empty_gateway")
def test_a_reversal_in_the_portal_lets_the_rest_of_the_hold_go_too(
    several: PaymentTransaction,
    partly: PaymentTransaction,
    compare: Callable[[], list[tuple[str, bool]]],
    sandbox: Sandbox,
    payable: Payable,
) -> None:
    sandbox.gateway().cancel(portal(several.gateway_id))

    found = [compare() for _ in range(2)]

    assert found == [[(DriftKind.DONE_OUTSIDE, True)]] * 2
    assert steps(several.payment_id)[2:] == [
        ("cancel", "60.00", "approved", True),
        ("release", "40.00", "approved", False),
    ]
    assert left(payable) == NOTHING
    assert Payment.objects.get(pk=several.payment_id).money_state == MoneyState.CANCELED


@pytest.mark.usefixtures("empty_gateway")
def test_a_capture_voided_with_us_and_standing_at_the_gateway_is_a_difference(
    held: PaymentTransaction,
    captured: PaymentTransaction,
    run: Run,
    clerk: User,
    account: ProviderAccount,
    compare: Callable[[], list[tuple[str, bool]]],
    sandbox: Sandbox,
) -> None:
    run(void(captured, clerk))
    agreed = compare()
    sandbox.control(f"/transactions/{held.gateway_id}/status", {"status": "CAPTURED"})

    assert agreed == []
    assert compare() == [(DriftKind.STATE_DIFFERS, False)]
