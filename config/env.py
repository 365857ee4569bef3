"""Reads settings from the environment: the one place that does, so that every mistake names its variable.

Every variable is listed in `docs/settings.md`; a test keeps list and code equal. An empty value counts as not set.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from oropay.limits import Limit, limits_read

KEY_BYTES = 32
"""Length of every key we hold: Curve25519, XSalsa20 and HMAC-SHA-256 keys are all 32 bytes."""


class Env:
    """The process environment, typed. A missing or malformed value stops the start and says what to do."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment

    def text(self, name: str, *, default: str | None = None) -> str:
        """A plain value. Raises ImproperlyConfigured when it is missing and has no default."""
        value = self._environment.get(name) or default
        if value is None:
            raise ImproperlyConfigured(f"{name} is not set. docs/settings.md says what it is and how to make one.")
        return value

    def secret(self, name: str, *, at_least: int = 0, default: str | None = None) -> str:
        """A value that must never be printed; `at_least` is its smallest length in characters."""
        value = self.text(name, default=default)
        if len(value) < at_least:
            raise ImproperlyConfigured(f"{name} is too short: it needs at least {at_least} characters.")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.text(name, default="1" if default else "0").lower()
        if value not in {"1", "0", "true", "false", "yes", "no", "on", "off"}:
            raise ImproperlyConfigured(f"{name}={value!r} must be 1 or 0.")
        return value in {"1", "true", "yes", "on"}

    def number(self, name: str, *, default: int, least: int = 0, most: int = 2**31) -> int:
        value = self.text(name, default=str(default))
        if not value.isdecimal() or not least <= int(value) <= most:
            raise ImproperlyConfigured(f"{name}={value!r} must be a whole number from {least} to {most}.")
        return int(value)

    def port(self, name: str, *, default: int) -> int:
        return self.number(name, default=default, least=1, most=65535)

    def names(self, name: str, *, default: str | None = "") -> list[str]:
        """A comma-separated list. With `default=None` at least one entry is required."""
        return [part.strip() for part in self.text(name, default=default).split(",") if part.strip()]

    def seconds(self, name: str, *, default: str) -> timedelta:
        return self._duration(name, self.text(name, default=default))

    def steps(self, name: str, *, default: str) -> list[timedelta]:
        """Comma-separated seconds, none shorter than the one before."""
        found = [self._duration(name, part) for part in self.names(name, default=default)]
        if not found or found != sorted(found):
            raise ImproperlyConfigured(f"{name} must be rising numbers of seconds, such as 2,5,15.")
        return found

    def limits(self, name: str, *, default: str) -> tuple[Limit, ...]:
        """A table of velocity limits: act/subject/seconds=step-up:lock-out, with commas."""
        try:
            return limits_read(self.text(name, default=default))
        except ValueError as wrong:
            raise ImproperlyConfigured(f"{name}: {wrong}.") from wrong

    def address(self, name: str, *, default: str | None = None) -> str:
        """An http(s) address; empty only where the default is empty."""
        value = self.text(name, default=default)
        if not value:
            return value
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ImproperlyConfigured(f"{name}={value!r} must be an address such as https://example.com/path.")
        return value

    def redis(self, name: str, *, default: str | None = None) -> str:
        value = self.text(name, default=default)
        if urlsplit(value).scheme not in {"redis", "rediss"}:
            raise ImproperlyConfigured(f"{name} must look like redis://:password@host:6379/0.")
        return value

    def database(self, name: str, *, default: str | None = None) -> dict[str, Any]:
        """Django's dictionary for a PostgreSQL address; `?sslmode=…` and the like become connection options."""
        parts = urlsplit(self.text(name, default=default))
        if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
            raise ImproperlyConfigured(f"{name} must look like postgres://user:password@host:5432/database.")
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.lstrip("/"),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": parts.port or 5432,
            "OPTIONS": dict(parse_qsl(parts.query)),
        }

    def mail(self, name: str, *, default: str | None = None) -> dict[str, Any]:
        """Django's e-mail settings from one address: `smtp://`, `smtp+tls://` (STARTTLS), `smtps://` or `file://`."""
        parts = urlsplit(self.text(name, default=default))
        if parts.scheme == "file":
            return {
                "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
                "EMAIL_FILE_PATH": str(Path(unquote(parts.path))),
            }
        if parts.scheme not in {"smtp", "smtp+tls", "smtps"} or not parts.hostname:
            raise ImproperlyConfigured(f"{name} must look like smtp+tls://user:password@host:587.")
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": parts.hostname,
            "EMAIL_PORT": parts.port or {"smtp": 25, "smtp+tls": 587, "smtps": 465}[parts.scheme],
            "EMAIL_HOST_USER": unquote(parts.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
            "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
            "EMAIL_USE_SSL": parts.scheme == "smtps",
        }

    def key(self, name: str, *, default: str | None = None) -> str:
        """One base64 key of 32 bytes, checked and returned as text; empty only where the default is empty."""
        value = self.text(name, default=default)
        if value:
            self._key_bytes(name, value)
        return value

    def key_ring(self, name: str, *, default: str | None = None) -> str:
        """`id:base64,id:base64`, the first one current; checked and returned as text."""
        value = self.text(name, default=default)
        seen = set()
        for part in self.names(name, default=default):
            key_id, colon, key = part.partition(":")
            if not (key_id and colon) or key_id in seen:
                raise ImproperlyConfigured(f"{name} must look like id:base64,id2:base64, every id once.")
            seen.add(key_id)
            self._key_bytes(name, key)
        return value

    def _key_bytes(self, name: str, text: str) -> None:
        try:
            size = len(base64.b64decode(text, validate=True))
        except binascii.Error:
            size = -1
        if size != KEY_BYTES:
            raise ImproperlyConfigured(f"{name} holds a key that is not {KEY_BYTES} bytes in base64.")

    def _duration(self, name: str, text: str) -> timedelta:
        try:
            duration = timedelta(milliseconds=round(1000 * float(text)))
        except (ValueError, OverflowError):
            duration = timedelta(-1)
        if duration < timedelta(0):
            raise ImproperlyConfigured(f"{name}={text!r} must be a number of seconds, such as 2.5.")
        return duration
