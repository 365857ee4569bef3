"""Deposits: what the gateway pays out (or takes back) on one day, per merchant, currency and method."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from gpsandbox import batches, clock, ids, webhooks
from gpsandbox.settings import Settings
from gpsandbox.settlement import reports, returns
from gpsandbox.settlement.lines import DUE
from gpsandbox.store import Row, Store

FOREVER = "9999"
"""Later than any moment as text."""


@dataclass(frozen=True)
class Fee:
    """What one settled sale costs, in minor units: a share rounded half up, plus a fixed part."""

    per_mille: int
    fixed: int


FEES = {
    "CARD": Fee(per_mille=29, fixed=30),
    "BANK_TRANSFER": Fee(per_mille=0, fixed=80),
    "DIGITAL_WALLET": Fee(per_mille=29, fixed=30),
    "APM": Fee(per_mille=29, fixed=30),
}
"""Method → fee of a sale. Refunds, returns and chargebacks cost nothing."""


def payday_reached(store: Store, subject: str, now: datetime) -> list[str]:
    """Pay out what is due. See `life.handlers`."""
    made = pay(store, until=clock.stamp(now), paid_on=now.date(), now=now)
    return _funded_in(store, made)


def run(
    store: Store, *, settings: Settings, paid_on: date, returns_too: bool = True, return_status: str = "REJECTED"
) -> dict[str, Any]:
    """Settle everything now: close all batches, fund what is in them, and pay it out, whatever the timetable says.

    With `returns_too`, bank money funded before whose account says so comes back: the transaction becomes
    `return_status`, and the deposit carries it as a negative line.
    """
    now = clock.now(store)
    with store.atomic():
        closed = batches.close_all(store, now=now)
        returned = (
            returns.all_now(store, status=return_status, now=now, with_codes=settings.return_codes)
            if returns_too
            else []
        )
        made = pay(store, until=FOREVER, paid_on=paid_on, now=now, pending_too=True)
        funded = _funded_in(store, made)
        for transaction_id in (*returned, *funded):
            webhooks.announce_settlement(store, settings, transaction_id)
    return {
        "date": paid_on.isoformat(),
        "closed_batches": closed,
        "funded_transactions": funded,
        "returned_transactions": returned,
        "deposits": [reports.deposit_shown(_deposit(store, deposit_id)) for deposit_id in made],
    }


def pay(store: Store, *, until: str, paid_on: date, now: datetime, pending_too: bool = False) -> list[str]:
    """Make the deposits of what is due by `until`; returns their ids. Call inside `Store.atomic`."""
    groups = store.rows(
        f"SELECT sold.app_id, sold.currency, sold.method FROM {DUE} GROUP BY 1, 2, 3 ORDER BY min(line.id)",  # noqa: S608
        (until, pending_too),
    )
    return [_make(store, group, until=until, paid_on=paid_on, now=now, pending_too=pending_too) for group in groups]


def _funded_in(store: Store, deposit_ids: list[str]) -> list[str]:
    """The payments and refunds in these deposits, oldest first."""
    marks = ", ".join("?" * len(deposit_ids))
    rows = store.rows(
        "SELECT DISTINCT sold.id FROM settlement_lines AS line"  # noqa: S608
        " JOIN transactions AS sold ON sold.id = line.transaction_id"
        f" WHERE line.kind = 'PAYMENT' AND line.deposit_id IN ({marks}) ORDER BY sold.rowid",
        deposit_ids,
    )
    return [row["id"] for row in rows]


def _make(store: Store, group: Row, *, until: str, paid_on: date, now: datetime, pending_too: bool) -> str:
    """One deposit over all due lines of a merchant, currency and method."""
    deposit_id = ids.new("DEP")
    store.write(
        "UPDATE settlement_lines SET deposit_id = ?6,"  # noqa: S608
        " status = CASE kind WHEN 'RETURN' THEN 'REJECTED' ELSE 'FUNDED' END"
        f" WHERE id IN (SELECT line.id FROM {DUE} AND sold.app_id = ?3 AND sold.currency = ?4 AND sold.method = ?5)",
        (until, pending_too, *group, deposit_id),
    )
    store.write(
        "UPDATE transactions SET status = 'FUNDED', updated_at = ? WHERE status IN ('CAPTURED', 'PENDING')"
        " AND id IN (SELECT transaction_id FROM settlement_lines WHERE deposit_id = ? AND kind = 'PAYMENT')",
        (clock.stamp(now), deposit_id),
    )
    sums = _sums(store, deposit_id, FEES[group["method"]])
    store.insert(
        "deposits",
        {
            "id": deposit_id,
            "app_id": group["app_id"],
            "created_at": clock.stamp(now),
            "paid_on": paid_on.isoformat(),
            "currency": group["currency"],
            "method": group["method"],
            "status": "FUNDED",
            "amount": sum(sums[f"{part}_amount"] for part in (*PARTS, "fees")),
            **sums,
        },
    )
    if group["method"] == "BANK_TRANSFER":
        returns.plan(store, deposit_id=deposit_id, now=now)
    return deposit_id


PARTS = {
    "sales": "line.kind = 'PAYMENT' AND sold.type = 'SALE'",
    "refunds": "line.kind = 'RETURN' OR line.kind = 'PAYMENT' AND sold.type = 'REFUND'",
    "chargebacks": "line.kind = 'CHARGEBACK'",
    "reversals": "line.kind = 'CHARGEBACK_REVERSAL'",
}
"""Part of a deposit → the lines that count towards it. Returned money counts as refunds."""


def _sums(store: Store, deposit_id: str, fee: Fee) -> dict[str, int]:
    """Counts and amounts of a deposit's parts as its columns; every amount carries its sign."""
    signed = "CASE WHEN line.kind = 'PAYMENT' AND sold.type = 'REFUND' THEN -line.amount ELSE line.amount END"
    columns = [
        f"count(*) FILTER (WHERE {lines}) AS {part}_count,"
        f" coalesce(sum({signed}) FILTER (WHERE {lines}), 0) AS {part}_amount"
        for part, lines in PARTS.items()
    ]
    row = store.row(
        f"SELECT {', '.join(columns)},"  # noqa: S608
        f" -coalesce(sum((line.amount * ? + 500) / 1000 + ?) FILTER (WHERE {PARTS['sales']}), 0) AS fees_amount"
        " FROM settlement_lines AS line JOIN transactions AS sold ON sold.id = line.transaction_id"
        " WHERE line.deposit_id = ?",
        (fee.per_mille, fee.fixed, deposit_id),
    )
    return dict(row) if row else {}


def _deposit(store: Store, deposit_id: str) -> Row:
    row = store.row("SELECT * FROM deposits WHERE id = ?", (deposit_id,))
    if row is None:
        raise LookupError(f"Deposit {deposit_id}, made a moment ago, is gone.")
    return row
