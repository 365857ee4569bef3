"""GET /disputes, GET /disputes/{id} and its documents."""

from typing import Any

from gpsandbox import accounts, errors, listing
from gpsandbox.call import Call
from gpsandbox.disputes import changes, deadlines, life, shown
from gpsandbox.disputes.changes import Dispute
from gpsandbox.listing import Condition, Listing, equals, one_of, times

ORDER_BY = {
    "TIME_CREATED": "created_at",
    "ID": "id",
    "ARN": "arn",
    "BRAND": "brand",
    "STATUS": "status",
    "STAGE": "stage",
    "STAGE_TIME_CREATED": "stage_at",
    "FROM_STAGE_TIME_CREATED": "stage_at",
    "TO_STAGE_TIME_CREATED": "stage_at",
    "ADJUSTMENT_FUNDING": "last_funding",
    "FROM_ADJUSTMENT_TIME_CREATED": "last_at",
    "TO_ADJUSTMENT_TIME_CREATED": "last_at",
}
"""SDKs order by the names of filters too."""

BOTH = {
    "id": equals("id"),
    "arn": equals("arn"),
    "brand": equals("brand"),
    "stage": one_of("stage", *life.STAGES),
    "system.mid": equals("mid"),
    "system.hierarchy": equals("hierarchy"),
    "order.reference": equals("order_reference"),
    **times("stage_time_created", "stage_at"),
}
"""Filters that settled disputes have as well."""


def _in_deposit(name: str, text: str) -> Condition:
    return (
        "EXISTS (SELECT 1 FROM settled_disputes AS settled WHERE settled.app_id = disputes.app_id"
        " AND settled.id = disputes.id AND settled.deposit_id = ?)",
        text,
    )


LISTING = Listing(
    plural="disputes",
    source="disputes",
    filters={
        **BOTH,
        "status": one_of("status", *life.STATUSES),
        "deposit_id": _in_deposit,
        "adjustment_funding": one_of("last_funding", "DEBIT", "CREDIT"),
        **times("adjustment_time_created", "last_at"),
    },
    order_by=ORDER_BY,
    action="DISPUTE_LIST",
)


def find(call: Call) -> dict[str, Any]:
    """GET /disputes. An ARN that no dispute carries is an error here, not an empty list."""
    call.allow("DIS_GET_List")
    account = call.account(accounts.DISPUTES)
    deadlines.enforce(call.store, now=call.now)
    arn = call.query.get("arn", "")
    if arn and not call.store.value("SELECT 1 FROM disputes WHERE app_id = ? AND arn = ?", (call.app_id, arn)):
        raise errors.dispute_arn_unknown()
    return listing.answer(call, LISTING, account=account, show=lambda row: shown.item(dict(row)))


def get(call: Call) -> dict[str, Any]:
    """GET /disputes/{id}."""
    call.allow("DIS_GET_Single")
    account = call.account(accounts.DISPUTES)
    deadlines.enforce(call.store, now=call.now)
    dispute = _found(call)
    call.reference = dispute["reference"]
    return shown.single(call, dispute, owner=call.owner(account))


def document_get(call: Call) -> dict[str, Any]:
    """GET /disputes/{id}/documents/{doc}. A specimen holds whichever document is asked of it."""
    call.allow("DIS_GET_Single")
    dispute = _found(call)
    document_id = call.path.rsplit("/", 1)[-1]
    content = call.store.value(
        "SELECT b64_content FROM dispute_documents WHERE app_id = ? AND dispute_id = ? AND (id = ? OR ?) LIMIT 1",
        (call.app_id, dispute["id"], document_id, dispute["specimen"] and document_id.startswith("DOC_")),
    )
    if content is None:
        raise errors.dispute_document_unknown()
    return {"id": document_id, "b64_content": content, "action": call.action("DOCUMENT_SINGLE")}


def _found(call: Call) -> Dispute:
    dispute = changes.find(call.store, app_id=call.app_id, dispute_id=call.path_id)
    if dispute is None:
        raise errors.dispute_unknown()
    return dispute
