"""How a transaction looks in an answer."""

import json
from typing import Any

from gpsandbox import accounts, apms, conversions, errors
from gpsandbox.call import Call
from gpsandbox.outcomes import BY_NAME, LETTERS
from gpsandbox.store import Row
from gpsandbox.transactions import kept

SYSTEM = {
    "mid": "101023947262",
    "tid": "000001",
    "hierarchy": "055-70-024-011-019",
    "name": "XYZ LTD.",
    "dba": "XYZ Group",
}


CHIP_APPROVED = "8A023030"
"""What the terminal tells a chip whose payment is approved: EMV tag 8A, value 00."""


def row(call: Call, transaction_id: str) -> Row:
    """One transaction of the calling merchant. Raises 404 40008."""
    found = call.store.row("SELECT * FROM transactions WHERE id = ? AND app_id = ?", (transaction_id, call.app_id))
    if found is None:
        raise errors.transaction_unknown(transaction_id)
    return found


def action_result(found: Row) -> str:
    if found["status"] == "DECLINED":
        return "DECLINED"
    return "PENDING" if found["status"] == "PENDING" else "SUCCESS"


def transaction(
    call: Call, found: Row, *, action: str, result: str = "SUCCESS", action_id: str = "", issuer: bool = False
) -> dict[str, Any]:
    """The whole resource. `issuer` adds what only the create answer and the detail carry: AVS and CVV results."""
    return {
        **item(call, found, issuer=issuer),
        "action": call.action(action, result=result, action_id=action_id),
    }


def declined(call: Call, found: Row, action: str) -> dict[str, Any]:
    """A refused follow-up, because a fault rule says so: the transaction stays as it is, the answer says no."""
    assert call.forced is not None  # noqa: S101 - callers check
    answer = transaction(call, found, action=action, result="DECLINED", issuer=True)
    answer["payment_method"] = {
        **answer["payment_method"],
        "result": call.forced.result,
        "message": call.forced.message,
    }
    return answer


def detailed(call: Call, found: Row) -> dict[str, Any]:
    """What GET /transactions/{id} adds."""
    detail = json.loads(found["detail"])
    answer = transaction(call, found, action="TRANSACTION_SINGLE", issuer=True)
    return {
        **answer,
        **kept.shown(detail),
        "order": {**detail.get("order", {}), "reference": found["order_reference"]},
        "order_reference": found["order_reference"],
        "initiator": detail.get("initiator", ""),
        "ip_address": detail.get("ip_address", ""),
        "user_reference": detail.get("user_reference", ""),
        "payer": detail.get("payer", {}),
        "create_action_id": found["action_id"],
        "system": SYSTEM,
        "link": {"id": detail.get("link", {}).get("id", "")},
    }


def item(call: Call, found: Row, *, issuer: bool = False) -> dict[str, Any]:
    """One entry of a list; every answer starts from it."""
    detail = json.loads(found["detail"])
    shown = {
        "id": found["id"],
        "time_created": found["created_at"],
        "time_last_updated": found["updated_at"],
        "type": found["type"],
        "status": found["status"],
        "channel": found["channel"],
        "capture_mode": found["capture_mode"],
        "amount": str(found["amount"]),
        "currency": found["currency"],
        "country": found["country"],
        **call.owner(call.session.merchant.account(accounts.TRANSACTIONS)),
        "reference": found["reference"],
        "description": found["description"],
        **detail.get("amounts", {}),
        "order": {"reference": found["order_reference"]},
        "batch_id": found["batch_id"],
        "parent_resource_id": found["parent_id"],
        "payment_method": _payment_method(call, found, detail, issuer=issuer),
    }
    if "currency_conversion" in detail:
        shown["currency_conversion"] = conversions.shown(detail["currency_conversion"], found["amount"])
    if "risk" in detail:
        shown["risk_assessment"] = [{**detail["risk"], "result": found["risk"]}]
    return shown


def _payment_method(call: Call, found: Row, detail: dict[str, Any], *, issuer: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "result": found["result"],
        "message": found["message"],
        "entry_mode": found["entry_mode"],
        "name": found["name"],
        **detail.get("prints", {}),
    }
    if "narrative" in detail:
        shown["narrative"] = detail["narrative"]
    if found["token_id"]:
        shown["id"] = found["token_id"]
    if "authentication" in detail and found["type"] == "SALE":
        shown["authentication"] = detail["authentication"]
    if found["method"] == "BANK_TRANSFER":
        bank = detail.get("bank", {})
        shown["bank_transfer"] = {
            "masked_account_number_last4": f"XXXXXX{found['last4']}",
            "account_type": bank.get("account_type", ""),
            "account_holder_type": bank.get("account_holder_type", ""),
            "sec_code": bank.get("sec_code", ""),
            "bank": {"name": bank.get("name", "")},
        }
        return shown
    if found["method"] == "APM":
        shown["apm"] = detail["apm"]
        if found["status"] == "INITIATED":
            shown["redirect_url"] = apms.page(call.settings, found["id"])
        return shown
    masked = f"{'X' * (11 if found['brand'] == 'AMEX' else 12)}{found['last4']}"
    middle = "X" * (5 if found["brand"] == "AMEX" else 6)
    wallet = "wallet" in detail
    number = "masked_token" if wallet else "masked_number"
    shown["digital_wallet" if wallet else "card"] = {
        "brand": found["brand"],
        f"{number}_last4": masked,
        f"{number}_first6last4": f"{found['first6']}{middle}{found['last4']}",
        "authcode": found["authcode"],
        "brand_reference": found["brand_reference"],
        "brand_time_created": found["created_at"],
        "funding": detail.get("funding", "CREDIT"),
        **({"tag_response": CHIP_APPROVED} if "chip" in detail and found["authcode"] else {}),
        **(_issuer(found, detail) if issuer else {}),
        **({"provider": detail["wallet"]} if wallet else {}),
    }
    return shown


def _issuer(found: Row, detail: dict[str, Any]) -> dict[str, Any]:
    """AVS and CVV: what the issuer said about what was sent, as words and as its own letters."""
    outcome = BY_NAME[found["outcome"]]
    special = outcome.name.startswith("avs_")
    cvv = outcome.cvv if detail.get("cvv_given") or special else "U"
    postal_code = outcome.postal_code if detail.get("avs_given") or special else "U"
    address = outcome.address if detail.get("avs_given") or special else "U"
    return {
        "cvv_result": LETTERS[cvv],
        "avs_postal_code_result": LETTERS[postal_code],
        "avs_address_result": LETTERS[address],
        "avs_action": "",
        "provider": {
            "result": found["result"],
            "message": found["message"],
            "cvv_result": cvv,
            "avs_result": postal_code,
            "avs_postal_code_result": postal_code,
            "avs_address_result": address,
        },
    }
