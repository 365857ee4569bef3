"""Who may see the console: this machine, with the secret. A form is believed only with the token it was given."""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass

from starlette.requests import Request

from gpsandbox.settings import Settings

COOKIE = "gpsandbox_console"
"""Not a name the product uses: cookies of one host are shared by all its ports."""

LASTS = 12 * 3600
"""Seconds of this machine's own clock: moving the sandbox's clock logs nobody out."""


@dataclass(frozen=True)
class Visitor:
    """Somebody who has shown the secret."""

    form_token: str


def pass_issue(settings: Settings) -> str:
    """The cookie's value for somebody who has just shown the secret. Any process understands it."""
    claim = f"{int(time.time()) + LASTS}.{secrets.token_hex(16)}"
    return f"{claim}.{_signed(settings, 'pass', claim)}"


def visitor(request: Request, settings: Settings) -> Visitor | None:
    """Whoever sent this request, if the cookie is ours and not too old."""
    given = request.cookies.get(COOKIE, "")
    claim, _, signature = given.rpartition(".")
    if not _same(signature, _signed(settings, "pass", claim)):
        return None
    if int(claim.partition(".")[0]) < time.time():
        return None
    return Visitor(form_token=_signed(settings, "form", claim))


def secret_is(text: str, settings: Settings) -> bool:
    return _same(text, settings.secret)


def log_in_token(settings: Settings) -> str:
    """For the one form that is shown to strangers; nobody else's page can read it."""
    return _signed(settings, "form", "log-in")


def is_ours(request: Request, *, given: str, wanted: str) -> bool:
    """The form was sent from our own page: it carries the token, and the browser names no other origin."""
    origin = request.headers.get("origin")
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    return _same(given, wanted) and origin in (None, own)


def _signed(settings: Settings, purpose: str, claim: str) -> str:
    return hmac.new(f"console|{settings.secret}".encode(), f"{purpose}|{claim}".encode(), hashlib.sha256).hexdigest()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
