"""Where the money is: each trap of the peers as a row of a table."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from oropay.models import Action, MoneyState, PaymentStatus, PaymentTransaction, TransactionState
from oropay.status import Sums, money_state, payment_status, sums_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
S = TransactionState


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
        ([(Action.CHARGE, "100", S.APPROVED), (Action.REFUND, "40", S.APPROVED, 1)], MoneyState.PARTIALLY_REFUNDED),
        ([(Action.CHARGE, "100", S.APPROVED), (Action.REFUND, "100", S.APPROVED, 1)], MoneyState.REFUNDED),
        ([(Action.CHARGE, "100", S.APPROVED), (Action.REFUND, "100", S.QUEUED, 1)], MoneyState.CAPTURED),
        ([(Action.CHARGE, "100", S.APPROVED), (Action.RETURN, "100", S.APPROVED, 1)], MoneyState.RETURNED),
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


def test_a_running_refund_is_not_yet_given_back_but_counts_as_under_way() -> None:
    rows = family((Action.CHARGE, "100", S.APPROVED), (Action.REFUND, "30", S.SENDING, 1))

    sums = sums_of(rows)

    assert (sums.refunded, sums.refunding, sums.net) == (Decimal(0), Decimal(30), Decimal(100))


@pytest.mark.parametrize(
    ("total", "paid", "cleared", "sums", "tried", "refused", "expected"),
    [
        ("100", "0", "0", Sums(), False, False, PaymentStatus.PENDING),
        ("100", "0", "0", Sums(), True, True, PaymentStatus.DECLINED),
        ("100", "0", "0", Sums(), True, False, PaymentStatus.PENDING),
        ("0", "0", "0", Sums(), False, False, PaymentStatus.FULL),
        ("100", "100", "0", Sums(captured=Decimal(100)), True, False, PaymentStatus.FULL),
        ("100", "120", "0", Sums(captured=Decimal(120)), True, False, PaymentStatus.FULL),
        ("100", "70", "30", Sums(captured=Decimal(70)), True, False, PaymentStatus.FULL),
        ("100", "60", "0", Sums(captured=Decimal(60)), True, False, PaymentStatus.PARTIALLY),
        ("100", "0", "0", Sums(settling=Decimal(100)), True, False, PaymentStatus.PENDING),
        ("100", "0", "0", Sums(authorized=Decimal(100), held=Decimal(100)), True, False, PaymentStatus.AUTHORIZED),
        (
            "100",
            "0",
            "0",
            Sums(authorized=Decimal(60), held=Decimal(60)),
            True,
            False,
            PaymentStatus.AUTHORIZED_PARTIALLY,
        ),
        ("100", "0", "0", Sums(canceled=Decimal(100)), True, False, PaymentStatus.CANCELED),
        ("100", "0", "0", Sums(canceled=Decimal(40)), True, False, PaymentStatus.CANCELED_PARTIALLY),
        # Paid 60 of 100 and given back 60: refunded, not "partially refunded" for ever.
        ("100", "0", "0", Sums(captured=Decimal(60), refunded=Decimal(60)), True, False, PaymentStatus.REFUNDED),
        (
            "100",
            "60",
            "0",
            Sums(captured=Decimal(100), refunded=Decimal(40)),
            True,
            False,
            PaymentStatus.REFUNDED_PARTIALLY,
        ),
        # Paid again after a partial refund: paid in full.
        ("100", "100", "0", Sums(captured=Decimal(140), refunded=Decimal(40)), True, False, PaymentStatus.FULL),
    ],
)
def test_the_payment_status_follows_the_table(
    total: str, paid: str, cleared: str, sums: Sums, tried: bool, refused: bool, expected: str
) -> None:
    status = payment_status(
        total=Decimal(total), paid=Decimal(paid), cleared=Decimal(cleared), sums=sums, tried=tried, refused=refused
    )

    assert status == expected
