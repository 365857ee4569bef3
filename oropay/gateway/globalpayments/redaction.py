"""Takes secrets out of what was sent and received, so that it may be stored and shown.

Three nets, one behind the other: values known to be secret in this very call, names that always hold secrets, and
digits that pass the card number check wherever they stand.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from plumbing.cardnumbers import passes_luhn

HIDDEN = "•••"
DEEPEST = 30
LONGEST_TEXT = 2000

_ALWAYS_HIDDEN = frozenset((
    "access_token", "app_key", "authentication_value", "authorization", "b64_content", "cavv", "cryptogram", "cvn",
    "cvv", "nonce", "pin_block", "secret", "status_url", "tag", "token", "track",
))  # fmt: skip
_LAST_FOUR_SHOWN = frozenset(("account_number", "iban", "network_token", "number"))
# The gateway's own names, such as PMT_ and a UUID, may hold thirteen digits in a row and are never card numbers;
# neither is a bare UUID, as 3-D Secure servers call what they do.
_NAME = re.compile(r"[A-Z]{3}_[A-Za-z0-9_-]{1,46}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# A card number as people write it: 13 to 19 digits, perhaps in groups.
_SHORTEST_CARD = 13
_CARD_LIKE = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])")


def redact(value: Any, *, secrets: Iterable[str] = ()) -> Any:
    """A copy without card numbers, bank account numbers, security codes, keys and access tokens."""
    return _walk(value, _longest_first(secrets), 0)


def redact_text(text: str, *, secrets: Iterable[str] = ()) -> str:
    """As `redact`, for one line of text such as an error message."""
    return _text(text, _longest_first(secrets))


def last_four(text: str) -> str:
    """The last four digits of a masked or clear number; empty if it has fewer."""
    digits = re.sub(r"[^0-9]", "", text)
    return digits[-4:] if len(digits) >= 4 else ""


def _longest_first(secrets: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({secret for secret in secrets if len(secret) >= 4}, key=len, reverse=True))


def _walk(value: Any, secrets: tuple[str, ...], depth: int) -> Any:
    if depth > DEEPEST:
        return HIDDEN
    if isinstance(value, str):
        return _text(value, secrets)
    if isinstance(value, Mapping):
        return {_text(str(key), secrets): _field(str(key), item, secrets, depth) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_walk(item, secrets, depth + 1) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        shown = _text(str(value), secrets)
        return value if shown == str(value) else shown
    return value


def _field(name: str, value: Any, secrets: tuple[str, ...], depth: int) -> Any:
    plain = name.lower()
    if plain in _ALWAYS_HIDDEN and value not in (None, ""):
        return HIDDEN
    if plain in _LAST_FOUR_SHOWN and isinstance(value, str | int):
        return _mask(str(value))
    return _walk(value, secrets, depth + 1)


def storable(text: str) -> str:
    """Text that Postgres takes: no NUL, no half of a surrogate pair (JSON may escape either)."""
    if text.isascii():
        return text.replace("\0", "")
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _text(text: str, secrets: tuple[str, ...]) -> str:
    text = storable(text)
    for secret in secrets:
        text = text.replace(secret, _mask(secret) if secret.isdigit() else HIDDEN)
    if len(text) >= _SHORTEST_CARD and not _NAME.fullmatch(text):
        text = _CARD_LIKE.sub(_card_masked, text)
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"


def _mask(text: str) -> str:
    digits = re.sub(r"[^0-9]", "", text)
    return f"{HIDDEN}{digits[-4:]}" if len(digits) >= 8 else HIDDEN


def _card_masked(found: re.Match[str]) -> str:
    return _mask(found[0]) if passes_luhn(re.sub(r"[^0-9]", "", found[0])) else found[0]
