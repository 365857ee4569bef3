"""POST /transactions."""

import json
import secrets
from typing import Any

from gpsandbox import accounts, batches, errors, fields, ids, outcomes, sources
from gpsandbox.call import Call
from gpsandbox.outcomes import Verdict
from gpsandbox.sources import Source
from gpsandbox.store import Row
from gpsandbox.transactions import holds, shown

CURRENCY, COUNTRY = r"[A-Z]{3}", r"[A-Z]{2}"
SURCHARGE_LIMIT = 5
"""Percent of the amount."""


def create(call: Call) -> dict[str, Any]:
    """Sell or give a standalone credit. Declines are HTTP 200; only nonsense and broken processors are errors."""
    call.allow("TRN_POST_Authorize")
    body = call.body
    account = call.account(accounts.TRANSACTIONS, required=True)
    fields.require(body, "channel", "country", "amount", "currency", "reference", "payment_method")
    amount = fields.minor_units(body, "amount") or 0
    call.reference = fields.reference(body)
    kind = fields.choice(body, "type", ("SALE", "REFUND"), default="SALE")
    _surcharge_check(body, amount)
    transaction_id = ids.new("TRN")
    values = {
        "id": transaction_id,
        "app_id": call.app_id,
        "account_id": account.id,
        "account_name": account.name,
        "created_at": call.stamp,
        "updated_at": call.stamp,
        "type": kind,
        "channel": fields.choice(body, "channel", ("CNP", "CP")),
        "currency": fields.pattern(body, "currency", CURRENCY),
        "country": fields.pattern(body, "country", COUNTRY),
        "amount": amount,
        "authorized": amount,
        "refunded": 0,
        "reference": call.reference,
        "order_reference": fields.text(fields.section(body, "order"), "reference"),
        "description": fields.text(body, "description", most=50),
        "parent_id": "",
        "batch_id": "",
        "action_id": ids.new("ACT"),
    }
    capture_mode = fields.choice(body, "capture_mode", ("AUTO", "LATER", "MULTIPLE", "LATER_FINAL"), default="AUTO")
    source = sources.read(call)
    if source.outcome.verdict == Verdict.BROKEN:
        raise errors.downstream("50013", source.outcome.message)
    if kind == "REFUND" or source.account:
        capture_mode = "AUTO"
    status = _status(source, capture_mode)
    approved = status != "DECLINED"
    risk = _risk(body, source.name) if approved else {}
    prints = sources.fingerprint_block(call, source.card) if source.card and source.fingerprint_wanted else {}
    kept = sources.keep(call, source, approved=approved)
    call.store.insert(
        "transactions",
        {
            **values,
            **_source_columns(source, approved=approved),
            "token_id": kept,
            "arn": ids.acquirer_reference(transaction_id) if source.card else "",
            "capture_mode": capture_mode,
            "status": status,
            "captured": amount if status in ("CAPTURED", "PENDING") else 0,
            "held": int(risk.get("result") == "PENDING_REVIEW"),
            "risk": str(risk.get("result", "")),
            "detail": json.dumps({**_detail(body, source), **({"risk": risk} if risk else {})}),
        },
    )
    if status == "PREAUTHORIZED":
        holds.watch(call, transaction_id)
    row = shown.row(call, transaction_id)
    if status in ("CAPTURED", "PENDING"):
        batch_id = batches.line_add(call, transaction=row, amount=amount)
        call.store.update("transactions", transaction_id, batch_id=batch_id)
        row = shown.row(call, transaction_id)
    call.resource_id = transaction_id
    return _answer(call, row, prints)


def _answer(call: Call, row: Row, prints: dict[str, str]) -> dict[str, Any]:
    action = "REFUND" if row["type"] == "REFUND" else "AUTHORIZE" if row["capture_mode"] == "AUTO" else "PREAUTHORIZE"
    answer = shown.transaction(
        call, row, action=action, result=shown.action_result(row), action_id=row["action_id"], issuer=True
    )
    answer["payment_method"] = {**answer["payment_method"], **prints}
    return answer


def _status(source: Source, capture_mode: str) -> str:
    verdict = source.outcome.verdict
    if verdict == Verdict.DECLINED:
        return "DECLINED"
    if verdict == Verdict.PENDING:
        return "PENDING"
    return "CAPTURED" if capture_mode == "AUTO" else "PREAUTHORIZED"


def _source_columns(source: Source, *, approved: bool) -> dict[str, Any]:
    card, account = source.card, source.account
    return {
        "method": source.method,
        "entry_mode": source.entry_mode,
        "name": source.name,
        "brand": card.brand if card else "",
        "first6": card.first6 if card else "",
        "last4": card.last4 if card else account.last4 if account else "",
        "fingerprint": card.fingerprint if card else "",
        "authcode": f"{secrets.randbelow(1_000_000):06}" if card and approved else "",
        "brand_reference": secrets.token_hex(7).upper() if card and approved else "",
        "outcome": source.outcome.name,
        "result": source.outcome.result,
        "message": source.outcome.message,
    }


def _detail(body: dict[str, Any], source: Source) -> dict[str, Any]:
    """What is shown again but never searched."""
    kept = {
        name: body[name]
        for name in ("order", "payer", "ip_address", "initiator", "stored_credential", "link", "user_reference")
        if body.get(name)
    }
    if source.account:
        account = source.account
        kept["bank"] = {
            "account_type": account.account_type,
            "account_holder_type": account.holder_type,
            "sec_code": account.sec_code,
            "name": account.bank_name,
        }
    elif source.card:
        kept["cvv_given"] = source.card.cvv_given
        kept["avs_given"] = source.avs_given
    return kept


def _risk(body: dict[str, Any], name: str) -> dict[str, Any]:
    """The fraud check a request asks for: the first entry of `risk_assessment` decides."""
    asked = body.get("risk_assessment")
    if not asked:
        return {}
    if not isinstance(asked, list) or not isinstance(asked[0], dict):
        raise errors.unexpected_data("risk_assessment")
    mode = fields.choice(asked[0], "mode", ("ACTIVE", "PASSIVE", "OFF"))
    rules = [rule for rule in asked[0].get("rules", []) if isinstance(rule, dict)]
    if mode == "OFF":
        result = ""
    elif rules and all(rule.get("mode") == "OFF" for rule in rules):
        result = "NOT_EXECUTED"
    elif mode == "ACTIVE" and name.upper() == outcomes.HELD_NAME:
        result = "PENDING_REVIEW"
    else:
        result = "ACCEPTED"
    return {"mode": mode, "result": result, "rules": rules}


def _surcharge_check(body: dict[str, Any], amount: int) -> None:
    surcharge = fields.minor_units(body, "surcharge_amount")
    if surcharge and surcharge * 100 > amount * SURCHARGE_LIMIT:
        raise errors.rule_broken(f"The surcharge amount is greater than {SURCHARGE_LIMIT}% of the transaction amount")
