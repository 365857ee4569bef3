"""Stored cards: make, read, list, change, delete."""

from dataclasses import replace
from typing import Any

from gpsandbox import accounts, cards, cards_seed, errors, fields, listing, sources
from gpsandbox.call import Call
from gpsandbox.errors import ApiError
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
        "number_first6": equals("first6"),
        "brand": equals("brand"),
        "name": equals("name"),
        "usage_mode": listing.one_of("usage_mode", *USAGE_MODES),
        "fingerprint": equals("fingerprint"),
        **times("time_created", "created_at"),
        **times("time_last_updated", "updated_at"),
    },
    order_by={"TIME_CREATED": "created_at", "TIME_LAST_UPDATED": "updated_at"},
    action="PAYMENT_METHOD_LIST",
)


SEARCH = replace(
    LISTING,
    where="status = 'ACTIVE'",
    filters={
        "fingerprint": equals("fingerprint"),
        "expiry_month": equals("expiry_month"),
        "expiry_year": equals("expiry_year"),
        "reference": equals("reference"),
    },
)
"""The same list, asked by card number."""


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
    name = fields.free_text(call.body, "name", most=100)
    call.resource_id = sources.store_card(call, card, usage_mode=usage_mode, name=name, reference=reference)
    return {**_shown(call, sources.find_token(call, call.resource_id), "PAYMENT_METHOD_CREATE"), **prints}


def get(call: Call) -> dict[str, Any]:
    """GET /payment-methods/{id}."""
    call.allow("PMT_GET_Single")
    call.account(accounts.TOKENIZATION)
    try:
        found = sources.find_token(call, cards_seed.own_id(call, call.path_id))
    except ApiError as error:
        if error.status != 404:
            raise
        raise errors.resource_unknown("PAYMENT_METHODS", call.path_id, call.path) from None
    return {**_shown(call, found, "PAYMENT_METHOD_SINGLE"), "id": call.path_id}


def find(call: Call) -> dict[str, Any]:
    """GET /payment-methods."""
    call.allow("PMT_GET_List")
    account = call.account(accounts.TOKENIZATION)
    return listing.answer(call, LISTING, account=account, show=_item)


def search(call: Call) -> dict[str, Any]:
    """POST /payment-methods/search: the tokens of a card number, and of its date where one is given."""
    call.allow("PMT_POST_Search")
    account = call.account(accounts.TOKENIZATION)
    card = fields.section(call.body, "card")
    known = cards.fingerprint(cards.number_read(card), settings=call.settings)
    asked = {"fingerprint": known, "reference": fields.text(call.body, "reference")}
    if card.get("expiry_month") or card.get("expiry_year"):
        asked["expiry_month"], asked["expiry_year"] = cards.expiry_read(card, now=None)
    call.query = {name: text for name, text in call.query.items() if name not in SEARCH.filters} | asked
    return {**listing.answer(call, SEARCH, account=account, show=_item), "filter": {}}


def detokenize(call: Call) -> dict[str, Any]:
    """POST /payment-methods/{id}/detokenize: refused. No merchant has the permission, for no number is kept here."""
    call.account(accounts.TOKENIZATION)
    raise errors.not_permitted()


def edit(call: Call) -> dict[str, Any]:
    """PATCH /payment-methods/{id}: name, expiry, or a single-use token made lasting."""
    call.allow("PMT_PATCH_Edit")
    call.account(accounts.TOKENIZATION)
    card = fields.section(call.body, "card")
    usage_mode = fields.choice(call.body, "usage_mode", USAGE_MODES)
    if usage_mode == "SINGLE":
        raise errors.rule_broken("Tokentype can only be MULTI")
    if not usage_mode and not card.get("expiry_month"):
        raise errors.nothing_to_edit()
    row = sources.find_token(call, call.path_id)
    changes: dict[str, Any] = {"updated_at": call.stamp}
    if usage_mode:
        changes["usage_mode"] = usage_mode
        changes["expires_at"] = sources.FOREVER
    if call.body.get("name"):
        changes["name"] = fields.free_text(call.body, "name", most=100)
    if card.get("expiry_month") or card.get("expiry_year"):
        changes["expiry_month"], changes["expiry_year"] = cards.expiry_read(card, now=call.now)
    call.store.update("payment_methods", row["id"], **changes)
    call.resource_id = row["id"]
    return _shown(call, sources.find_token(call, row["id"]), "PAYMENT_METHOD_EDIT")


def delete(call: Call) -> dict[str, Any]:
    """DELETE /payment-methods/{id}: HTTP 200 with a body."""
    call.allow("PMT_DELETE_Delete")
    call.account(accounts.TOKENIZATION)
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
