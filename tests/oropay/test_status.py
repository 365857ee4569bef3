"""Where the money is: each rule as a row of a table."""

from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oropay.models import Action, MoneyState, PaymentStatus, PaymentTransaction, TransactionState
from oropay.status import Sums, is_refused, last_failure, money_state, payment_status, sums_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
S = TransactionState
VOIDED_CAPTURE: Any = [
    (Action.AUTHORIZE, "100", S.APPROVED),
    (Action.CAPTURE, "60", S.APPROVED, 1),
    (Action.CANCEL, "60", S.APPROVED, 2),
    (Action.RELEASE, "40", S.APPROVED, 1),
]
"""What was captured of a hold is undone, and the rest of the hold is let go with it."""


def family(
    *rows: tuple[Action, str, TransactionState] | tuple[Action, str, TransactionState, int],
) -> list[PaymentTransaction]:
    """Transactions in order; the fourth item is the 1-based number of the parent."""
    return [
        PaymentTransaction(
            pk=number,
            action=row[0],
            amount=Decimal(row[1]),
            currency="USD",
            state=row[2],
            parent_id=row[3] if len(row) > 3 else None,
        )
        for number, row in enumerate(rows, 1)
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(Action.CHARGE, "100", S.QUEUED)], MoneyState.PROCESSING),
        ([(Action.CHARGE, "100", S.SENDING)], MoneyState.PROCESSING),
        ([(Action.CHARGE, "100", S.UNKNOWN)], MoneyState.UNKNOWN),
        ([(Action.CHARGE, "100", S.REVIEW)], MoneyState.REVIEW),
        ([(Action.CHARGE, "100", S.PENDING)], MoneyState.SETTLING),
        ([(Action.CHARGE, "100", S.APPROVED)], MoneyState.CAPTURED),
        ([(Action.CHARGE, "100", S.DECLINED)], MoneyState.DECLINED),
        ([(Action.CHARGE, "100", S.FAILED)], MoneyState.FAILED),
        ([(Action.CHARGE, "100", S.APPROVED), (Action.CANCEL, "100", S.APPROVED, 1)], MoneyState.CANCELED),
        ([(Action.CHARGE, "100", S.CANCELED), (Action.CANCEL, "100", S.APPROVED, 1)], MoneyState.CANCELED),
        ([(Action.CHARGE, "100", S.APPROVED), (Action.CANCEL, "100", S.FAILED, 1)], MoneyState.CAPTURED),
        ([(Action.AUTHORIZE, "100", S.APPROVED)], MoneyState.AUTHORIZED),
        ([(Action.AUTHORIZE, "100", S.APPROVED), (Action.CAPTURE, "100", S.UNKNOWN, 1)], MoneyState.UNKNOWN),
        (
            [
                (Action.AUTHORIZE, "100", S.APPROVED),
                (Action.CAPTURE, "60", S.APPROVED, 1),
                (Action.RELEASE, "40", S.APPROVED, 1),
            ],
            MoneyState.CAPTURED,
        ),
        ([(Action.AUTHORIZE, "100", S.APPROVED), (Action.CANCEL, "100", S.APPROVED, 1)], MoneyState.CANCELED),
        (VOIDED_CAPTURE, MoneyState.CANCELED),
        ([(Action.CHARGE, "100", S.APPROVED), (Action.REFUND, "40", S.APPROVED, 1)], MoneyState.PARTIALLY_REFUNDED),
        ([(Action.CHARGE, "100", S.APPROVED), (Action.REFUND, "100", S.APPROVED, 1)], MoneyState.REFUNDED),
        ([(Action.CHARGE, "100", S.APPROVED), (Action.REFUND, "100", S.QUEUED, 1)], MoneyState.CAPTURED),
        ([(Action.CHARGE, "100", S.APPROVED), (Action.RETURN, "100", S.APPROVED, 1)], MoneyState.RETURNED),
        (
            [
                (Action.CHARGE, "100", S.APPROVED),
                (Action.REFUND, "40", S.APPROVED, 1),
                (Action.RETURN, "100", S.APPROVED, 1),
            ],
            MoneyState.RETURNED,
        ),
        ([(Action.CHARGE, "100", S.APPROVED), (Action.CHARGEBACK, "100", S.APPROVED, 1)], MoneyState.DISPUTED),
        (
            [
                (Action.CHARGE, "100", S.APPROVED),
                (Action.CHARGEBACK, "100", S.APPROVED, 1),
                (Action.CHARGEBACK_REVERSAL, "100", S.APPROVED, 2),
            ],
            MoneyState.CAPTURED,
        ),
        ([(Action.CHARGE, "100", S.ACTION_REQUIRED)], MoneyState.ACTION_REQUIRED),
        ([(Action.CHARGE, "100", S.EXPIRED)], MoneyState.EXPIRED),
        ([(Action.AUTHENTICATE_CHECK, "100", S.DECLINED)], MoneyState.DECLINED),
        ([(Action.AUTHENTICATE_CHECK, "100", S.APPROVED)], MoneyState.PROCESSING),
        (
            [(Action.AUTHENTICATE_CHECK, "100", S.APPROVED), (Action.AUTHENTICATE_INITIATE, "100", S.APPROVED)],
            MoneyState.EXPIRED,
        ),
        (
            [(Action.AUTHENTICATE_CHECK, "100", S.APPROVED), (Action.CHARGE, "100", S.DECLINED)],
            MoneyState.DECLINED,
        ),
        ([(Action.CREDIT, "100", S.APPROVED)], MoneyState.REFUNDED),
        ([(Action.CREDIT, "100", S.QUEUED)], MoneyState.PROCESSING),
    ],
)
def test_one_word_says_where_the_money_is(rows: list[tuple[Action, str, TransactionState]], expected: str) -> None:
    assert money_state(family(*rows)) == expected


def test_a_settled_charge_reads_settled() -> None:
    rows = family((Action.CHARGE, "100", S.APPROVED))
    rows[0].settled_at = NOON

    assert money_state(rows) == MoneyState.SETTLED


def test_a_capture_of_part_of_a_hold_leaves_nothing_held_once_the_rest_is_released() -> None:
    rows = family(
        (Action.AUTHORIZE, "100", S.APPROVED),
        (Action.CAPTURE, "60", S.APPROVED, 1),
        (Action.RELEASE, "40", S.APPROVED, 1),
    )

    sums = sums_of(rows)

    assert (sums.authorized, sums.held, sums.captured, sums.net) == (Decimal(100), Decimal(0), Decimal(60), Decimal(60))


def test_a_capture_that_was_voided_leaves_nothing_taken_and_nothing_held() -> None:
    sums = sums_of(family(*VOIDED_CAPTURE))

    assert (sums.captured, sums.net, sums.held, sums.canceled) == (Decimal(0), Decimal(0), Decimal(0), Decimal(100))


def test_a_running_refund_is_not_yet_given_back_but_counts_as_under_way() -> None:
    rows = family((Action.CHARGE, "100", S.APPROVED), (Action.REFUND, "30", S.SENDING, 1))

    sums = sums_of(rows)

    assert (sums.refunded, sums.refunding, sums.net) == (Decimal(0), Decimal(30), Decimal(100))


def test_a_hold_that_was_renewed_stays_one_hold() -> None:
    rows = family(
        (Action.AUTHORIZE, "100", S.APPROVED),
        (Action.REAUTHORIZE, "100", S.APPROVED, 1),
        (Action.RELEASE, "100", S.APPROVED, 1),
    )

    sums = sums_of(rows)

    assert (sums.authorized, sums.held, sums.canceled) == (Decimal(100), Decimal(100), Decimal(0))


def test_a_renewed_hold_that_is_canceled_holds_nothing() -> None:
    rows = family(
        (Action.AUTHORIZE, "100", S.APPROVED),
        (Action.REAUTHORIZE, "100", S.APPROVED, 1),
        (Action.CANCEL, "100", S.APPROVED, 2),
    )

    sums = sums_of(rows)

    assert (sums.held, sums.canceled) == (Decimal(0), Decimal(100))


def test_a_refund_that_was_voided_gave_nothing_back() -> None:
    rows = family(
        (Action.CHARGE, "100", S.APPROVED),
        (Action.REFUND, "30", S.APPROVED, 1),
        (Action.CANCEL, "30", S.APPROVED, 2),
    )

    sums = sums_of(rows)

    assert (sums.refunded, sums.net, sums.canceled) == (Decimal(0), Decimal(100), Decimal(0))


def test_an_open_dispute_stays_in_net_and_a_lost_one_leaves_it() -> None:
    contested = sums_of(family((Action.CHARGE, "100", S.APPROVED), (Action.CHARGEBACK, "30", S.APPROVED, 1)))
    lost = Sums(captured=Decimal(100), lost=Decimal(30))

    assert (contested.disputed, contested.net) == (Decimal(30), Decimal(100))
    assert lost.net == Decimal(70)


def status(rows: list[PaymentTransaction], *, total: str = "100", cleared: str = "0", billed: bool = False) -> str:
    """The status of an order that these transactions were meant to pay."""
    sums = sums_of(rows)
    return payment_status(
        total=Decimal(total),
        paid=sums.net,
        cleared=Decimal(cleared),
        sums=sums,
        refused=is_refused(rows),
        billed=billed,
    )


HOLD, CHARGE = (Action.AUTHORIZE, "100", S.APPROVED), (Action.CHARGE, "100", S.APPROVED)
P = PaymentStatus


@pytest.mark.parametrize(
    ("rows", "more", "expected"),
    [
        # (1) net reaches the total, or the balance is 0 without refunds.
        ([], {"total": "0"}, P.FULL),
        ([CHARGE], {}, P.FULL),
        ([CHARGE], {"total": "80"}, P.FULL),
        ([(Action.CHARGE, "70", S.APPROVED)], {"cleared": "30"}, P.FULL),
        ([], {"cleared": "100"}, P.FULL),
        ([(Action.OFFLINE_RECEIPT, "100", S.APPROVED)], {}, P.FULL),
        ([HOLD, (Action.CAPTURE, "100", S.APPROVED, 1)], {}, P.FULL),
        ([CHARGE], {"billed": True}, P.FULL),
        # (2) and (3) something was given back.
        ([CHARGE, (Action.REFUND, "100", S.APPROVED, 1)], {}, P.REFUNDED),
        ([CHARGE, (Action.REFUND, "40", S.APPROVED, 1)], {}, P.REFUNDED_PARTIALLY),
        ([CHARGE, (Action.REFUND, "100", S.APPROVED, 1)], {"cleared": "100"}, P.REFUNDED),
        ([CHARGE, (Action.REFUND, "40", S.SENDING, 1)], {}, P.FULL),
        # (4) in this order.
        ([], {"billed": True}, P.INVOICED),
        ([HOLD], {"billed": True}, P.INVOICED),
        ([HOLD], {}, P.AUTHORIZED),
        ([(Action.AUTHORIZE, "60", S.APPROVED)], {}, P.AUTHORIZED_PARTIALLY),
        ([(Action.CHARGE, "60", S.APPROVED)], {}, P.PARTIALLY),
        ([HOLD, (Action.CAPTURE, "60", S.APPROVED, 1), (Action.RELEASE, "40", S.APPROVED, 1)], {}, P.PARTIALLY),
        ([HOLD, (Action.CANCEL, "100", S.APPROVED, 1)], {}, P.CANCELED),
        ([(Action.CHARGE, "40", S.APPROVED), (Action.CANCEL, "40", S.APPROVED, 1)], {}, P.CANCELED_PARTIALLY),
        ([HOLD, (Action.CAPTURE, "100", S.APPROVED, 1), (Action.CANCEL, "100", S.APPROVED, 2)], {}, P.CANCELED),
        (VOIDED_CAPTURE, {}, P.CANCELED),
        ([(Action.CHARGE, "100", S.DECLINED)], {}, P.DECLINED),
        ([(Action.CHARGE, "100", S.DECLINED), (Action.CHARGE, "100", S.FAILED)], {}, P.DECLINED),
        ([(Action.CHARGE, "100", S.DECLINED), (Action.CHARGE, "100", S.QUEUED)], {}, P.PENDING),
        ([(Action.AUTHENTICATE_CHECK, "100", S.APPROVED), (Action.CHARGE, "100", S.DECLINED)], {}, P.DECLINED),
        ([(Action.AUTHENTICATE_CHECK, "100", S.APPROVED)], {}, P.PENDING),
        ([], {}, P.PENDING),
        # Shown beside the status, never in it.
        ([(Action.CHARGE, "100", S.UNKNOWN)], {}, P.PENDING),
        ([(Action.CHARGE, "100", S.PENDING)], {}, P.PENDING),
        ([CHARGE, (Action.RETURN, "100", S.APPROVED, 1)], {}, P.PENDING),
        ([CHARGE, (Action.CHARGEBACK, "100", S.APPROVED, 1)], {}, P.FULL),
        (
            [
                CHARGE,
                (Action.CHARGEBACK, "100", S.APPROVED, 1),
                (Action.CHARGEBACK_REVERSAL, "100", S.APPROVED, 2),
            ],
            {},
            P.FULL,
        ),
    ],
)
def test_the_payment_status_follows_the_table(
    rows: list[tuple[Action, str, TransactionState]], more: dict[str, Any], expected: str
) -> None:
    assert status(family(*rows), **more) == expected


# --- OroCommerce's traps that are the status's own; the others are in test_traps.py and on the pages ------------------


def test_trap_1_a_refund_is_compared_with_what_was_paid() -> None:
    paid_60_of_100 = (Action.CHARGE, "60", S.APPROVED)
    given_back = family(paid_60_of_100, (Action.REFUND, "60", S.APPROVED, 1))
    paid_again = family(CHARGE, (Action.REFUND, "40", S.APPROVED, 1), (Action.CHARGE, "40", S.APPROVED))

    assert (status(given_back), status(paid_again)) == (P.REFUNDED, P.FULL)


def test_trap_2_nothing_to_pay_and_too_much_paid_both_read_paid() -> None:
    assert (status([], total="0"), status(family(CHARGE), total="90")) == (P.FULL, P.FULL)


def test_trap_3_a_bank_debit_is_paid_when_it_has_settled_and_open_again_when_it_is_returned() -> None:
    accepted = family((Action.CHARGE, "100", S.PENDING))
    settled = family(CHARGE)
    returned = family(CHARGE, (Action.RETURN, "100", S.APPROVED, 1))

    assert [status(accepted), status(settled), status(returned)] == [P.PENDING, P.FULL, P.PENDING]
    assert sums_of(accepted).settling == Decimal(100)
    assert [money_state(accepted), money_state(returned)] == [MoneyState.SETTLING, MoneyState.RETURNED]


def test_trap_4_a_captured_part_and_what_is_still_held_are_told_apart() -> None:
    rows = family(HOLD, (Action.CAPTURE, "60", S.APPROVED, 1))

    sums = sums_of(rows)

    assert (sums.net, sums.held, status(rows)) == (Decimal(60), Decimal(40), P.AUTHORIZED)


def test_trap_5_a_status_is_the_word_itself() -> None:
    """The peer compared an object with strings, so that one branch could never be reached."""
    part_paid = status(family((Action.CHARGE, "60", S.APPROVED)))

    assert part_paid is PaymentStatus.PARTIALLY
    assert f"{part_paid}" == "partially"


def test_trap_6_a_failed_retry_is_not_hidden_by_an_older_success() -> None:
    rows = family((Action.CHARGE, "60", S.APPROVED), (Action.CHARGE, "40", S.DECLINED))

    failure = last_failure(rows)

    assert (status(rows), failure) == (P.PARTIALLY, rows[1])


def test_a_success_after_a_failure_ends_the_failure() -> None:
    rows = family((Action.CHARGE, "100", S.DECLINED), CHARGE)

    assert last_failure(rows) is None


# --- What holds for every family of transactions ----------------------------------------------------------------------

cents = st.integers(min_value=0, max_value=20_000).map(lambda units: Decimal(units) / 100)
any_sums = st.builds(Sums, **{one.name: cents for one in fields(Sums)})


@given(total=cents, cleared=cents, paid=st.none() | cents, sums=any_sums, refused=st.booleans(), billed=st.booleans())
def test_full_is_read_exactly_when_nothing_is_left_that_was_not_given_back(
    total: Decimal, cleared: Decimal, paid: Decimal | None, sums: Sums, refused: bool, billed: bool
) -> None:
    net = sums.net if paid is None else paid

    said = payment_status(total=total, paid=net, cleared=cleared, sums=sums, refused=refused, billed=billed)

    assert (said == P.FULL) == (net >= total or (net + cleared >= total and sums.refunded == 0))
    assert isinstance(said, PaymentStatus)
    if said in {P.REFUNDED, P.REFUNDED_PARTIALLY}:
        assert sums.refunded > 0
    if said == P.REFUNDED:
        assert net <= 0
    if said in {P.DECLINED, P.PENDING}:
        assert net <= 0
        assert sums.held == 0


@given(total=cents.filter(bool), settling=cents, disputed=cents, refused=st.booleans())
def test_money_that_is_not_sure_never_reads_paid(
    total: Decimal, settling: Decimal, disputed: Decimal, refused: bool
) -> None:
    sums = Sums(settling=settling, disputed=disputed)

    said = payment_status(total=total, paid=sums.net, cleared=Decimal(0), sums=sums, refused=refused)

    assert said in {P.PENDING, P.DECLINED}


lives = st.lists(
    st.tuples(
        st.sampled_from([Action.CHARGE, Action.AUTHORIZE, Action.OFFLINE_RECEIPT]),
        st.integers(1, 10_000).map(lambda units: str(Decimal(units) / 100)),
        st.sampled_from(list(TransactionState)),
    ),
    max_size=4,
)


@given(
    rows=lives,
    action=st.sampled_from([Action.CANCEL, Action.REFUND, Action.RETURN]),
    state=st.sampled_from(list(TransactionState)),
    pick=st.integers(0, 3),
)
def test_no_cent_is_counted_twice(
    rows: list[tuple[Action, str, TransactionState]], action: Action, state: TransactionState, pick: int
) -> None:
    of = pick % len(rows) if rows else 0
    transactions = family(*rows, *([(action, rows[of][1], state, of + 1)] if rows else []))

    sums = sums_of(transactions)

    asked = sum((Decimal(amount) for _action, amount, _state in rows), Decimal(0))
    assert Decimal(0) <= sums.captured + sums.settling + sums.held <= asked
    assert money_state(transactions) in MoneyState


@given(
    amount=st.integers(1, 100_000).map(lambda units: Decimal(units) / 100),
    state=st.sampled_from(list(TransactionState)),
)
def test_a_payment_alone_is_paid_only_when_it_is_approved(amount: Decimal, state: TransactionState) -> None:
    rows = family((Action.CHARGE, str(amount), state))

    assert (status(rows, total=str(amount)) == P.FULL) == (state == S.APPROVED)
