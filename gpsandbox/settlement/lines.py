"""Settlement lines: amounts on their way into a deposit. `batches.line_add` makes those of payments and refunds."""

from datetime import datetime
from enum import StrEnum

from gpsandbox import agenda, clock, timetable
from gpsandbox.agenda import Event
from gpsandbox.store import Row, Store


class Kind(StrEnum):
    PAYMENT = "PAYMENT"
    """A sale or a refund. Positive; the transaction's type tells which way it goes."""

    RETURN = "RETURN"
    """A funded bank payment that came back. Negative."""

    CHARGEBACK = "CHARGEBACK"
    """The card holder's bank takes a sale back. Negative."""

    CHARGEBACK_REVERSAL = "CHARGEBACK_REVERSAL"
    """The merchant won it back. Positive."""


DUE = """
    settlement_lines AS line
    JOIN transactions AS sold ON sold.id = line.transaction_id
    LEFT JOIN batches AS batch ON batch.id = line.batch_id
    WHERE line.deposit_id = '' AND line.status = 'CAPTURED' AND (
        line.kind <> 'PAYMENT' AND line.due_at <= ?1
        OR line.kind = 'PAYMENT' AND batch.status = 'CLOSED' AND batch.pays_at <= ?1 AND sold.held = 0
        AND (?2 OR sold.status <> 'PENDING')
    )
"""
"""Lines that deposits made at ?1 carry. Held money waits for its release; PENDING bank money waits unless ?2."""


def dispute_line_add(
    store: Store, *, transaction_id: str, kind: str, amount: int, dispute_id: str, now: datetime
) -> None:
    """Take a chargeback from the merchant, or give it back: in the deposits of the next banking day after `now`.

    `kind` is CHARGEBACK or CHARGEBACK_REVERSAL, `amount` positive and in minor units. The line's `deposit_id` names the
    deposit once it is made. Call inside `Store.atomic`.
    """
    if kind not in (Kind.CHARGEBACK, Kind.CHARGEBACK_REVERSAL) or amount <= 0:
        raise ValueError(f"{kind} of {amount} is no dispute line.")
    sold = store.row("SELECT app_id, id FROM transactions WHERE id = ?", (transaction_id,))
    if sold is None:
        raise LookupError(f"There is no transaction {transaction_id}.")
    add(
        store,
        sold,
        kind=Kind(kind),
        amount=-amount if kind == Kind.CHARGEBACK else amount,
        now=now,
        due=timetable.payday_following(now),
        dispute_id=dispute_id,
    )


def add(
    store: Store,
    sold: Row,
    *,
    kind: Kind,
    amount: int,
    now: datetime,
    due: datetime,
    batch_id: str = "",
    dispute_id: str = "",
) -> None:
    """Note an amount, signed, that the deposits at `due` shall carry."""
    store.insert(
        "settlement_lines",
        {
            "app_id": sold["app_id"],
            "transaction_id": sold["id"],
            "deposit_id": "",
            "batch_id": batch_id,
            "status": "CAPTURED",
            "amount": amount,
            "created_at": clock.stamp(now),
            "kind": kind,
            "due_at": clock.stamp(due),
            "dispute_id": dispute_id,
        },
    )
    agenda.plan(store, Event.PAYDAY, at=due)
