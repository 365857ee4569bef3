"""What the journal may keep of a body: never a card or bank account number, a security code, a key or a token."""

import json
import re
from typing import Any

from gpsandbox import cards

HIDDEN = "•••"
SECRET_NAMES = frozenset(
    {
        "cvv",
        "secret",
        "nonce",
        "token",
        "app_key",
        "value",
        "cryptogram",
        "authentication_value",
        "b64_content",
        "track",
        "pin_block",
        "tag",
        "payment_token",
        "accessToken",
    }
)
MASKED_NAMES = frozenset({"number", "account_number", "iban"})
LONGEST = 4000
"""Characters of one body that are kept."""

_SUSPECT_NAMES = tuple(f'"{name}":' for name in sorted(SECRET_NAMES | MASKED_NAMES))
_SUSPECT_TEXT = re.compile(r"[0-9 -]{12}")
"""One of these is in the JSON text of everything that `_walk` would change, and of a little more."""

_DIGITS = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){11,18}(?![0-9])")


def shown(value: Any, *, text: str = "") -> str:
    """A body as JSON text, safe to keep and to show; cut when it is very long.

    `text` is the body's own compact JSON text, if the caller has it: most bodies hold no secret and are shown as sent.
    """
    text = text or compact(value)
    if any(name in text for name in _SUSPECT_NAMES) or _SUSPECT_TEXT.search(text):
        text = compact(_walk(value))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def compact(value: Any) -> str:
    """JSON text as the gateway writes it: without spaces, without sorting."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _walk(value: Any, name: str = "") -> Any:
    if name in SECRET_NAMES and value not in (None, ""):
        return HIDDEN
    if isinstance(value, dict):
        return {key: _walk(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_walk(item, name) for item in value]
    if value in (None, ""):
        return value
    if name in MASKED_NAMES:
        return masked(str(value))
    return _text(value) if isinstance(value, str) and len(value) >= 12 else value


def masked(number: str) -> str:
    """The last four digits behind dots."""
    return f"{HIDDEN}{number[-4:]}" if len(number) >= 8 else HIDDEN


def _text(text: str) -> str:
    return _DIGITS.sub(
        lambda found: masked(found[0]) if cards.luhn_holds(re.sub(r"[ -]", "", found[0])) else found[0], text
    )
