"""What may happen to a transaction later: capture, refund, reversal, hold, release."""

import json
from typing import Any

from gpsandbox import accounts, batches, errors, fields, ids
from gpsandbox.call import Call
from gpsandbox.store import Row
from gpsandbox.transactions import captures, holds, kept, risk, shown
from gpsandbox.transactions.undone import refund_undone

CAPTURE_PERCENT = 115
SALE_REFUND_PERCENT = 115
CAPTURED_REFUND_PERCENT = 100
"""An authorization that was captured later may be refunded up to what was captured."""

REASONS = (
    "FRAUD",
    "NON_DELIVERY",
    "GOODS_BROKEN",
    "FALSE_POSITIVE",
    "IN_STOCK",
    "OUT_OF_STOCK",
    "OTHER",
    "NOT_GIVEN",
)


def capture(call: Call) -> dict[str, Any]:
    """POST /transactions/{id}/capture: take a hold, in full or in part; several times when it was made MULTIPLE."""
    call.allow("TRN_POST_Capture")
    found = _subject(call)
    several = found["capture_mode"] == "MULTIPLE"
    if found["held"]:
        raise errors.rule_broken("This transaction has been held")
    detail = captures.counted(call, found)
    if found["status"] not in (("PREAUTHORIZED", "CAPTURED", "FUNDED") if several else ("PREAUTHORIZED",)):
        raise errors.not_allowed_now("Capture", found["status"])
    if holds.is_over(call, found):
        raise errors.hold_expired()
    amount = fields.minor_units(call.body, "amount") or max(found["authorized"] - found["captured"], 0)
    captured = found["captured"] + amount
    if not amount or captured * 100 > found["authorized"] * CAPTURE_PERCENT:
        raise errors.rule_broken(f"Can't settle for more than {CAPTURE_PERCENT}% of that which you authorised")
    if call.forced:
        return shown.declined(call, found, "CAPTURE")
    batch_id = batches.line_add(call, transaction=found, amount=amount)
    return _changed(
        call,
        found,
        "CAPTURE",
        status="CAPTURED",
        amount=captured,
        captured=captured,
        batch_id=batch_id,
        detail=json.dumps(detail),
    )


def reverse(call: Call) -> dict[str, Any]:
    """POST /transactions/{id}/reversal: undo in full what is not in a closed batch. `{id}` may be our reference."""
    call.allow("TRN_POST_Reverse")
    found = _subject(call, by_reference=True)
    if found["status"] not in ("PENDING", "PREAUTHORIZED", "CAPTURED") or found["refunded"]:
        if found["status"] == "FUNDED":
            raise errors.batch_closed(found["batch_id"])
        raise errors.not_allowed_now("Reversal", found["status"])
    amount = fields.minor_units(call.body, "amount")
    partial = amount is not None and amount != found["amount"]
    if partial and ("partial_reversal" not in call.settings.features or found["status"] != "PREAUTHORIZED"):
        raise errors.invalid("40214", "partial reversal not supported")
    if call.forced:
        return shown.declined(call, found, "REVERSE")
    if amount is not None and partial:
        return _reduced(call, found, amount=amount)
    batches.lines_remove(call, transaction=found)
    refund_undone(call.store, refund=found, status="REVERSED")
    return _changed(call, found, "REVERSE", status="REVERSED", captured=0, batch_id="")


def refund(call: Call) -> dict[str, Any]:
    """POST /transactions/{id}/refund: a new REFUND transaction that gives back part or all of a sale."""
    call.allow("TRN_POST_Refund")
    parent = _subject(call)
    reference = fields.reference(call.body) if call.body.get("reference") else ids.new("REF")
    call.reference = reference
    if parent["status"] == "PREAUTHORIZED" or (parent["held"] and parent["status"] == "CAPTURED"):
        raise errors.invalid(
            "40087",
            "You can't refund a delayed transaction that has not been sent for settlement."
            " You are refunding money to a customer that has not and never will be charged!",
        )
    if parent["type"] != "SALE" or parent["status"] not in ("CAPTURED", "FUNDED"):
        raise errors.not_allowed_now("Refund", parent["status"])
    amount = fields.minor_units(call.body, "amount") or parent["captured"] - parent["refunded"]
    percent = _refund_percent(call, parent)
    if parent["method"] == "APM" and (amount <= 0 or parent["refunded"] + amount > parent["captured"]):
        return _refunded(call, parent, amount=amount or parent["captured"], declined=True)
    if amount <= 0 or (parent["refunded"] + amount) * 100 > parent["captured"] * percent:
        raise errors.over_refunded(percent)
    return _refunded(call, parent, amount=amount, declined=call.forced is not None)


def _refund_percent(call: Call, parent: Row) -> int:
    if parent["capture_mode"] == "AUTO" or call.settings.conformance:  # the suites disagree about captured holds
        return SALE_REFUND_PERCENT
    return CAPTURED_REFUND_PERCENT


def hold(call: Call) -> dict[str, Any]:
    """POST /transactions/{id}/hold: stop it from being captured or settled until it is released."""
    call.allow("TRN_POST_Hold")
    if "hold" not in call.settings.features:
        raise errors.not_configured(action="HOLD")
    found = _subject(call)
    if found["held"]:
        raise errors.rule_broken("This transaction is already held")
    return _held(call, found, "HOLD", held=1, result="HOLD_SUCCESSFUL")


def release(call: Call) -> dict[str, Any]:
    """POST /transactions/{id}/release."""
    call.allow("TRN_POST_Release")
    found = _subject(call)
    if not found["held"]:
        raise errors.rule_broken("Cant release transaction that is not held")
    holds.unfreeze(call)
    return _held(call, found, "RELEASE", held=0, result="RELEASE_SUCCESSFUL")


def _subject(call: Call, *, by_reference: bool = False) -> Row:
    call.account(accounts.TRANSACTIONS)
    found = call.store.row("SELECT * FROM transactions WHERE id = ? AND app_id = ?", (call.path_id, call.app_id))
    if found is None and by_reference:
        found = call.store.row(
            "SELECT * FROM transactions WHERE reference = ? AND app_id = ?"
            " ORDER BY type = 'SALE' DESC, rowid DESC LIMIT 1",
            (call.path_id, call.app_id),
        )
    if found is None:
        raise errors.transaction_unknown(call.path_id)
    call.resource_id = found["id"]
    call.reference = found["reference"]
    return found


def _changed(call: Call, found: Row, action: str, **columns: Any) -> dict[str, Any]:
    call.store.update("transactions", found["id"], updated_at=call.stamp, **columns)
    return shown.transaction(call, shown.row(call, found["id"]), action=action, issuer=True)


def _reduced(call: Call, found: Row, *, amount: int) -> dict[str, Any]:
    """Let go of a part of a hold."""
    left = found["amount"] - amount
    if left < 0:
        raise errors.rule_broken("The amount is greater than that which you authorised")
    return _changed(call, found, "REVERSE", amount=left, authorized=left)


def _refunded(call: Call, parent: Row, *, amount: int, declined: bool) -> dict[str, Any]:
    values = dict(parent)
    values.update(
        id=ids.new("TRN"),
        created_at=call.stamp,
        updated_at=call.stamp,
        type="REFUND",
        status="DECLINED" if declined else "CAPTURED",
        capture_mode="AUTO",
        amount=amount,
        authorized=amount,
        captured=0 if declined else amount,
        refunded=0,
        reference=call.reference,
        description=fields.free_text(call.body, "description", most=50),
        parent_id=parent["id"],
        batch_id="",
        held=0,
        risk="",
        result=call.forced.result if call.forced else "101" if declined else parent["result"],
        message=call.forced.message if call.forced else "Declined" if declined else parent["message"],
        action_id=ids.new("ACT"),
        detail=json.dumps(kept.of_refund(call, parent)),
    )
    values["arn"] = ids.acquirer_reference(values["id"]) if parent["method"] == "CARD" else ""
    call.store.insert("transactions", values)
    made = shown.row(call, values["id"])
    if not declined:
        batch_id = batches.line_add(call, transaction=made, amount=amount)
        call.store.update("transactions", made["id"], batch_id=batch_id)
        call.store.write("UPDATE transactions SET refunded = refunded + ? WHERE id = ?", (amount, parent["id"]))
        made = shown.row(call, made["id"])
    call.resource_id = made["id"]
    return shown.transaction(
        call, made, action="REFUND", result=shown.action_result(made), action_id=made["action_id"], issuer=True
    )


def _held(call: Call, found: Row, action: str, *, held: int, result: str) -> dict[str, Any]:
    if found["status"] not in ("PREAUTHORIZED", "CAPTURED"):
        raise errors.not_allowed_now(action.capitalize(), found["status"])
    reason = call.body.get("reason_code", "NOT_GIVEN")
    if reason not in REASONS:
        raise errors.invalid("40259", "reason_code contains unexpected data")
    return _changed(call, found, action, held=held, risk=result, detail=risk.reviewed(found["detail"], reason=reason))
