"""GET /transactions and GET /transactions/{id}."""

from typing import Any

from gpsandbox import accounts, errors, listing
from gpsandbox.call import Call
from gpsandbox.listing import Listing, equals, one_of, times, whole
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

METHODS = ("CARD", "BANK_TRANSFER", "BANK PAYMENT", "BANK_PAYMENT")
"""Bank payments (open banking) may be asked for; the sandbox makes none."""

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
        "number_first6": equals("first6"),
        "number_last4": equals("last4"),
        "token_first6": equals("first6"),
        "token_last4": equals("last4"),
        "brand": equals("brand"),
        "brand_reference": equals("brand_reference"),
        "authcode": equals("authcode"),
        "reference": equals("reference"),
        "batch_id": equals("batch_id"),
        "order.reference": equals("order_reference"),
        "order_reference": equals("order_reference"),
        "entry_mode": equals("entry_mode"),
        "name": equals("name"),
        "payment_method": one_of("method", *METHODS),
        "risk_assessment_result": equals("risk"),
        "fingerprint": equals("fingerprint"),
        **times("time_created", "created_at"),
    },
    order_by={"TIME_CREATED": "created_at", "ID": "id", "STATUS": "status", "TYPE": "type"},
    action="TRANSACTION_LIST",
)


def find(call: Call) -> dict[str, Any]:
    """GET /transactions."""
    call.allow("TRN_GET_List")
    account = call.account(accounts.TRANSACTIONS)
    return listing.answer(call, LISTING, account=account, show=lambda row: shown.item(call, row))


def get(call: Call) -> dict[str, Any]:
    """GET /transactions/{id}."""
    call.allow("TRN_GET_Single")
    found = call.store.row("SELECT * FROM transactions WHERE id = ? AND app_id = ?", (call.path_id, call.app_id))
    if found is None:
        raise errors.resource_unknown("Transactions", call.path_id, f"/ucp/transactions/{call.path_id}")
    call.reference = found["reference"]
    return shown.detailed(call, found)
