"""The control room's part in disputes: be the card holder's bank and the card brand."""

import re
from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from gpsandbox import clock
from gpsandbox.disputes import changes, deadlines, life, telling
from gpsandbox.disputes.changes import Dispute
from gpsandbox.store import Row, Store

REASON = re.compile(r"[A-Z0-9_.]{1,12}")
DAYS_MOST = 365


def find(store: Store, request: Request, body: dict[str, Any]) -> Any:
    """GET /_emu/disputes: all of them, newest first, with what each may become."""
    with store.atomic():
        deadlines.enforce(store, now=clock.now(store))
        rows = store.rows("SELECT * FROM disputes ORDER BY rowid DESC LIMIT 500")
    return {"disputes": [_shown(dict(row)) for row in rows]}


def open_(store: Store, request: Request, body: dict[str, Any]) -> Any:
    """POST /_emu/disputes `{transaction, stage, reason_code, amount, days}`; only `transaction` is required."""
    stage = str(body.get("stage", "CHARGEBACK"))
    if stage not in life.STAGES:
        raise ValueError(f"stage must be one of {', '.join(life.STAGES)}.")
    reason_code = str(body.get("reason_code", "104"))
    if not REASON.fullmatch(reason_code):
        raise ValueError("reason_code is 1 to 12 capital letters, digits, dots or underscores, such as 104.")
    days = _days(body)
    with store.atomic():
        now = clock.now(store)
        sale = _sale(store, str(body.get("transaction", "")))
        amount = _amount(body, most=sale["captured"] - _disputed(store, sale["id"]))
        dispute = changes.open_on(
            store, sale=sale, stage=stage, reason_code=reason_code, amount=amount, days=days, now=now
        )
        telling.tell(store, request.app.state.settings, dispute)
    return _shown(dispute)


def advance(store: Store, request: Request, body: dict[str, Any]) -> Any:
    """POST /_emu/disputes/{id}/advance `{stage, days}` or `{result}`."""
    stage, result = body.get("stage"), body.get("result")
    if (stage is None) == (result is None):
        raise ValueError("Give either stage or result.")
    days = _days(body)
    with store.atomic():
        now = clock.now(store)
        deadlines.enforce(store, now=now)
        dispute = _dispute(store, request.path_params["id"])
        if stage is not None:
            _check("stage", stage, life.stages_after(dispute), dispute)
            _room_check(store, dispute)
            dispute = changes.enter(store, dispute, stage=stage, days=days, now=now)
        else:
            _check("result", result, life.results_of(dispute), dispute)
            dispute = changes.close(store, dispute, result=str(result), now=now)
        telling.tell(store, request.app.state.settings, dispute)
    return _shown(dispute)


Control = Callable[[Store, Request, dict[str, Any]], Any]

CONTROLS: tuple[tuple[str, str, Control], ...] = (
    ("GET", "/disputes", find),
    ("POST", "/disputes", open_),
    ("POST", "/disputes/{id}/advance", advance),
)


def _sale(store: Store, transaction_id: str) -> Row:
    sale = store.row("SELECT * FROM transactions WHERE id = ?", (transaction_id,))
    if sale is None:
        raise LookupError(f"There is no transaction {transaction_id}.")
    if sale["type"] != "SALE" or sale["method"] != "CARD" or sale["status"] not in ("CAPTURED", "BATCHED", "FUNDED"):
        raise ValueError(f"Only a captured card sale can be disputed; this is a {sale['status']} {sale['type']}.")
    return sale


def _disputed(store: Store, transaction_id: str) -> int:
    """What other disputes of the sale took or may still take, in minor units."""
    taken: int = store.value(
        "SELECT coalesce(sum(amount), 0) FROM disputes WHERE transaction_id = ? AND result NOT IN ('WON', 'FULFILLED')",
        (transaction_id,),
    )
    return taken


def _room_check(store: Store, dispute: Dispute) -> None:
    """A dispute that ended well may come back only for money that no other has taken meanwhile."""
    if dispute["result"] in (life.WON, life.FULFILLED):
        room = dispute["sold_amount"] - _disputed(store, dispute["transaction_id"])
        if dispute["amount"] > room:
            raise ValueError(f"Other disputes leave only {room} minor units of the sale to dispute.")


def _dispute(store: Store, dispute_id: str) -> Dispute:
    row = store.row("SELECT * FROM disputes WHERE id = ?", (dispute_id,))
    if row is None:
        raise LookupError(f"There is no dispute {dispute_id}.")
    if row["specimen"]:
        raise ValueError(f"{dispute_id} is a specimen of the conformance seed: it never changes.")
    return dict(row)


def _amount(body: dict[str, Any], *, most: int) -> int:
    """Minor units; without one, everything that is not disputed yet."""
    text = str(body.get("amount", most))
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise ValueError(f"amount must be from 1 to {most} minor units: what was captured and is not disputed yet.")
    return int(text)


def _days(body: dict[str, Any]) -> int | None:
    days = body.get("days")
    if days is None or (type(days) is int and 0 <= days <= DAYS_MOST):
        return days
    raise ValueError(f"days is a whole number from 0 to {DAYS_MOST}.")


def _check(name: str, wanted: Any, possible: tuple[str, ...], dispute: Dispute) -> None:
    if wanted not in possible:
        choices = f"one of {', '.join(possible)}" if possible else "impossible"
        raise ValueError(f"The next {name} of a dispute in {dispute['stage']}, {life.where(dispute)}, is {choices}.")


def _shown(dispute: Dispute) -> dict[str, Any]:
    return {
        "id": dispute["id"],
        "app_id": dispute["app_id"],
        "transaction": dispute["transaction_id"],
        "reference": dispute["reference"],
        "stage": dispute["stage"],
        "status": dispute["status"],
        "result": dispute["result"],
        "amount": str(dispute["amount"]),
        "taken": str(dispute["taken"]),
        "currency": dispute["currency"],
        "reason_code": dispute["reason_code"],
        "time_to_respond_by": dispute["respond_by"],
        "next_stages": () if dispute["specimen"] else life.stages_after(dispute),
        "next_results": () if dispute["specimen"] else life.results_of(dispute),
    }
