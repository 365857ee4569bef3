"""POST /authentications/{id}/initiate: the card holder's bank decides at once, or wants to ask."""

import json
import secrets
import uuid
from typing import Any

from gpsandbox import errors, fields
from gpsandbox.call import Call
from gpsandbox.threeds import challenge, scenarios, shown
from gpsandbox.threeds.check import PREFERENCES, SOURCES, card_read

COMPLETIONS = ("YES", "NO", "UNAVAILABLE")
UI_TEMPLATES = {"OOB": "OUT_OF_BAND"}
"""Short names of the SDKs → the gateway's."""


def initiate(call: Call) -> dict[str, Any]:
    """The amount of the check counts: another one here changes nothing."""
    call.allow("AUT_POST_Initiate")
    card, _token_id = card_read(call)
    if card is None:
        raise errors.missing("number")
    found = shown.row(call, call.path_id)
    if found["status"] != "AVAILABLE":
        raise errors.authentication_not_allowed_now("Initiate", found["status"])
    if card.fingerprint != found["fingerprint"] and not call.settings.conformance:  # its tests share one card object
        raise errors.wrong_value("payment_method")
    three_ds = fields.section(call.body, "three_ds")
    source = fields.choice(three_ds, "source", SOURCES, default=found["source"])
    preference = fields.choice(three_ds, "preference", PREFERENCES, default=found["preference"])
    if not fields.section(call.body, "order").get("time_created_reference"):
        raise errors.missing("order.time_created_reference")
    mobile = _device(call, source)
    completion = fields.choice(call.body, "method_url_completion_status", COMPLETIONS)
    call.store.update(
        "authentications",
        found["id"],
        updated_at=call.stamp,
        source=source,
        preference=preference,
        method_completion=completion,
        ds_trans_ref=str(uuid.uuid4()),
        acs_trans_ref=str(uuid.uuid4()),
        mobile=json.dumps(mobile),
    )
    letter = "N" if call.forced else scenarios.BY_NAME[found["scenario"]].letter
    status = scenarios.CONFORMANCE_STATUS.get(letter, "") if call.settings.conformance else ""
    challenge.end(call.store, found["id"], letter=letter, now=call.now, status=status)
    call.resource_id = found["id"]
    return shown.authentication(call, shown.row(call, found["id"]), action="INITIATE_AUTHENTICATION")


def _device(call: Call, source: str) -> dict[str, str]:
    """Refuse a source without the data that belongs to it; returns how an app's SDK would show a challenge."""
    if source == "BROWSER" and not fields.section(call.body, "browser_data"):
        raise errors.data_element_missing("browser_data")
    if source != "MOBILE_SDK":
        return {}
    given = fields.section(call.body, "mobile_data")
    if not given:
        raise errors.data_element_missing("sdk_information")
    kinds = given.get("sdk_ui_type") or ["TEXT"]
    kind = str(kinds[0] if isinstance(kinds, list) else kinds)
    return {
        "acs_interface": "HTML" if given.get("sdk_interface") == "BROWSER" else "NATIVE",
        "acs_ui_template": UI_TEMPLATES.get(kind, kind),
        "acs_signed_content": secrets.token_urlsafe(48),
    }
