"""The log of every call as the gateway itself keeps it: GET /actions shows it."""

from typing import Any

from gpsandbox import ids, redaction
from gpsandbox.call import Call
from gpsandbox.errors import ApiError


def write(call: Call, *, answer: dict[str, Any]) -> None:
    """Note a call that was answered well, under the id its answer names."""
    action = answer.get("action", {})
    _insert(
        call,
        action_id=action.get("id") or ids.new("ACT"),
        type_=action.get("type", ""),
        resource_id=call.resource_id or str(answer.get("id", "")),
        resource_status=str(answer.get("status", "")),
        http_code=200,
        response_code=action.get("result_code", "SUCCESS"),
        account_id=str(answer.get("account_id", "")),
        account_name=str(answer.get("account_name", "")),
    )


def write_refused(call: Call, error: ApiError) -> None:
    """Note a call that was refused."""
    _insert(
        call,
        action_id=ids.new("ACT"),
        type_=call.action_type,
        resource_id=call.resource_id or call.path_id,
        http_code=error.status,
        response_code=error.code,
        detailed_code=error.detailed,
        message=error.text,
    )


def _insert(call: Call, *, action_id: str, type_: str, resource_id: str, http_code: int, **more: str) -> None:
    call.store.insert(
        "actions",
        {
            "id": action_id,
            "app_id": call.app_id,
            "created_at": call.stamp,
            "type": type_,
            "resource": call.endpoint.split("/")[1].replace("-", "_").upper(),
            "resource_id": redaction.text_cleaned(resource_id),
            "resource_status": more.get("resource_status", ""),
            "http_code": http_code,
            "response_code": more["response_code"],
            "detailed_code": more.get("detailed_code", ""),
            "message": redaction.text_cleaned(more.get("message", "")),
            "account_id": more.get("account_id", ""),
            "account_name": more.get("account_name", ""),
            "version": call.version,
        },
    )
