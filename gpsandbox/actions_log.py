"""GET /actions and GET /actions/{id}: the merchant reads what `actions` has written about its calls."""

from typing import Any

from gpsandbox import accounts, errors, listing
from gpsandbox.call import Call
from gpsandbox.listing import Condition, Listing, equals, times
from gpsandbox.store import Row


def _merchant_name(name: str, text: str) -> Condition:
    """`find` has compared it with the token's merchant, to whom the list is narrowed anyway."""
    return "? <> ''", text


LISTING = Listing(
    plural="actions",
    source="actions",
    filters={
        "id": equals("id"),
        "type": equals("type"),
        "resource": equals("resource"),
        "resource_id": equals("resource_id"),
        "resource_status": equals("resource_status"),
        "response_code": equals("response_code"),
        "http_code": listing.whole("http_code"),
        "http_response_code": listing.whole("http_code"),
        "version": equals("version"),
        "app_id": equals("app_id"),
        "app_name": equals("app_id"),
        "account_name": equals("account_name"),
        "account_id": equals("account_id"),
        "merchant_name": _merchant_name,
        **times("time_created", "created_at"),
    },
    order_by={"TIME_CREATED": "created_at"},
    action="ACTION_LIST",
)


def find(call: Call) -> dict[str, Any]:
    """GET /actions: of all accounts of the merchant, unless one is named."""
    call.allow("ACT_GET_List")
    merchant = call.session.merchant
    if call.query.get("merchant_name") not in (None, "", merchant.name):
        raise errors.merchant_mismatch()
    account = merchant.account(accounts.TRANSACTIONS)
    return listing.answer(call, LISTING, account=account, show=lambda row: _shown(call, row))


def get(call: Call) -> dict[str, Any]:
    """GET /actions/{id}."""
    call.allow("ACT_GET_Single")
    row = call.store.row("SELECT * FROM actions WHERE id = ? AND app_id = ?", (call.path_id, call.app_id))
    if row is None:
        raise errors.resource_unknown("Actions", call.path_id, f"/ucp/actions/{call.path_id}")
    return {**_shown(call, row), "action": call.action("ACTION_SINGLE")}


def _shown(call: Call, row: Row) -> dict[str, Any]:
    merchant = call.session.merchant
    return {
        "id": row["id"],
        "type": row["type"],
        "time_created": row["created_at"],
        "resource": row["resource"],
        "resource_id": row["resource_id"],
        "resource_status": row["resource_status"],
        "version": row["version"],
        "http_response_code": str(row["http_code"]),
        "response_code": row["response_code"],
        "detailed_error_code": row["detailed_code"],
        "detailed_error_description": row["message"],
        "merchant_id": call.mask(merchant.id),
        "merchant_name": merchant.name,
        "account_id": call.mask(row["account_id"]) if row["account_id"] else "",
        "account_name": row["account_name"],
        "app_id": row["app_id"],
        "app_name": row["app_id"],
    }
