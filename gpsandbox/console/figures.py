"""Today's figures, by the sandbox's own clock."""

from dataclasses import dataclass

from gpsandbox import clock
from gpsandbox.console.html import money
from gpsandbox.settings import Settings
from gpsandbox.store import Row, Store

NEWEST_CALLS = 10_000
"""Calls are counted among these only: the journal has no index by time, which would cost every charge."""


@dataclass(frozen=True)
class Figure:
    label: str
    value: str
    note: str = ""


def today(store: Store, settings: Settings) -> list[Figure]:
    """Sales, refunds and declines of today, what waits for settlement, what was called."""
    day = clock.stamp(clock.now(store))[:10]
    apps = tuple(settings.apps)
    made = store.rows(
        "SELECT type, status, currency, count(*) AS number, sum(amount) AS amount FROM transactions"  # noqa: S608
        f" WHERE app_id IN ({', '.join('?' * len(apps))}) AND created_at >= ?"
        " GROUP BY type, status, currency ORDER BY currency",
        (*apps, day),
    )
    sold = [row for row in made if row["type"] == "SALE" and row["status"] not in ("DECLINED", "REVERSED", "REJECTED")]
    refunded = [row for row in made if row["type"] == "REFUND" and row["status"] != "DECLINED"]
    failed = [row for row in made if row["status"] in ("DECLINED", "REJECTED")]
    open_batches = store.rows(
        "SELECT batches.currency AS currency, count(*) AS number,"
        " sum(CASE transactions.type WHEN 'REFUND' THEN -settlement_lines.amount ELSE settlement_lines.amount END)"
        " AS amount FROM batches JOIN settlement_lines ON settlement_lines.batch_id = batches.id"
        " JOIN transactions ON transactions.id = transaction_id"
        " WHERE batches.status = 'OPEN' GROUP BY batches.currency ORDER BY batches.currency"
    )
    paid = store.rows(
        "SELECT currency, count(*) AS number, sum(amount) AS amount FROM deposits WHERE paid_on = ? GROUP BY currency",
        (day,),
    )
    calls = store.row(
        "SELECT count(*) AS number, coalesce(sum(status >= 400), 0) AS refused, coalesce(sum(fault <> ''), 0) AS struck"
        " FROM (SELECT * FROM requests ORDER BY id DESC LIMIT ?) WHERE time_created >= ?",
        (NEWEST_CALLS, day),
    )
    assert calls is not None  # noqa: S101 - a count always answers
    return [
        _counted("Sales today", sold),
        _counted("Refunds today", refunded),
        _counted("Declined or returned today", failed),
        _counted("Waiting in open batches", open_batches),
        _counted("Paid out today", paid),
        Figure(
            "Calls today",
            f"{calls['number']:,}",
            f"{calls['refused']} refused, {calls['struck']} spoiled by a fault",
        ),
    ]


def _counted(label: str, rows: list[Row]) -> Figure:
    amounts: dict[str, int] = {}
    for row in rows:
        amounts[row["currency"]] = amounts.get(row["currency"], 0) + row["amount"]
    number = sum(row["number"] for row in rows)
    return Figure(label, str(number), " · ".join(money(amount, currency) for currency, amount in amounts.items()))
