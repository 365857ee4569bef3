"""How a dispute looks in an answer: in a list, alone, after an action, and as money that moved."""

from collections.abc import Mapping
from typing import Any

from gpsandbox.call import Call
from gpsandbox.disputes import changes
from gpsandbox.disputes.life import REASONS
from gpsandbox.transactions.shown import SYSTEM

Fields = Mapping[str, Any]


def item(dispute: Fields) -> dict[str, Any]:
    """One entry of GET /disputes: without the times of creation, with the card at the top."""
    return {
        "id": dispute["id"],
        "status": dispute["status"],
        "stage": dispute["stage"],
        "stage_time_created": dispute["stage_at"],
        **_asked(dispute),
        "time_to_respond_by": dispute["respond_by"],
        "result": dispute["result"],
        "system": system(dispute),
        **_adjusted(dispute),
        "transaction": {"reference": dispute["reference"], "order": {"reference": dispute["order_reference"]}},
        "payment_method": {"card": {"number": _number(dispute), "arn": dispute["arn"], "brand": dispute["brand"]}},
    }


def single(call: Call, dispute: Fields, *, owner: dict[str, str]) -> dict[str, Any]:
    """GET /disputes/{id}."""
    amount, currency = str(dispute["amount"]), dispute["currency"]
    taken = dispute["taken"]
    return {
        "id": dispute["id"],
        "time_created": dispute["created_at"],
        **owner,
        "status": dispute["status"],
        "status_time_created": dispute["status_at"],
        "stage": dispute["stage"],
        "stage_time_created": dispute["stage_at"],
        **_asked(dispute),
        "payer_amount": amount,
        "payer_currency": currency,
        "merchant_amount": amount,
        "merchant_currency": currency,
        "time_to_respond_by": dispute["respond_by"],
        "result": dispute["result"],
        "investigator_comment": "",
        "system": system(dispute),
        **_adjusted(dispute),
        "last_adjustment_time_created": dispute["last_at"],
        "net_financial_amount": str(taken) if taken else "",
        "net_financial_currency": currency if taken else "",
        "net_financial_funding": "DEBIT" if taken else "",
        "payment_method_provider": [],
        "transaction": {
            **_sold(dispute),
            "remarks": dispute["reference"],
            "payment_method": {"card": {"number": _number(dispute), **_card(dispute)}},
        },
        "documents": changes.document_ids(call.store, dispute),
        "action": call.action("DISPUTE_SINGLE"),
    }


def acted(call: Call, dispute: Fields, *, documents: list[dict[str, str]], action: str) -> dict[str, Any]:
    """What accepting and challenging answer."""
    return {
        "id": dispute["id"],
        "status": dispute["status"],
        "stage": dispute["stage"],
        **_asked(dispute),
        "result": dispute["result"],
        "documents": documents,
        "action": call.action(action),
    }


def money(moved: Fields) -> dict[str, Any]:
    """One entry of GET /settlement/disputes: one amount taken or returned, and the deposit it went through."""
    return {
        "id": moved["id"],
        "status": moved["status"],
        "stage": moved["stage"],
        "stage_time_created": moved["stage_at"],
        **_asked(moved),
        "time_to_respond_by": moved["respond_by"],
        "result": moved["result"],
        "funding_type": moved["funding"],
        "deposit_time_created": moved["paid_on"],
        "deposit_id": moved["deposit_id"],
        "last_adjustment_amount": str(moved["amount"]),
        "last_adjustment_currency": moved["currency"],
        "last_adjustment_funding": moved["funding"],
        "last_adjustment_time_created": moved["moved_at"],
        "system": system(moved),
        "transaction": {
            **_sold(moved),
            "merchant_time_created": moved["sold_at"],
            "payment_method": {"card": {"masked_number_first6last4": _number(moved), **_card(moved)}},
        },
    }


def system(dispute: Fields) -> dict[str, str]:
    return {**SYSTEM, "mid": dispute["mid"], "hierarchy": dispute["hierarchy"]}


def _asked(dispute: Fields) -> dict[str, str]:
    return {
        "amount": str(dispute["amount"]),
        "currency": dispute["currency"],
        "reason_code": dispute["reason_code"],
        "reason_description": REASONS.get(dispute["reason_code"], ""),
    }


def _adjusted(dispute: Fields) -> dict[str, str]:
    """Empty while no money has moved."""
    moved = dispute["last_funding"] != ""
    return {
        "last_adjustment_amount": str(dispute["last_amount"]) if moved else "",
        "last_adjustment_currency": dispute["currency"] if moved else "",
        "last_adjustment_funding": dispute["last_funding"],
    }


def _sold(dispute: Fields) -> dict[str, Any]:
    return {
        "time_created": dispute["sold_at"],
        "type": "SALE",
        "amount": str(dispute["sold_amount"]),
        "currency": dispute["currency"],
        "reference": dispute["reference"],
        "order": {"reference": dispute["order_reference"]},
    }


def _card(dispute: Fields) -> dict[str, str]:
    return {name: dispute[name] for name in ("arn", "brand", "authcode", "brand_reference")}


def _number(dispute: Fields) -> str:
    middle = "X" * (5 if dispute["brand"] == "AMEX" else 6)
    return f"{dispute['first6']}{middle}{dispute['last4']}"
