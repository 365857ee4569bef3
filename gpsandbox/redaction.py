"""What may be kept of a body: never a card or bank account number, a security code, a key or a token."""

import json
import re
from typing import Any

from gpsandbox import cards

HIDDEN = "•••"
SECRET_NAMES = frozenset(
    {
        "cvv",
        "cvv2",
        "cvc",
        "cvc2",
        "securitycode",
        "secret",
        "nonce",
        "token",
        "appkey",
        "value",
        "cryptogram",
        "authenticationvalue",
        "b64content",
        "track",
        "pinblock",
        "tag",
        "paymenttoken",
        "accesstoken",
        "checkreference",
    }
)
MASKED_NAMES = frozenset({"number", "cardnumber", "pan", "accountnumber", "iban"})
"""Both as `_plain` writes a name: `accountNumber`, `Account_Number` and `account-number` are one."""

LONGEST = 4000
"""Characters of one body that are kept."""

_SUSPECT_NAMES = re.compile(
    rf'"(?:{"|".join("[_-]*".join(name) for name in sorted(SECRET_NAMES | MASKED_NAMES))})[_-]*":', re.IGNORECASE
)
_SUSPECT_TEXT = re.compile(r"[0-9 -]{12}")
"""One of these is in the JSON text of everything that `_walk` would change, and of a little more."""

_NAME = re.compile(r"[A-Z]{3}_[A-Za-z0-9_-]{1,46}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""A name of the gateway's own, or a UUID: its letters and digits may look like a card number and never are one."""

_DIGITS = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){11,18}(?![0-9])")


def shown(value: Any, *, text: str = "") -> str:
    """A body as JSON text, safe to keep and to show; cut when it is very long.

    `text` is the body's own compact JSON text, if the caller has it: most bodies hold no secret and are shown as sent.
    """
    text = text or compact(value)
    if _SUSPECT_TEXT.search(text) or _SUSPECT_NAMES.search(text):
        text = compact(cleaned(value))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def compact(value: Any) -> str:
    """JSON text as the gateway writes it: without spaces, without sorting."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def cleaned(value: Any, name: str = "") -> Any:
    """The same value, safe to keep. `name` is the key it stands under."""
    name = _plain(name)
    if name in SECRET_NAMES and value not in (None, ""):
        return HIDDEN
    if isinstance(value, dict):
        return {key: cleaned(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [cleaned(item, name) for item in value]
    if value in (None, ""):
        return value
    if name in MASKED_NAMES:
        return masked(str(value))
    if isinstance(value, int) and not isinstance(value, bool) and (hidden := text_cleaned(str(value))) != str(value):
        return hidden
    return text_cleaned(value) if isinstance(value, str) else value


def text_cleaned(text: str) -> str:
    """Free text without the card numbers in it: whatever has 12 to 19 digits and the right check digit."""
    if len(text) < 12 or _NAME.fullmatch(text):
        return text
    return _DIGITS.sub(
        lambda found: masked(found[0]) if cards.luhn_holds(re.sub(r"[ -]", "", found[0])) else found[0], text
    )


def masked(number: str) -> str:
    """The last four digits behind dots."""
    return f"{HIDDEN}{number[-4:]}" if len(number) >= 8 else HIDDEN


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()
