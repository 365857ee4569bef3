"""Which capture of several this is, and how many there may be."""

import json
from typing import Any

from gpsandbox import errors, fields
from gpsandbox.call import Call
from gpsandbox.store import Row

SEQUENCES = ("FIRST", "SUBSEQUENT", "LAST")


def counted(call: Call, found: Row) -> dict[str, Any]:
    """What the transaction keeps after one more capture.

    Raises ApiError when the request counts captures of a hold that has only one, or when all have been made.
    """
    detail: dict[str, Any] = json.loads(found["detail"])
    sequence = fields.choice(call.body, "capture_sequence", SEQUENCES)
    total = fields.count(call.body, "total_capture_count", most=99)
    if gratuity := fields.minor_units(call.body, "gratuity_amount"):
        detail.setdefault("amounts", {})["gratuity_amount"] = str(gratuity)
    if found["capture_mode"] != "MULTIPLE":
        if sequence or total:
            raise errors.unexpected_fields("capture_sequence" if sequence else "total_capture_count")
        return detail
    if total:
        detail["total_capture_count"] = total
    made = detail.get("captures", 0) + 1
    if detail.get("captured_last") or made > int(detail.get("total_capture_count", made)):
        raise errors.rule_broken("All captures of this transaction have been made")
    detail["captures"] = made
    if sequence:
        detail["capture_sequence"] = sequence
    if sequence == "LAST":
        detail["captured_last"] = True
    return detail
