"""GET /settlement/disputes: each amount that disputes took from the merchant or returned, with its deposit."""

from typing import Any

from gpsandbox import accounts, errors, listing
from gpsandbox.call import Call
from gpsandbox.disputes import deadlines, shown
from gpsandbox.disputes.reads import BOTH
from gpsandbox.listing import Listing, equals, one_of, times

LISTING = Listing(
    plural="disputes",
    source="settled_disputes",
    filters={
        **BOTH,
        "status": one_of("status", "FUNDED", "DELAYED"),
        "deposit_id": equals("deposit_id"),
        "funding_type": one_of("funding", "DEBIT", "CREDIT"),
        "adjustment_funding": one_of("funding", "DEBIT", "CREDIT"),
        **times("adjustment_time_created", "moved_at"),
        **times("deposit_time_created", "paid_at"),
    },
    order_by={
        "TIME_CREATED": "moved_at",
        "ID": "id",
        "ARN": "arn",
        "BRAND": "brand",
        "STATUS": "status",
        "STAGE": "stage",
        "STAGE_TIME_CREATED": "stage_at",
        "FROM_STAGE_TIME_CREATED": "stage_at",
        "TO_STAGE_TIME_CREATED": "stage_at",
        "DEPOSIT_ID": "deposit_id",
        "DEPOSIT_TIME_CREATED": "paid_at",
        "ADJUSTMENT_FUNDING": "funding",
        "FROM_ADJUSTMENT_TIME_CREATED": "moved_at",
        "TO_ADJUSTMENT_TIME_CREATED": "moved_at",
    },
    tie="adjustment_id",
    action="DISPUTE_LIST",
)


def find(call: Call) -> dict[str, Any]:
    """GET /settlement/disputes."""
    call.allow("DIS_GET_List_Funded")
    account = call.account(accounts.SETTLEMENT)
    deadlines.enforce(call.store, now=call.now)
    return listing.answer(call, LISTING, account=account, show=lambda row: shown.money(dict(row)))


def get(call: Call) -> dict[str, Any]:
    """GET /settlement/disputes/{id}: the last money it moved."""
    call.allow("DIS_GET_Single_Funded")
    account = call.account(accounts.SETTLEMENT)
    deadlines.enforce(call.store, now=call.now)
    row = call.store.row(
        "SELECT * FROM settled_disputes WHERE app_id = ? AND id = ? ORDER BY adjustment_id DESC LIMIT 1",
        (call.app_id, call.path_id),
    )
    if row is None:
        raise errors.resource_unknown("Disputes", call.path_id, f"/ucp/settlement/disputes/{call.path_id}")
    call.reference = row["reference"]
    return {**shown.money(dict(row)), **call.owner(account), "action": call.action("DISPUTE_SINGLE")}
