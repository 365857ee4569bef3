"""Status notifications: is it signed with our key, and what does it claim to be about?

The signature is X-GP-Signature, lowercase hex of SHA-512 over the body followed by the app key; a plain hash without a
time in it, so that a message can be sent again by whoever saw it. Source: the signature checks in the gateway's own
PHP, Java and .NET libraries.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping

from oropay.gateway.globalpayments import answers, bodies
from oropay.gateway.globalpayments.calls import Calls
from oropay.gateway.globalpayments.exceptions import UnusableRequest
from oropay.gateway.globalpayments.redaction import redact
from oropay.gateway.port import Notice, Subject
from oropay.gateway.port.notifications import TEST_ID

SIGNATURE = "X-GP-Signature"
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"]+', re.DOTALL)
"""Of JSON only, where every string ends: of anything else a stranger may have written it looks at the rest again and
again.
"""


class Notifications(Calls):
    """Implements `port.notifications.Notifications`."""

    def notice_read(self, *, body: bytes, headers: Mapping[str, str]) -> Notice:
        given = next((value for name, value in headers.items() if name.lower() == SIGNATURE.lower()), "")
        genuine = self._is_signed(body, given.strip())
        content = answers.read_json(body.decode("utf-8", "replace"))
        if content is None:
            return Notice(genuine=genuine, shown=redact({"text": body.decode("utf-8", "replace")}))
        gateway_id = _usable(content.get("id"))
        return Notice(
            genuine=genuine,
            subject=_subject(gateway_id),
            gateway_id=gateway_id,
            status=_short(content.get("status")),
            shown=redact(content),
        )

    def notice_sign(self, *, body: bytes) -> Mapping[str, str]:
        return {"Content-Type": "application/json", SIGNATURE: self._signature(body)}

    def _is_signed(self, body: bytes, given: str) -> bool:
        """Over the bytes as they came first; some senders sign a minified form of what they send."""
        if not given:
            return False
        seen = given.encode("utf-8", "replace")
        return any(hmac.compare_digest(self._signature(form).encode(), seen) for form in _forms(body))

    def _signature(self, body: bytes) -> str:
        return hashlib.sha512(body + self.credentials.app_key.encode()).hexdigest()


def _forms(body: bytes) -> Iterator[bytes]:
    """The ways of writing one message that its sender may have signed."""
    yield body
    try:
        text = body.decode()
        content = json.loads(text)
        yield "".join(_TOKENS.findall(text)).encode()
        yield json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return  # Not JSON, or not sanely so: then only its bytes can have been signed.


def _usable(name: object) -> str:
    """A name that may stand in a URL, or nothing."""
    try:
        return bodies.in_path(name) if isinstance(name, str) else ""
    except UnusableRequest:
        return ""


def _subject(gateway_id: str) -> Subject:
    if not gateway_id:
        return Subject.UNREADABLE
    if gateway_id.startswith(TEST_ID):
        return Subject.TEST
    return Subject.DISPUTE if gateway_id.startswith("DIS_") else Subject.TRANSACTION


def _short(word: object) -> str:
    return word[:20] if isinstance(word, str) and word.isascii() and word.isprintable() else ""
