"""POST /transactions/{id}/confirmation: take an alternative payment that its payer has approved."""

from typing import Any

from gpsandbox import accounts, batches, errors, fields
from gpsandbox.call import Call
from gpsandbox.store import Row
from gpsandbox.transactions import holds, shown


def confirm(call: Call) -> dict[str, Any]:
    call.allow("TRN_POST_Confirm")
    call.account(accounts.TRANSACTIONS)
    found = shown.row(call, call.path_id)
    call.resource_id, call.reference = found["id"], found["reference"]
    fields.section(fields.section(call.body, "payment_method"), "apm")
    if found["method"] != "APM" or found["status"] != "PENDING":
        raise errors.not_allowed_now("Confirmation", found["status"])
    settle(call, found)
    return shown.transaction(call, shown.row(call, found["id"]), action="CONFIRM")


def settle(call: Call, found: Row) -> None:
    """The money is there: captured, or held when the sale asked for that."""
    held = found["capture_mode"] != "AUTO"
    changes: dict[str, Any] = {"status": "PREAUTHORIZED" if held else "CAPTURED", "result": "00", "message": "Success"}
    if not held:
        changes["captured"] = found["amount"]
        changes["batch_id"] = batches.line_add(call, transaction=found, amount=found["amount"])
    call.store.update("transactions", found["id"], updated_at=call.stamp, **changes)
    if held:
        holds.watch(call, found["id"])
