"""Stored cards: make, read, list, change, delete."""

from typing import Any

from gpsandbox import accounts, cards, errors, fields, listing, sources
from gpsandbox.call import Call
from gpsandbox.listing import Listing, equals, times
from gpsandbox.store import Row

USAGE_MODES = ("SINGLE", "MULTIPLE", "USE_CARD_NUMBER", "USE_NETWORK_TOKEN")

LISTING = Listing(
    plural="payment_methods",
    source="payment_methods",
    where="status <> 'USED'",
    filters={
        "id": equals("id"),
        "reference": equals("reference"),
        "status": listing.one_of("status", "ACTIVE", "DELETED"),
        "number_last4": equals("last4"),
        **times("time_created", "created_at"),
        **times("time_last_updated", "updated_at"),
    },
    order_by={"TIME_CREATED": "created_at"},
    action="PAYMENT_METHOD_LIST",
)


def create(call: Call) -> dict[str, Any]:
    """POST /payment-methods. A token for hosted fields may make single-use ones only."""
    usage_mode = fields.choice(call.body, "usage_mode", USAGE_MODES, default="MULTIPLE")
    permissions = ["PMT_POST_Create"]
    if usage_mode == "SINGLE":
        permissions.append("PMT_POST_Create_Single")
    call.allow(*permissions)
    call.account(accounts.TOKENIZATION)
    reference = fields.reference(call.body)
    fields.require(call.body, "card")
    card = cards.read(fields.section(call.body, "card"), settings=call.settings, now=call.now)
    prints = {}
    if fields.choice(call.body, "fingerprint_mode", ("ALWAYS", "ON_SUCCESS")):
        prints = sources.fingerprint_block(call, card)
    name = fields.text(call.body, "name", most=100)
    call.resource_id = sources.store_card(call, card, usage_mode=usage_mode, name=name, reference=reference)
    return {**_shown(call, sources.find_token(call, call.resource_id), "PAYMENT_METHOD_CREATE"), **prints}


def get(call: Call) -> dict[str, Any]:
    """GET /payment-methods/{id}."""
    call.allow("PMT_GET_Single")
    return _shown(call, sources.find_token(call, call.path_id), "PAYMENT_METHOD_SINGLE")


def find(call: Call) -> dict[str, Any]:
    """GET /payment-methods."""
    call.allow("PMT_GET_List")
    account = call.account(accounts.TOKENIZATION)
    return listing.answer(call, LISTING, account=account, show=_item)


def edit(call: Call) -> dict[str, Any]:
    """PATCH /payment-methods/{id}: name, expiry, or a single-use token made lasting."""
    call.allow("PMT_PATCH_Edit")
    row = sources.find_token(call, call.path_id)
    fields.require(call.body, "usage_mode")
    usage_mode = fields.choice(call.body, "usage_mode", USAGE_MODES)
    if usage_mode == "SINGLE" and row["usage_mode"] != "SINGLE":
        raise errors.rule_broken("Tokentype can only be MULTI")
    changes: dict[str, Any] = {"usage_mode": usage_mode, "updated_at": call.stamp}
    if usage_mode != "SINGLE":
        changes["expires_at"] = sources.FOREVER
    if call.body.get("name"):
        changes["name"] = fields.text(call.body, "name", most=100)
    card = fields.section(call.body, "card")
    if card.get("expiry_month") or card.get("expiry_year"):
        changes["expiry_month"], changes["expiry_year"] = cards.expiry_read(card, now=call.now)
    call.store.update("payment_methods", row["id"], **changes)
    call.resource_id = row["id"]
    return _shown(call, sources.find_token(call, row["id"]), "PAYMENT_METHOD_EDIT")


def delete(call: Call) -> dict[str, Any]:
    """DELETE /payment-methods/{id}: HTTP 200 with a body."""
    call.allow("PMT_DELETE_Delete")
    row = sources.find_token(call, call.path_id)
    call.store.update("payment_methods", row["id"], status="DELETED", updated_at=call.stamp)
    call.resource_id = row["id"]
    return {
        "id": row["id"],
        "time_created": row["created_at"],
        "status": "DELETED",
        "reference": row["reference"],
        "name": row["name"],
        "card": {"number_last4": cards.of_row(row).masked},
        "action": call.action("PAYMENT_METHOD_DELETE"),
    }


def _shown(call: Call, row: Row, action: str) -> dict[str, Any]:
    account = call.session.merchant.account(accounts.TOKENIZATION)
    return {**_item(row), **call.owner(account), "action": call.action(action)}


def _item(row: Row) -> dict[str, Any]:
    card = cards.of_row(row)
    return {
        "id": row["id"],
        "time_created": row["created_at"],
        "time_last_updated": row["updated_at"],
        "status": row["status"],
        "usage_mode": row["usage_mode"],
        "reference": row["reference"],
        "name": row["name"],
        "card": {
            "number_last4": card.masked,
            "masked_number_last4": card.masked,
            "brand": card.brand,
            "expiry_month": card.expiry_month,
            "expiry_year": card.expiry_year,
        },
    }
