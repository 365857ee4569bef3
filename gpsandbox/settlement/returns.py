"""Bank payments that come back: on their day, when told to, or with a settlement run."""

import re
from datetime import datetime

from gpsandbox import agenda, clock, outcomes, timetable
from gpsandbox.agenda import Event
from gpsandbox.settlement import lines
from gpsandbox.settlement.lines import Kind
from gpsandbox.store import Row, Store

CODES = {outcome.name: outcome.returned for outcome in outcomes.BY_NAME.values() if outcome.returned}
"""Outcome → ACH return code."""

STATUSES = ("REJECTED", "REVERSED")
"""What a returned payment may be called after its funding; the first unless told. Before it is REJECTED."""

SOME_CODES = f"({', '.join('?' * len(CODES))})"


class ReturnError(ValueError):
    """This payment cannot come back; the message says why."""


def plan(store: Store, *, deposit_id: str, now: datetime) -> None:
    """After bank payments were funded: let those come back whose account says so."""
    rows = store.rows(
        "SELECT sold.id, sold.outcome FROM settlement_lines AS line"  # noqa: S608
        " JOIN transactions AS sold ON sold.id = line.transaction_id"
        f" WHERE line.deposit_id = ? AND line.kind = 'PAYMENT' AND sold.type = 'SALE' AND sold.outcome IN {SOME_CODES}",
        (deposit_id, *CODES),
    )
    for row in rows:
        moment = timetable.returned_at(funded=now, code=CODES[row["outcome"]])
        agenda.plan(store, Event.ACH_RETURN, at=moment, subject=row["id"])


def return_arrives(store: Store, transaction_id: str, now: datetime, *, with_code: bool) -> list[str]:
    """The day has come for a payment that is still funded. See `life.handlers`."""
    sold = store.row("SELECT * FROM transactions WHERE id = ? AND status = 'FUNDED'", (transaction_id,))
    if sold is None:
        return []
    apply(store, sold, code=CODES[sold["outcome"]] if with_code else "", now=now)
    return [transaction_id]


def all_now(store: Store, *, status: str, now: datetime, with_codes: bool) -> list[str]:
    """Do not wait: every funded payment whose account sends it back comes back now; returns their ids."""
    rows = store.rows(
        f"SELECT * FROM transactions WHERE status = 'FUNDED' AND type = 'SALE' AND outcome IN {SOME_CODES}",  # noqa: S608
        tuple(CODES),
    )
    for sold in rows:
        apply(store, sold, code=CODES[sold["outcome"]] if with_codes else "", status=status, now=now)
    return [sold["id"] for sold in rows]


def trigger(store: Store, transaction_id: str, *, code: str, status: str, now: datetime) -> Row:
    """Send any bank payment back, with any code, up to 60 days after its funding. Call inside `Store.atomic`.

    Raises LookupError for an unknown transaction, ReturnError for one that cannot come back.
    """
    sold = store.row("SELECT * FROM transactions WHERE id = ?", (transaction_id,))
    if sold is None:
        raise LookupError(f"There is no transaction {transaction_id}.")
    if code and not re.fullmatch(r"R[0-9]{2}", code):
        raise ReturnError("code is an ACH return code such as R01, or empty for a return that does not say why.")
    if status not in STATUSES:
        raise ReturnError(f"status is {' or '.join(STATUSES)}.")
    if (sold["method"], sold["type"]) != ("BANK_TRANSFER", "SALE"):
        raise ReturnError("Only a bank payment can come back.")
    if sold["status"] not in ("PENDING", "CAPTURED", "FUNDED"):
        raise ReturnError(f"A payment with status {sold['status']} cannot come back.")
    funded = _funded_at(store, transaction_id)
    if funded is not None and funded + timetable.RETURNABLE_FOR < now:
        raise ReturnError("It was funded more than 60 days ago.")
    apply(store, sold, code=code, status=status if funded else STATUSES[0], now=now)
    return _row(store, transaction_id)


def apply(store: Store, sold: Row, *, code: str, now: datetime, status: str = STATUSES[0]) -> None:
    """What was not paid out never will be; what was is taken back by the next deposits."""
    store.write(
        "UPDATE settlement_lines SET status = 'REJECTED'"
        " WHERE transaction_id = ? AND kind = 'PAYMENT' AND deposit_id = ''",
        (sold["id"],),
    )
    paid = store.value(
        "SELECT sum(amount) FROM settlement_lines WHERE transaction_id = ? AND kind = 'PAYMENT' AND deposit_id <> ''",
        (sold["id"],),
    )
    if paid:
        due = timetable.payday_after(now)
        lines.add(store, sold, kind=Kind.RETURN, amount=-paid, now=now, due=due, batch_id=sold["batch_id"])
    store.update(
        "transactions",
        sold["id"],
        status=status,
        result=code,
        message=f"RETURNED {code}".strip(),
        updated_at=clock.stamp(now),
    )


def _funded_at(store: Store, transaction_id: str) -> datetime | None:
    found = store.value(
        "SELECT max(deposits.created_at) FROM settlement_lines JOIN deposits ON deposits.id = deposit_id"
        " WHERE transaction_id = ? AND kind = 'PAYMENT'",
        (transaction_id,),
    )
    return clock.read(found) if found else None


def _row(store: Store, transaction_id: str) -> Row:
    row = store.row("SELECT * FROM transactions WHERE id = ?", (transaction_id,))
    if row is None:
        raise LookupError(f"There is no transaction {transaction_id}.")
    return row
