"""X-GP-Signature, as the gateway makes it: a plain SHA-512 over the message and the app's key."""

import hashlib
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit, urlunsplit

HEADER = "X-GP-Signature"


def signed(message: bytes | str, app_key: str) -> str:
    """Lowercase hex. For a POST the message is the raw body, for a redirect the query from `id=` on."""
    raw = message.encode() if isinstance(message, str) else message
    return hashlib.sha512(raw + app_key.encode()).hexdigest()


def signed_url(url: str, values: Mapping[str, str], app_key: str) -> str:
    """`url` with the signature first, then what its query had, then `values`, of which `id` must come first."""
    parts = urlsplit(url)
    message = urlencode(values)
    query = "&".join(part for part in (f"{HEADER}={signed(message, app_key)}", parts.query, message) if part)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, parts.fragment))
