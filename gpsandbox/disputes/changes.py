"""The only writer of disputes: opens them, moves them on, ends them, and takes or returns the money that goes along."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from gpsandbox import batches, clock, ids, settlement
from gpsandbox.disputes.life import CLOSED, FULFILLED, STAGES, UNDER_REVIEW, WON, Takes
from gpsandbox.store import Row, Store
from gpsandbox.transactions import shown

Dispute = dict[str, Any]
"""A row of `disputes`. A specimen is shown as changed but kept as it was, so that a suite may accept it twice."""


def find(store: Store, *, app_id: str, dispute_id: str) -> Dispute | None:
    row = store.row("SELECT * FROM disputes WHERE app_id = ? AND id = ?", (app_id, dispute_id))
    return None if row is None else dict(row)


def open_on(
    store: Store, *, sale: Row, stage: str, reason_code: str, amount: int, days: int | None, now: datetime
) -> Dispute:
    """Dispute `amount` (minor units) of a captured card sale. Its batches close: only what was settled is disputed."""
    at = clock.stamp(now)
    for line in store.rows("SELECT batch_id FROM settlement_lines WHERE transaction_id = ?", (sale["id"],)):
        batches.close_one(store, line["batch_id"], now)
    dispute = {
        "app_id": sale["app_id"],
        "id": ids.new("DIS"),
        "specimen": 0,
        "transaction_id": sale["id"],
        "created_at": at,
        **dict.fromkeys(("stage", "stage_at", "status", "status_at", "result", "respond_by"), ""),
        "amount": amount,
        "taken": 0,
        "currency": sale["currency"],
        "reason_code": reason_code,
        "last_amount": 0,
        "last_funding": "",
        "last_at": "",
        "mid": shown.SYSTEM["mid"],
        "hierarchy": shown.SYSTEM["hierarchy"],
        "sold_at": sale["created_at"],
        "sold_amount": sale["captured"],
        **{
            name: sale[name] for name in ("reference", "order_reference", "brand", "first6", "last4", "arn", "authcode")
        },
        "brand_reference": sale["brand_reference"],
    }
    store.insert("disputes", dispute)
    return enter(store, dispute, stage=stage, days=days, now=now)


def enter(store: Store, dispute: Dispute, *, stage: str, days: int | None, now: datetime) -> Dispute:
    """Begin a stage, with so many days to respond (None: the stage's own)."""
    rule, at = STAGES[stage], clock.stamp(now)
    if rule.takes is Takes.AT_ONCE:
        taken = dispute["amount"]
    else:
        taken = 0 if rule.takes is Takes.GIVES_BACK else dispute["taken"]
    begun = {
        **dispute,
        "stage": stage,
        "stage_at": at,
        "status": rule.status,
        "status_at": at,
        "result": rule.result,
        "respond_by": clock.stamp(now + timedelta(days=rule.days if days is None else days)),
    }
    return _saved(store, _settled(store, begun, taken=taken, now=now))


def review(store: Store, dispute: Dispute, *, now: datetime) -> Dispute:
    """The merchant has answered; others decide now."""
    return _saved(store, {**dispute, "status": UNDER_REVIEW, "status_at": clock.stamp(now)})


def close(store: Store, dispute: Dispute, *, result: str, now: datetime) -> Dispute:
    """End it: winning returns the money, losing or accepting takes it, unless the stage never does."""
    ended = {**dispute, "status": CLOSED, "status_at": clock.stamp(now), "result": result}
    if result == WON:
        taken = 0
    elif result == FULFILLED or STAGES[dispute["stage"]].takes is Takes.NEVER:
        taken = dispute["taken"]
    else:
        taken = dispute["amount"]
    return _saved(store, _settled(store, ended, taken=taken, now=now))


def document_add(store: Store, dispute: Mapping[str, Any], *, type_: str, b64_content: str, now: datetime) -> str:
    """Keep evidence; returns its id. Its content is shown to its merchant only and never logged."""
    document_id = ids.new("DOC")
    if not dispute["specimen"]:
        store.insert(
            "dispute_documents",
            {
                "app_id": dispute["app_id"],
                "dispute_id": dispute["id"],
                "id": document_id,
                "type": type_,
                "created_at": clock.stamp(now),
                "b64_content": b64_content,
            },
        )
    return document_id


def _settled(store: Store, dispute: Dispute, *, taken: int, now: datetime) -> Dispute:
    """Take from the merchant, or return, whatever makes `taken` true (minor units)."""
    amount, at = taken - dispute["taken"], clock.stamp(now)
    if amount == 0:
        return dispute
    funding = "DEBIT" if amount > 0 else "CREDIT"
    if not dispute["specimen"]:
        settlement.dispute_line_add(
            store,
            transaction_id=dispute["transaction_id"],
            kind="CHARGEBACK" if amount > 0 else "CHARGEBACK_REVERSAL",
            amount=abs(amount),
            dispute_id=dispute["id"],
            now=now,
        )
        store.insert(
            "dispute_adjustments",
            {
                "app_id": dispute["app_id"],
                "dispute_id": dispute["id"],
                "line_id": store.value("SELECT max(id) FROM settlement_lines"),
                "funding": funding,
                "amount": abs(amount),
                "created_at": at,
                "stage": dispute["stage"],
                "stage_at": dispute["stage_at"],
                "deposit_id": "",
                "paid_on": "",
            },
        )
    return {**dispute, "taken": taken, "last_amount": abs(amount), "last_funding": funding, "last_at": at}


def _saved(store: Store, dispute: Dispute) -> Dispute:
    if not dispute["specimen"]:
        store.write(
            "UPDATE disputes SET stage = ?, stage_at = ?, status = ?, status_at = ?, result = ?, respond_by = ?,"
            " taken = ?, last_amount = ?, last_funding = ?, last_at = ? WHERE app_id = ? AND id = ?",
            (
                *(dispute[name] for name in ("stage", "stage_at", "status", "status_at", "result", "respond_by")),
                *(dispute[name] for name in ("taken", "last_amount", "last_funding", "last_at")),
                *(dispute[name] for name in ("app_id", "id")),
            ),
        )
    return dispute


def document_ids(store: Store, dispute: Mapping[str, Any]) -> list[dict[str, str]]:
    """The merchant's evidence without its content."""
    rows = store.rows(
        "SELECT id, type FROM dispute_documents WHERE app_id = ? AND dispute_id = ? ORDER BY rowid",
        (dispute["app_id"], dispute["id"]),
    )
    return [{name: row[name] for name in ("id", "type") if row[name]} for row in rows]
