"""POST /transactions."""

import json
import secrets
from dataclasses import replace
from typing import Any

from gpsandbox import accounts, batches, conversions, currencies, errors, fields, ids, sources
from gpsandbox.call import Call
from gpsandbox.links import usage
from gpsandbox.outcomes import APPROVED, SCA_WANTED, Verdict
from gpsandbox.sources import Source
from gpsandbox.store import Row
from gpsandbox.threeds import presented
from gpsandbox.transactions import duplicates, holds, kept, risk, shown

CURRENCY, COUNTRY = r"[A-Z]{3}", r"[A-Z]{2}"


def create(call: Call) -> dict[str, Any]:
    """Sell or give a standalone credit. Declines are HTTP 200; only nonsense and broken processors are errors."""
    call.allow("TRN_POST_Authorize")
    body = call.body
    account = call.account(accounts.TRANSACTIONS, required=True)
    fields.require(body, "channel", "country", "amount", "currency", "reference", "payment_method")
    amount = fields.minor_units(body, "amount") or 0
    call.reference = fields.reference(body)
    kind = fields.choice(body, "type", ("SALE", "REFUND"), default="SALE")
    transaction_id = ids.new("TRN")
    values: dict[str, Any] = {
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
        "description": fields.free_text(body, "description", most=50),
        "parent_id": "",
        "batch_id": "",
        "action_id": ids.new("ACT"),
    }
    capture_mode = _capture_mode(call)
    extras = {**conversions.of_payment(call), **_told(body)}
    link = usage.link_of(call, amount=amount)
    if link is not None:
        extras |= usage.traces(link)
    source = sources.read(call)
    detail = kept.of_request(call, source, amount=amount)
    if source.card:
        currencies.check(source.card.brand, values["currency"])
    duplicates.check(call, source.card, values=values)
    told = _authentication(call, source, values)
    if source.outcome == SCA_WANTED and presented.proves(told):
        source = replace(source, outcome=APPROVED)
    if source.outcome.verdict == Verdict.BROKEN:
        raise errors.downstream("50013", source.outcome.message)
    if kind == "REFUND" or source.account:
        capture_mode = "AUTO"
    status = _status(source, capture_mode)
    approved = status != "DECLINED"
    assessment = risk.assess(body, name=source.name) if approved else None
    if assessment:
        detail["risk"] = risk.stored(assessment)
    if source.card and source.fingerprint_wanted(approved=approved):
        detail["prints"] = sources.fingerprint_block(call, source.card)
    token_id = sources.keep(call, source, approved=approved)
    detail |= {**told, **extras}
    call.store.insert(
        "transactions",
        {
            **values,
            **_source_columns(source, approved=approved),
            "token_id": token_id,
            "arn": ids.acquirer_reference(transaction_id) if source.card else "",
            "capture_mode": capture_mode,
            "status": status,
            "captured": amount if status in ("CAPTURED", "PENDING") else 0,
            "held": int(assessment is not None and assessment.held),
            "risk": assessment.result if assessment else "",
            "detail": json.dumps(detail),
        },
    )
    if status == "PREAUTHORIZED":
        holds.watch(call, transaction_id)
    row = shown.row(call, transaction_id)
    if status in ("CAPTURED", "PENDING"):
        batch_id = batches.line_add(call, transaction=row, amount=amount)
        call.store.update("transactions", transaction_id, batch_id=batch_id)
        row = shown.row(call, transaction_id)
    if link is not None and approved:
        usage.count(call, link)
    call.resource_id = transaction_id
    return shown.transaction(
        call, row, action=_action(row), result=shown.action_result(row), action_id=row["action_id"], issuer=True
    )


def _capture_mode(call: Call) -> str:
    mode = fields.choice(call.body, "capture_mode", ("AUTO", "LATER", "MULTIPLE", "LATER_FINAL"), default="AUTO")
    if mode == "MULTIPLE" and "multi_capture" not in call.settings.features:
        raise errors.not_configured(capture_mode=mode)
    fields.count(call.body, "total_capture_count", most=99)
    return mode


def _action(row: Row) -> str:
    if row["status"] == "INITIATED":
        return "INITIATE"
    if row["type"] == "REFUND":
        return "REFUND"
    return "AUTHORIZE" if row["capture_mode"] == "AUTO" else "PREAUTHORIZE"


def _status(source: Source, capture_mode: str) -> str:
    verdict = source.outcome.verdict
    if verdict == Verdict.DECLINED:
        return "DECLINED"
    if source.apm:
        return "INITIATED"
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
        "result": "01" if source.apm else source.outcome.result,
        "message": "Pending" if source.apm else source.outcome.message,
    }


def _authentication(call: Call, source: Source, values: dict[str, Any]) -> dict[str, Any]:
    if source.card is None:
        return {}
    told = presented.read(call, source.card, amount=values["amount"], currency=values["currency"])
    return {"authentication": told} if told else {}


def _told(body: dict[str, Any]) -> dict[str, Any]:
    addresses = fields.addresses(body)
    return {"notifications": addresses} if addresses else {}
