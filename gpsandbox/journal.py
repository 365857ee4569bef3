"""What was called: one row per API call, for tests and for people. Bodies are kept redacted."""

from typing import Any

from gpsandbox import redaction
from gpsandbox.call import Call
from gpsandbox.store import Store


def write(call: Call, *, status: int | None, detailed_error_code: str = "", answer: Any = None, text: str = "") -> None:
    """Note a call. `status` None means it was not answered at all; `answer` is the body we answered with.

    `text` is that body's JSON text, if the caller has it already.
    """
    call.store.insert(
        "requests",
        {
            "time_created": call.stamp,
            "app_id": call.app_id,
            "method": call.method,
            "endpoint": call.endpoint,
            "path": redaction.text_cleaned(call.path),
            "reference": redaction.text_cleaned(call.reference or _asked_reference(call)),
            "idempotency_key": redaction.text_cleaned(call.idempotency_key),
            "resource_id": call.resource_id,
            "status": status,
            "detailed_error_code": detailed_error_code,
            "fault": call.fault,
            "sent": redaction.shown(call.body) if call.body else "",
            "answered": redaction.shown(answer, text=text) if answer else "",
        },
    )


def find(store: Store, *, reference: str = "", newest: int = 0) -> list[dict[str, Any]]:
    """Calls in the order they came; of all of them, or the `newest`, when no reference is named."""
    rows = store.rows(
        "SELECT * FROM (SELECT * FROM requests WHERE ?1 = '' OR reference = ?1 ORDER BY id DESC LIMIT ?2) ORDER BY id",
        (redaction.text_cleaned(reference), newest or -1),
    )
    return [dict(row) for row in rows]


def _asked_reference(call: Call) -> str:
    """The reference as sent. Only short text counts: whatever else stands there stays out of the journal."""
    asked = call.body.get("reference") or call.query.get("reference", "")
    return asked if isinstance(asked, str) and len(asked) <= 50 else ""
