"""What a payment says about its card holder's authentication, and whether that is true."""

from typing import Any

from gpsandbox import fields
from gpsandbox.call import Call
from gpsandbox.cards import Card
from gpsandbox.store import Row
from gpsandbox.threeds import scenarios, shown

EXEMPTIONS = (
    "LOW_VALUE",
    "TRANSACTION_RISK_ANALYSIS",
    "TRUSTED_MERCHANT",
    "SECURE_CORPORATE_PAYMENT",
    "SCA_DELEGATION",
)
MATCHED, NOT_MATCHED, NOT_CHECKED = "MATCHED", "NOT_MATCHED", "NOT_CHECKED"


def read(call: Call, card: Card, *, amount: int, currency: str) -> dict[str, Any]:
    """The `authentication` block the transaction keeps and shows; empty when the payment names none.

    Like the gateway, a payment is never refused for a weak authentication: the bank only says so in `cavv_result`,
    and the liability stays with the merchant. An authentication that does not exist is an error (404 40118).
    """
    given = fields.section(fields.section(call.body, "payment_method"), "authentication")
    values = fields.section(given, "three_ds")
    exemption = fields.choice(values, "exempt_status", EXEMPTIONS)
    found: Row | None = None
    if given.get("id"):
        found = shown.row(call, fields.text(given, "id"))
    elif values.get("value"):
        found = _of_cryptogram(call, fields.text(values, "value"))
    elif not exemption:
        return {}
    proved = found is not None and _covers(found, card, amount=amount, currency=currency)
    checked = values.get("value") if found is None else found["letter"] in scenarios.SUCCESSFUL
    result = MATCHED if proved else NOT_MATCHED if checked else NOT_CHECKED
    kept: dict[str, Any] = {"three_ds": {"cavv_result": result, "liability_shift": "YES" if proved else "NO"}}
    if exemption:
        kept["three_ds"]["exempt_status"] = exemption
    if found is None:
        kept["three_ds"]["eci"] = fields.text(values, "eci", most=50)
        return kept
    kept["id"] = found["id"]
    kept["three_ds"] |= {
        "status": found["status"],
        "message_version": found["message_version"],
        "eci": scenarios.eci(found["letter"], brand=found["brand"]),
        "server_trans_ref": found["server_trans_ref"],
        "ds_trans_ref": found["ds_trans_ref"],
    }
    return kept


def proves(told: dict[str, Any]) -> bool:
    """Whether the block that `read` made stands for an authentication that succeeded, for this card and money."""
    return bool(told) and told["authentication"]["three_ds"]["cavv_result"] == MATCHED


def _of_cryptogram(call: Call, value: str) -> Row | None:
    return call.store.row(
        "SELECT * FROM authentications WHERE app_id = ? AND cryptogram = ? AND cryptogram <> ''", (call.app_id, value)
    )


def _covers(found: Row, card: Card, *, amount: int, currency: str) -> bool:
    """It succeeded, for this card and exactly this money."""
    return (
        found["letter"] in scenarios.SUCCESSFUL
        and found["fingerprint"] == card.fingerprint
        and (found["amount"], found["currency"]) == (amount, currency)
    )
