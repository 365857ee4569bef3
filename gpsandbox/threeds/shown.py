"""How an authentication looks in an answer."""

import json
from typing import Any

from gpsandbox import accounts, errors
from gpsandbox.call import Call
from gpsandbox.settings import Settings
from gpsandbox.store import Row
from gpsandbox.threeds import challenge, scenarios
from gpsandbox.threeds.scenarios import BY_NAME, ENDINGS, VERSION

OLDEST = "2.1.0"
"""The first message version that directory and banks speak here."""


def row(call: Call, authentication_id: str) -> Row:
    """One authentication of the calling merchant. Raises 404 40118."""
    found = call.store.row(
        "SELECT * FROM authentications WHERE id = ? AND app_id = ?", (authentication_id, call.app_id)
    )
    if found is None:
        raise errors.authentication_unknown(authentication_id)
    call.reference = call.reference or found["reference"]
    return found


def authentication(call: Call, found: Row, *, action: str) -> dict[str, Any]:
    """The whole resource."""
    return {**item(call, found), "action": call.action(action)}


def item(call: Call, found: Row) -> dict[str, Any]:
    """One entry of a list; every answer starts from it."""
    return {
        "id": found["id"],
        "time_created": found["created_at"],
        "time_last_updated": found["updated_at"],
        "status": found["status"],
        "channel": found["channel"],
        "amount": str(found["amount"]),
        "currency": found["currency"],
        "country": found["country"],
        **call.owner(call.session.merchant.account(accounts.TRANSACTIONS)),
        "reference": found["reference"],
        "payment_method": {
            **({"id": found["token_id"]} if found["token_id"] else {}),
            "card": {"brand": found["brand"], "masked_number_last4": f"{'X' * 12}{found['last4']}"},
        },
        "three_ds": _three_ds(call.settings, found),
        "notifications": {
            "challenge_return_url": found["challenge_return_url"],
            "three_ds_method_return_url": found["method_return_url"],
        },
    }


def _three_ds(settings: Settings, found: Row) -> dict[str, Any]:
    scenario = BY_NAME[found["scenario"]]
    shown: dict[str, Any] = {
        "enrolled_status": "ENROLLED" if scenario.letter else "NOT_ENROLLED",
        "message_version": found["message_version"],
        "message_category": "PAYMENT",
        "authentication_source": found["source"],
        "server_trans_ref": found["server_trans_ref"],
        "liability_shift": "NO",
    }
    if scenario.letter:
        for side in ("ds", "acs"):
            shown |= {f"{side}_protocol_version_start": OLDEST, f"{side}_protocol_version_end": VERSION}
        shown["acs_info_indicator"] = []
    if scenario.method_page:
        shown |= _method(settings, found)
    if found["letter"]:
        shown |= _ended(settings, found)
    return shown


def _method(settings: Settings, found: Row) -> dict[str, Any]:
    """Where the bank's method page is, and what the shop's hidden frame posts to it."""
    data = {"threeDSServerTransID": found["id"], "threeDSMethodNotificationURL": found["method_return_url"]}
    return {
        "method_url": f"{settings.acs_url}/acs/method",
        "method_data": {
            "three_ds_server_trans_id": found["id"],
            "three_ds_method_return_url": found["method_return_url"],
            "encoded_method_data": challenge.encoded(data),
        },
    }


def _ended(settings: Settings, found: Row) -> dict[str, Any]:
    """What the bank said, or where it asks."""
    ending = ENDINGS[found["letter"]]
    shown: dict[str, Any] = {
        "status": ending.three_ds_status,
        "status_reason": found["reason"],
        "liability_shift": ending.liability_shift,
        "ds_trans_ref": found["ds_trans_ref"],
        "acs_trans_ref": found["acs_trans_ref"],
        "acs_reference_number": "GPSANDBOX_ACS_1",
    }
    mobile = json.loads(found["mobile"])
    if mobile:
        shown["mobile_data"] = {
            "acs_signed_content": mobile["acs_signed_content"],
            "acs_rendering_type": {name: mobile[name] for name in ("acs_interface", "acs_ui_template")},
        }
    if found["letter"] == "C":
        shown |= {
            "acs_challenge_request_url": f"{settings.acs_url}/acs/challenge/{found['acs_trans_ref']}",
            "challenge_value": challenge.request(found),
            "challenge_status": "MANDATED",
            "message_type": "CREQ",
            "session_data_field_name": "threeDSSessionData",
        }
    else:
        shown["eci"] = scenarios.eci(found["letter"], brand=found["brand"])
    if found["cryptogram"]:
        shown["authentication_value"] = found["cryptogram"]
    return shown
