"""GET /authentications, GET /authentications/{id} and its result."""

from typing import Any

from gpsandbox import accounts, listing
from gpsandbox.call import Call
from gpsandbox.listing import Listing, equals, one_of, times, whole
from gpsandbox.threeds import shown
from gpsandbox.threeds.check import SOURCES
from gpsandbox.threeds.scenarios import ENDINGS

STATUSES = ("AVAILABLE", "NOT_ENROLLED", *dict.fromkeys(ending.status for ending in ENDINGS.values()))

LISTING = Listing(
    plural="authentications",
    source="authentications",
    filters={
        "id": equals("id"),
        "reference": equals("reference"),
        "status": one_of("status", *STATUSES),
        "source": one_of("source", *SOURCES),
        "amount": whole("amount"),
        "currency": equals("currency"),
        "brand": equals("brand"),
        "number_last4": equals("last4"),
        **times("time_created", "created_at"),
    },
    order_by={"TIME_CREATED": "created_at"},
    action="AUTHENTICATION_LIST",
)


def find(call: Call) -> dict[str, Any]:
    """GET /authentications."""
    call.allow("AUT_GET_List")
    account = call.account(accounts.TRANSACTIONS)
    return listing.answer(call, LISTING, account=account, show=lambda row: shown.item(call, row))


def get(call: Call) -> dict[str, Any]:
    """GET /authentications/{id}."""
    call.allow("AUT_GET_Single")
    return shown.authentication(call, shown.row(call, call.path_id), action="AUTHENTICATION_SINGLE")


def result(call: Call) -> dict[str, Any]:
    """GET or POST /authentications/{id}/result: where it stands. A `challenge_result_value` is not believed."""
    call.allow("AUT_GET_Single", "AUT_POST_Result")
    found = shown.row(call, call.path_id)
    call.resource_id = found["id"]
    return shown.authentication(call, found, action="OBTAIN_RESULT")
