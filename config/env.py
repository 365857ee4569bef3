"""Reads settings from the environment: one place, clear errors."""

import os
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


class Env:
    """The process environment, typed. A missing or malformed value names the variable and says what it is for."""

    def str(self, name: str, *, default: str | None = None) -> str:
        value = os.environ.get(name, default)
        if value is None:
            raise ImproperlyConfigured(f"Set the environment variable {name}; docs/settings.md says what it is.")
        return value

    def secret(self, name: "str") -> "str":
        return self.str(name)

    def list(self, name: "str", *, default: "str" = "") -> "list[str]":
        return [part.strip() for part in self.str(name, default=default).split(",") if part.strip()]

    def database(self, name: "str") -> dict[Any, Any]:
        parts = urlsplit(self.str(name))
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.lstrip("/"),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": parts.port or 5432,
        }
