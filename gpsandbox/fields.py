"""Reading a request body: each function refuses what the gateway would refuse, with its words."""

import re
from typing import Any
from urllib.parse import urlsplit

from gpsandbox import errors, redaction

DIGITS = re.compile(r"[0-9]{1,12}")


def without_nulls(value: Any) -> Any:
    """Drop keys that are null: SDKs send them for everything they do not mean."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def require(body: dict[str, Any], *names: str) -> None:
    """Name every missing field at once."""
    absent = [name for name in names if body.get(name) in (None, "")]
    if absent:
        raise errors.missing(*absent)


def section(body: dict[str, Any], name: str) -> dict[str, Any]:
    """A nested object; absent is empty."""
    value = body.get(name, {})
    if not isinstance(value, dict):
        raise errors.unexpected_data(name)
    return value


def text(body: dict[str, Any], name: str, *, least: int = 0, most: int = 255) -> str:
    """Text of a bounded length; absent is empty and always short enough."""
    value = body.get(name, "")
    if not isinstance(value, str) or (value and not least <= len(value) <= most):
        raise errors.unexpected_data(name)
    return value


def free_text(body: dict[str, Any], name: str, *, most: int = 255) -> str:
    """Text that people wrote and that is kept: without the card number that somebody may have put there."""
    return redaction.text_cleaned(text(body, name, most=most))


def choice(body: dict[str, Any], name: str, allowed: tuple[str, ...], *, default: str = "") -> str:
    value = body.get(name, "") or default
    if value and value not in allowed:
        raise errors.unexpected_data(name)
    return str(value)


def minor_units(body: dict[str, Any], name: str) -> int | None:
    """An amount in the currency's smallest unit, as the gateway wants it: text of digits, more than zero."""
    value = body.get(name)
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not DIGITS.fullmatch(value) or int(value) == 0:
        raise errors.unexpected_data(name)
    return int(value)


def count(body: dict[str, Any], name: str, *, most: int) -> int | None:
    """A whole number from 1 on, as a number or as text of digits."""
    value = body.get(name)
    if value in (None, ""):
        return None
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,4}", str(value)) or not 1 <= int(str(value)) <= most:
        raise errors.unexpected_data(name)
    return int(str(value))


def pattern(body: dict[str, Any], name: str, wanted: str) -> str:
    value = body.get(name, "")
    if not isinstance(value, str) or not re.fullmatch(wanted, value):
        raise errors.unexpected_data(name)
    return value


def addresses(body: dict[str, Any]) -> dict[str, str]:
    """The `notifications` of a request: where to tell and to return. Only http and https are followed anywhere."""
    given = section(body, "notifications")
    kept = {}
    for name in ("return_url", "status_url", "cancel_url"):
        address = text(given, name, most=2048)
        if address and not re.fullmatch(r"https?://[^\s<>\"\\\\]+", address):
            raise errors.unexpected_data(f"notifications.{name}")
        if address:
            kept[name] = _with_port(address, f"notifications.{name}")
    return kept


def _with_port(address: str, name: str) -> str:
    """The address, unless its host or port cannot be."""
    try:
        _ = urlsplit(address).port
    except ValueError:
        raise errors.unexpected_data(name) from None
    return address


def reference(body: dict[str, Any]) -> str:
    """The caller's own name for the resource: 8 to 50 characters."""
    require(body, "reference")
    return text(body, "reference", least=8, most=50)
