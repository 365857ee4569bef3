"""Authorize more, or once more: incremental and reauthorization."""

import json
import secrets
from typing import Any

from gpsandbox import banks, batches, errors, fields, ids, outcomes
from gpsandbox.call import Call
from gpsandbox.outcomes import Verdict
from gpsandbox.store import Row
from gpsandbox.transactions import holds, shown

REAUTHORIZABLE = {"CARD": ("REVERSED",), "BANK_TRANSFER": ("REJECTED", "REVERSED")}
"""Method → how the original must have ended: reversed or lapsed, or returned by the bank."""


def increment(call: Call) -> dict[str, Any]:
    """POST /transactions/{id}/incremental: hold `amount` more on the same authorization, which lapses when it would."""
    call.allow("TRN_POST_Incremental")
    found = shown.row(call, call.path_id)
    call.resource_id, call.reference = found["id"], found["reference"]
    fields.require(call.body, "amount")
    more = fields.minor_units(call.body, "amount") or 0
    if found["status"] != "PREAUTHORIZED":
        raise errors.not_allowed_now("Incremental", found["status"])
    if found["held"]:
        raise errors.rule_broken("This transaction has been held")
    if call.forced:
        return shown.declined(call, found, "INCREMENTAL")
    amount = found["authorized"] + more
    call.store.update("transactions", found["id"], amount=amount, authorized=amount, updated_at=call.stamp)
    return shown.transaction(call, shown.row(call, found["id"]), action="INCREMENTAL", issuer=True)


def reauthorize(call: Call) -> dict[str, Any]:
    """POST /transactions/{id}/reauthorization: a new transaction in place of one that came to nothing.

    A card is authorized again as it was; a bank payment that came back is submitted again, perhaps to another account.
    """
    call.allow("TRN_POST_Reauthorize")
    original = shown.row(call, call.path_id)
    call.resource_id = original["id"]
    call.reference = fields.reference(call.body) if call.body.get("reference") else ids.new("REF")
    _check(call, original)
    amount = fields.minor_units(call.body, "amount") or original["authorized"]
    if amount > original["authorized"]:
        raise errors.not_reauthorizable("the amount is more than the original's")
    bank = _other_account(call, original)
    verdict, result, message = _verdict(call, bank.get("outcome", original["outcome"]))
    status = _status(original, verdict)
    taken = status in ("CAPTURED", "PENDING")
    card = original["method"] == "CARD"
    transaction_id = ids.new("TRN")
    call.store.insert(
        "transactions",
        {
            **dict(original),
            "id": transaction_id,
            "created_at": call.stamp,
            "updated_at": call.stamp,
            "status": status,
            "amount": amount,
            "authorized": amount,
            "captured": amount if taken else 0,
            "refunded": 0,
            "reference": call.reference,
            "description": fields.free_text(call.body, "description", most=50) or original["description"],
            "parent_id": original["id"],
            "batch_id": "",
            "held": 0,
            "risk": "",
            "authcode": f"{secrets.randbelow(1_000_000):06}" if card and status != "DECLINED" else "",
            "arn": ids.acquirer_reference(transaction_id) if card else "",
            "action_id": ids.new("ACT"),
            "result": result,
            "message": message,
            "detail": json.dumps(_detail(original, bank)),
            **{name: bank[name] for name in ("last4", "outcome") if name in bank},
        },
    )
    if status == "PREAUTHORIZED":
        holds.watch(call, transaction_id)
    elif taken:
        batch_id = batches.line_add(call, transaction=shown.row(call, transaction_id), amount=amount)
        call.store.update("transactions", transaction_id, batch_id=batch_id)
    made = shown.row(call, transaction_id)
    call.resource_id = transaction_id
    return shown.transaction(
        call, made, action="REAUTHORIZE", result=shown.action_result(made), action_id=made["action_id"], issuer=True
    )


def _check(call: Call, original: Row) -> None:
    live = original["status"] == "PREAUTHORIZED" and "renew_live_holds" in call.settings.features
    if original["type"] != "SALE" or not (live or original["status"] in REAUTHORIZABLE.get(original["method"], ())):
        raise errors.not_reauthorizable(f"it is a {original['type']} with status {original['status']}")
    again = call.store.value(
        "SELECT id FROM transactions WHERE parent_id = ? AND type = 'SALE' AND status <> 'DECLINED'",
        (original["id"],),
    )
    if again:
        raise errors.not_reauthorizable(f"{again} was made in its place")


def _other_account(call: Call, original: Row) -> dict[str, Any]:
    """What is kept of the account that is named now, if one is."""
    given = fields.section(fields.section(call.body, "payment_method"), "bank_transfer")
    if not given:
        return {}
    if original["method"] != "BANK_TRANSFER":
        raise errors.not_reauthorizable("it was not paid from a bank account")
    account = banks.read(given)
    return {
        "last4": account.last4,
        "outcome": account.outcome,
        "account_type": account.account_type,
        "account_holder_type": account.holder_type,
        "sec_code": account.sec_code,
        "name": account.bank_name,
    }


def _verdict(call: Call, outcome_name: str) -> tuple[Verdict, str, str]:
    if call.forced:
        return Verdict.DECLINED, call.forced.result, call.forced.message
    outcome = outcomes.BY_NAME[outcome_name]
    return outcome.verdict, outcome.result, outcome.message


def _status(original: Row, verdict: Verdict) -> str:
    if verdict == Verdict.DECLINED:
        return "DECLINED"
    if verdict == Verdict.PENDING:
        return "PENDING"
    return "CAPTURED" if original["capture_mode"] == "AUTO" else "PREAUTHORIZED"


def _detail(original: Row, bank: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in json.loads(original["detail"]).items() if name != "risk"}
    if bank:
        kept["bank"] = {name: value for name, value in bank.items() if name not in ("last4", "outcome")}
    return kept
