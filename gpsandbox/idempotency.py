"""A key works once. Repeating it is an error that names the first resource, not a replay.

Keys are compared, so they are kept as sent; the journal shows them without card numbers.
"""

from gpsandbox import errors
from gpsandbox.call import Call

AUTHENTICATION = "SELECT status FROM authentications WHERE id = ?"
STATUS_TOLD = {
    "/authentications": AUTHENTICATION,
    "/authentications/{id}/initiate": AUTHENTICATION,
    "/authentications/{id}/result": AUTHENTICATION,
    "/currency-conversions": "SELECT status FROM conversions WHERE id = ?",
}
"""Endpoint → where the status of its resource lies, when the error tells it."""


def refuse_repeat(call: Call) -> None:
    """Raises 409 40039 when this app used this key on this endpoint before. Call inside `Store.atomic`."""
    if not call.idempotency_key:
        return
    first = call.store.value(
        "SELECT resource_id FROM idempotency WHERE app_id = ? AND endpoint = ? AND key = ?",
        (call.app_id, f"{call.method} {call.endpoint}", call.idempotency_key),
    )
    if first:
        call.resource_id = first
        told = STATUS_TOLD.get(call.endpoint)
        raise errors.key_seen_before(first, status=(told and call.store.value(told, (first,))) or "")


def remember(call: Call) -> None:
    """In the same transaction as what the key made: either both are there or neither. A search makes nothing."""
    if call.idempotency_key and call.resource_id:
        call.store.insert(
            "idempotency",
            {
                "app_id": call.app_id,
                "endpoint": f"{call.method} {call.endpoint}",
                "key": call.idempotency_key,
                "resource_id": call.resource_id,
            },
        )
