"""GET /transactions and GET /transactions/{id}."""

from typing import Any

from gpsandbox import accounts, cards_seed, errors, listing
from gpsandbox.call import Call
from gpsandbox.listing import Condition, Filter, Listing, equals, one_of, times, whole
from gpsandbox.transactions import shown

STATUSES = (
    "FOR_REVIEW",
    "INITIATED",
    "PENDING",
    "PREAUTHORIZED",
    "CAPTURED",
    "BATCHED",
    "REVERSED",
    "DECLINED",
    "FUNDED",
    "FAILED",
    "REJECTED",
)

METHODS = ("CARD", "BANK_TRANSFER", "DIGITAL_WALLET", "APM", "BANK_PAYMENT", "BNPL")
WALLET_FILTERS = ("token_first6", "token_last4")


def _method(name: str, text: str) -> Condition:
    """The gateway's SDKs write some of them with a space."""
    return one_of("method", *METHODS)(name, text.replace(" ", "_"))


def _number(column: str, *, wallet: bool) -> Filter:
    """A wallet has a token where a card has its number."""
    return lambda name, text: (f"method {'=' if wallet else '<>'} 'DIGITAL_WALLET' AND {column} = ?", text)


def _risk(column: str) -> Filter:
    return lambda name, text: (f"json_extract(detail, '$.risk.{column}') = ?", text)


def _system(column: str) -> Filter:
    """Every transaction went through the same terminal."""
    return lambda name, text: (f"'{shown.SYSTEM[column]}' = ?", text)


LISTING = Listing(
    plural="transactions",
    source="transactions",
    filters={
        "id": equals("id"),
        "type": one_of("type", "SALE", "REFUND"),
        "channel": one_of("channel", "CNP", "CP"),
        "status": one_of("status", *STATUSES),
        "amount": whole("amount"),
        "currency": equals("currency"),
        "country": equals("country"),
        "number_first6": _number("first6", wallet=False),
        "number_last4": _number("last4", wallet=False),
        "token_first6": _number("first6", wallet=True),
        "token_last4": _number("last4", wallet=True),
        "brand": equals("brand"),
        "brand_reference": equals("brand_reference"),
        "authcode": equals("authcode"),
        "reference": equals("reference"),
        "batch_id": equals("batch_id"),
        "order.reference": equals("order_reference"),
        "order_reference": equals("order_reference"),
        "entry_mode": equals("entry_mode"),
        "name": equals("name"),
        "payment_method": _method,
        "risk_assessment_mode": _risk("mode"),
        "risk_assessment_result": equals("risk"),
        "risk_assessment_reason_code": _risk("reason_code"),
        "fingerprint": equals("fingerprint"),
        **{f"system.{column}": _system(column) for column in shown.SYSTEM},
        **times("time_created", "created_at"),
        **times("time_last_updated", "updated_at"),
    },
    order_by={"TIME_CREATED": "created_at", "ID": "id", "STATUS": "status", "TYPE": "type"},
    action="TRANSACTION_LIST",
)


def find(call: Call) -> dict[str, Any]:
    """GET /transactions."""
    call.allow("TRN_GET_List")
    account = call.account(accounts.TRANSACTIONS)
    method = call.query.get("payment_method", "")
    if any(call.query.get(name) for name in WALLET_FILTERS) and method.replace(" ", "_") not in ("", "DIGITAL_WALLET"):
        raise errors.unexpected_fields("payment_method")
    return listing.answer(call, LISTING, account=account, show=lambda row: shown.item(call, row))


def get(call: Call) -> dict[str, Any]:
    """GET /transactions/{id}."""
    call.allow("TRN_GET_Single")
    call.account(accounts.TRANSACTIONS)
    transaction_id = cards_seed.own_id(call, call.path_id)
    found = call.store.row("SELECT * FROM transactions WHERE id = ? AND app_id = ?", (transaction_id, call.app_id))
    if found is None:
        raise errors.resource_unknown("Transactions", call.path_id, f"/ucp/transactions/{call.path_id}")
    call.reference = found["reference"]
    return {**shown.detailed(call, found), "id": call.path_id}
