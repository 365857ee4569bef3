"""What a transaction keeps of its request beyond what is searched: shown again by GET /transactions/{id}."""

import json
from typing import Any

from gpsandbox import errors, fields, redaction
from gpsandbox.call import Call
from gpsandbox.sources import Source
from gpsandbox.store import Row

SURCHARGE_PERCENT = 5
"""Of the amount."""

AMOUNTS = ("surcharge_amount", "convenience_amount", "gratuity_amount", "cashback_amount")
"""Parts of the amount that every answer names."""

SHOWN_AGAIN = (
    "payer",
    "ip_address",
    "initiator",
    "stored_credential",
    "user_reference",
    "site_reference",
    "payer_reference",
    "merchant_category",
    "authorization_mode",
    "surcharge_type",
    "total_capture_count",
    "capture_sequence",
    "notifications",
    "lodging",
    "tax_amount",
    "tax_mode",
    "local_tax_percentage",
    "purchase_order_number",
    "buyer_recipient_name",
)
"""Kept as sent, less the card numbers and the like in it. From `tax_amount` on: what business cards want (level 2)."""

TAX_IDS = "_tax_id_reference"
"""Level 2 fields that end so are kept too; their names differ between the gateway's own SDKs."""

NOT_OF_REFUND = ("risk", "amounts", "captures", "captured_last", "capture_sequence", "total_capture_count", "prints")

REASONS = ("INCREMENTAL", "RESUBMISSION", "REAUTHORIZATION", "DELAYED", "NO_SHOW")
SEQUENCES = ("FIRST", "SUBSEQUENT", "LAST")


def of_request(call: Call, source: Source, *, amount: int) -> dict[str, Any]:
    """Check what is only kept, and return it. `amount` is in minor units."""
    body = call.body
    stored_credential_check(body)
    _order_check(body)
    names = ("order", "link", *SHOWN_AGAIN, *(name for name in body if name.endswith(TAX_IDS)))
    kept = {name: redaction.cleaned(body[name], name) for name in names if body.get(name)}
    if amounts := _amounts(call, amount):
        kept["amounts"] = amounts
    if source.narrative:
        kept["narrative"] = source.narrative
    return kept | _of_source(source)


def of_refund(call: Call, parent: Row) -> dict[str, Any]:
    """What a refund keeps of its sale, and of its own request."""
    of_sale = {name: item for name, item in json.loads(parent["detail"]).items() if name not in NOT_OF_REFUND}
    _order_check(call.body)
    own = {name: redaction.cleaned(call.body[name]) for name in ("tax_amount",) if call.body.get(name)}
    if order := call.body.get("order"):
        own["order"] = {**of_sale.get("order", {}), **redaction.cleaned(order)}
    return of_sale | own


def shown(detail: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in detail.items() if name in SHOWN_AGAIN or name.endswith(TAX_IDS)}


def _of_source(source: Source) -> dict[str, Any]:
    if source.account:
        return {
            "bank": {
                "account_type": source.account.account_type,
                "account_holder_type": source.account.holder_type,
                "sec_code": source.account.sec_code,
                "name": source.account.bank_name,
            }
        }
    if source.apm:
        return {"apm": {"provider": source.apm.provider, "provider_reference": source.apm.reference}}
    if source.card is None:
        return {}
    return {
        "cvv_given": source.card.cvv_given,
        "avs_given": source.avs_given,
        "funding": source.card.funding,
        **({"wallet": source.wallet} if source.wallet else {}),
        **({"chip": True} if source.chip else {}),
    }


def _amounts(call: Call, amount: int) -> dict[str, str]:
    given = {name: fields.minor_units(call.body, name) for name in AMOUNTS}
    surcharge = given["surcharge_amount"]
    if surcharge and "surcharge" not in call.settings.features:
        raise errors.not_configured(surcharge_amount=str(surcharge))
    if surcharge and surcharge * 100 > amount * SURCHARGE_PERCENT:
        raise errors.rule_broken(f"The surcharge amount is greater than {SURCHARGE_PERCENT}% of the transaction amount")
    for name in ("convenience_amount", "gratuity_amount", "cashback_amount"):
        if (given[name] or 0) > amount:
            raise errors.rule_broken(f"The {name.replace('_', ' ')} is greater than the transaction amount")
    return {name: str(value) for name, value in given.items() if value}


def stored_credential_check(body: dict[str, Any]) -> None:
    fields.choice(body, "initiator", ("PAYER", "MERCHANT"))
    credential = fields.section(body, "stored_credential")
    fields.text(credential, "model", most=50)
    fields.choice(credential, "reason", REASONS)
    fields.choice(credential, "sequence", SEQUENCES)


def _order_check(body: dict[str, Any]) -> None:
    order = fields.section(body, "order")
    items = order.get("items", [])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise errors.unexpected_data("order.items")
    for name in ("shipping_address", "billing_address"):
        fields.section(order, name)
    fields.section(body, "payer")
