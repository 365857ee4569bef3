"""Batches: captured money gathers in an open one; closing it is the point after which only a refund helps."""

from datetime import datetime
from typing import Any

from gpsandbox import accounts, agenda, clock, errors, ids, timetable
from gpsandbox.accounts import Account
from gpsandbox.agenda import Event
from gpsandbox.call import Call
from gpsandbox.store import Row, Store


def line_add(call: Call, *, transaction: Row, amount: int) -> str:
    """Put captured or refunded money into the open batch of its account, currency and method; returns the batch id.

    `amount` is in minor units and positive; settlement gives a refund its sign.
    """
    batch_id = _open_batch(call, transaction)
    call.store.insert(
        "settlement_lines",
        {
            "app_id": call.app_id,
            "transaction_id": transaction["id"],
            "deposit_id": "",
            "batch_id": batch_id,
            "status": "CAPTURED",
            "amount": amount,
            "created_at": call.stamp,
        },
    )
    return batch_id


def lines_remove(call: Call, *, transaction: Row) -> None:
    """Take a transaction out of its open batch, because it is reversed.

    Raises ApiError when part of it is in a closed batch.
    """
    closed = call.store.value(
        "SELECT batches.id FROM settlement_lines JOIN batches ON batches.id = batch_id"
        " WHERE transaction_id = ? AND batches.status = 'CLOSED'",
        (transaction["id"],),
    )
    if closed:
        raise errors.batch_closed(closed)
    call.store.write("DELETE FROM settlement_lines WHERE transaction_id = ?", (transaction["id"],))


def get(call: Call) -> dict[str, Any]:
    """GET /batches/{id}."""
    call.allow("BAT_GET_Single")
    return _shown(call, _find(call), action="BATCH_SINGLE")


def close(call: Call) -> dict[str, Any]:
    """POST /batches/{id}: do not wait for the cut-off."""
    call.allow("BAT_POST_Close")
    batch = _find(call)
    if batch["status"] == "CLOSED" or not _lines_of(call.store, batch["id"]):
        raise errors.batch_empty()
    _close(call.store, batch, now=call.now)
    call.resource_id = batch["id"]
    return _shown(call, _find(call), action="CLOSE")


def unnamed(call: Call) -> dict[str, Any]:
    """Any call to /batches that forgets the id."""
    raise errors.batch_unnamed()


def close_all(store: Store, *, now: datetime) -> list[str]:
    """Close every open batch of every merchant; returns their ids. Call inside `Store.atomic`."""
    open_now = store.rows("SELECT * FROM batches WHERE status = 'OPEN' ORDER BY rowid")
    for batch in open_now:
        _close(store, batch, now=now)
    return [batch["id"] for batch in open_now]


def close_one(store: Store, batch_id: str, now: datetime) -> list[str]:
    """Close a batch unless it is closed already. At its cut-off: see `life.handlers`."""
    batch = store.row("SELECT * FROM batches WHERE id = ? AND status = 'OPEN'", (batch_id,))
    if batch is not None:
        _close(store, batch, now=now)
    return []


def _close(store: Store, batch: Row, *, now: datetime) -> None:
    """From here on only refunds help, and the day is known on which the money is paid out."""
    pays = timetable.funded_at(closed=now, zone=batch["zone"], method=batch["method"])
    store.update("batches", batch["id"], status="CLOSED", closed_at=clock.stamp(now), pays_at=clock.stamp(pays))
    agenda.plan(store, Event.PAYDAY, at=pays)


def _open_batch(call: Call, transaction: Row) -> str:
    owner = (call.app_id, transaction["account_id"], transaction["currency"], transaction["method"])
    found = call.store.row(
        "SELECT id, closes_at FROM batches"
        " WHERE app_id = ? AND account_id = ? AND currency = ? AND method = ? AND status = 'OPEN'",
        owner,
    )
    batch_id = found["id"] if found else ids.new("BAT")
    if found and found["closes_at"]:
        return str(batch_id)
    cutoff = call.settings.cutoff
    closes = cutoff.next_after(call.now)
    if found:  # opened by a version that knew no cut-off
        call.store.update("batches", batch_id, zone=cutoff.zone, closes_at=clock.stamp(closes))
    else:
        call.store.insert(
            "batches",
            {
                "id": batch_id,
                "app_id": call.app_id,
                "account_id": transaction["account_id"],
                "account_name": transaction["account_name"],
                "currency": transaction["currency"],
                "method": transaction["method"],
                "status": "OPEN",
                "created_at": call.stamp,
                "closed_at": "",
                "zone": cutoff.zone,
                "closes_at": clock.stamp(closes),
            },
        )
    agenda.plan(call.store, Event.BATCH_CLOSE, at=closes, subject=batch_id)
    return batch_id


def _find(call: Call) -> Row:
    batch = call.store.row("SELECT * FROM batches WHERE id = ? AND app_id = ?", (call.path_id, call.app_id))
    if batch is None:
        raise errors.batch_unknown(call.path_id)
    return batch


def _lines_of(store: Store, batch_id: str) -> list[Row]:
    return store.rows(
        "SELECT type, brand, settlement_lines.amount AS amount FROM settlement_lines"
        " JOIN transactions ON transactions.id = transaction_id"
        " WHERE settlement_lines.batch_id = ? AND kind = 'PAYMENT' ORDER BY settlement_lines.id",
        (batch_id,),
    )


def _shown(call: Call, batch: Row, *, action: str) -> dict[str, Any]:
    lines = _lines_of(call.store, batch["id"])
    account: Account = call.session.merchant.account(accounts.TRANSACTIONS)
    sales = [line for line in lines if line["type"] == "SALE"]
    refunds = [line for line in lines if line["type"] == "REFUND"]
    brands = sorted({line["brand"] for line in lines if line["brand"]})
    return {
        "id": batch["id"],
        "time_created": batch["created_at"],
        "time_closed": batch["closed_at"],
        **call.owner(account),
        "status": batch["status"],
        "currency": batch["currency"],
        "amount": str(_sum(sales) - _sum(refunds)),
        "batch_transaction_count": len(lines),
        "sales": _counted(sales),
        "refunds": _counted(refunds),
        "brand_breakdown": [
            {
                "brand": brand,
                "sales": _counted([line for line in sales if line["brand"] == brand]),
                "refunds": _counted([line for line in refunds if line["brand"] == brand]),
            }
            for brand in brands
        ],
        "action": call.action(action),
    }


def _sum(lines: list[Row]) -> int:
    return sum(line["amount"] for line in lines)


def _counted(lines: list[Row]) -> dict[str, Any]:
    return {"count": len(lines), "amount": str(_sum(lines))}
