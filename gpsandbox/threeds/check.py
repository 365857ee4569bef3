"""POST /authentications: is this card enrolled, and where does its bank look at the browser?"""

import re
import uuid
from typing import Any

from gpsandbox import accounts, cards, errors, fields, ids, sources
from gpsandbox.call import Call
from gpsandbox.cards import Card
from gpsandbox.threeds import scenarios, shown

SOURCES = ("BROWSER", "MOBILE_SDK", "MERCHANT_INITIATED", "STORED_RECURRING")
PREFERENCES = (
    "NO_PREFERENCE",
    "NO_CHALLENGE_REQUESTED",
    "CHALLENGE_PREFERRED",
    "CHALLENGE_MANDATED",
    "NO_CHALLENGE_REQUESTED_TRANSACTION_RISK_ANALYSIS_PERFORMED",
    "NO_CHALLENGE_REQUESTED_DATA_SHARE_ONLY",
    "NO_CHALLENGE_REQUESTED_SCA_ALREADY_PERFORMED",
    "NO_CHALLENGE_REQUESTED_WHITELIST",
    "CHALLENGE_REQUESTED_PROMPT_FOR_WHITELIST",
)
ADDRESS = re.compile(r"https?://[^\s/]+(/\S*)?")


def check(call: Call) -> dict[str, Any]:
    """Open an authentication. No bank is asked yet and nothing is decided."""
    call.allow("AUT_POST_Check_Availability")
    body = call.body
    account = call.account(accounts.TRANSACTIONS, required=True)
    fields.require(body, "channel", "country", "amount", "currency", "reference")
    call.reference = fields.reference(body)
    source = fields.choice(body, "source", SOURCES, default="BROWSER")
    notifications = fields.section(body, "notifications")
    if source == "BROWSER":
        _required(notifications, "challenge_return_url", "three_ds_method_return_url")
    card, token_id = card_read(call)
    if card is None:
        raise errors.conditionally_missing("number", "expiry_month", "expiry_year")
    scenario, version = scenarios.of_fingerprint(card.fingerprint, settings=call.settings)
    call.resource_id = ids.new("AUT")
    call.store.insert(
        "authentications",
        {
            "id": call.resource_id,
            "app_id": call.app_id,
            "account_id": account.id,
            "account_name": account.name,
            "created_at": call.stamp,
            "updated_at": call.stamp,
            "status": "AVAILABLE" if scenario.letter else "NOT_ENROLLED",
            "channel": fields.choice(body, "channel", ("CNP", "CP")),
            "country": fields.pattern(body, "country", r"[A-Z]{2}"),
            "currency": fields.pattern(body, "currency", r"[A-Z]{3}"),
            "amount": fields.minor_units(body, "amount"),
            "reference": call.reference,
            "source": source,
            "preference": fields.choice(body, "preference", PREFERENCES),
            "scenario": scenario.name,
            "message_version": version,
            "brand": card.brand,
            "last4": card.last4,
            "fingerprint": card.fingerprint,
            "token_id": token_id,
            "challenge_return_url": _address(notifications, "challenge_return_url"),
            "method_return_url": _address(notifications, "three_ds_method_return_url"),
            "server_trans_ref": str(uuid.uuid4()),
        },
    )
    return shown.authentication(call, shown.row(call, call.resource_id), action="CHECK_AVAILABILITY")


def card_read(call: Call) -> tuple[Card | None, str]:
    """The card in `payment_method`, and its PMT_ name if it has one. A single-use token stays unused: it pays later."""
    method = fields.section(call.body, "payment_method")
    if isinstance(method.get("id"), str) and method["id"]:
        return cards.of_row(sources.find_token(call, method["id"])), method["id"]
    details = fields.section(method, "card")
    if not details.get("number"):
        return None, ""
    return cards.read(details, settings=call.settings, now=call.now), ""


def _required(notifications: dict[str, Any], *names: str) -> None:
    absent = [f"notifications.{name}" for name in names if not notifications.get(name)]
    if absent:
        raise errors.missing(*absent)


def _address(notifications: dict[str, Any], name: str) -> str:
    address = fields.text(notifications, name, most=2048)
    if address and not ADDRESS.fullmatch(address):
        raise errors.wrong_value(f"notifications.{name}")
    return address
