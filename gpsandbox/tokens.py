"""Signing in: access tokens, what they permit, and how long."""

import hashlib
import hmac
import re
import secrets
from datetime import timedelta
from functools import lru_cache
from typing import Any

from gpsandbox import accounts, clock, errors, fields
from gpsandbox.call import Call, Session

INTERVALS = {
    "WEEK": 604800,
    "DAY": 86400,
    "12_HOURS": 43200,
    "6_HOURS": 21600,
    "3_HOURS": 10800,
    "1_HOUR": 3600,
    "30_MINUTES": 1800,
    "10_MINUTES": 600,
    "5_MINUTES": 300,
}
"""`interval_to_expire` → seconds."""

BEARER = re.compile(r"^Bearer\s+(\S+)$", re.IGNORECASE)


def create(call: Call) -> dict[str, Any]:
    """POST /accesstoken."""
    body = call.body
    fields.require(body, "app_id", "nonce", "secret", "grant_type")
    app_id = fields.text(body, "app_id")
    nonce = fields.text(body, "nonce", most=50)
    if body["grant_type"] != "client_credentials":
        raise errors.unexpected_data("grant_type")
    app_key = call.settings.apps.get(app_id)
    if app_key is None:
        raise errors.unknown_app()
    proof = hashlib.sha512(f"{nonce}{app_key}".encode()).hexdigest()
    if not hmac.compare_digest(proof.encode(), fields.text(body, "secret", most=128).lower().encode()):
        raise errors.wrong_key()

    seconds = _seconds(body)
    permissions = _permissions(body)
    restricted = fields.choice(body, "restricted_token", ("YES", "NO")) == "YES"
    token = secrets.token_urlsafe(24)
    call.store.insert(
        "tokens",
        {
            "hash": _hash(token),
            "app_id": app_id,
            "permissions": " ".join(sorted(permissions)),
            "restricted": int(restricted),
            "created_at": call.stamp,
            "expires_at": clock.stamp(call.now + timedelta(seconds=seconds)),
        },
    )
    call.session = Session(app_id=app_id, token_hash="", permissions=permissions, restricted=restricted)
    return {
        "token": token,
        "type": "Bearer",
        "scope": _scope(call),
        "app_id": app_id,
        "app_name": app_id,
        "time_created": call.stamp,
        "seconds_to_expire": seconds,
        "interval_to_expire": fields.text(body, "interval_to_expire"),
        "email": "sandbox@example.invalid",
    }


def authenticate(call: Call) -> Session:
    """The session behind the call's token. Raises 401 for an unknown or expired one."""
    row = call.store.row(
        "SELECT app_id, hash, permissions, restricted FROM tokens WHERE hash = ? AND expires_at > ?",
        (_hash(call.token), call.stamp),
    )
    if row is None:
        raise errors.not_authenticated()
    return Session(
        app_id=row["app_id"],
        token_hash=row["hash"],
        permissions=_split(row["permissions"]),
        restricted=bool(row["restricted"]),
    )


def expire(call: Call) -> None:
    """Kill the token this call came with."""
    call.store.write("DELETE FROM tokens WHERE hash = ?", (call.session.token_hash,))


def bearer(header: str) -> str:
    """The token of an Authorization header, or nothing."""
    found = BEARER.match(header)
    return found.group(1) if found else ""


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@lru_cache(maxsize=256)
def _split(permissions: str) -> frozenset[str]:
    return frozenset(permissions.split())


def _seconds(body: dict[str, Any]) -> int:
    """`seconds_to_expire` wins over `interval_to_expire`; neither means a day."""
    if "seconds_to_expire" in body:
        value = body["seconds_to_expire"]
        is_number = type(value) is int or (isinstance(value, str) and re.fullmatch(r"[0-9]{1,6}", value))
        seconds = int(value) if is_number else 0
        if not 60 <= seconds <= 604800:
            raise errors.unexpected_data("seconds_to_expire")
        return seconds
    return INTERVALS[fields.choice(body, "interval_to_expire", tuple(INTERVALS), default="DAY")]


def _permissions(body: dict[str, Any]) -> frozenset[str]:
    wanted = body.get("permissions") or []
    if not isinstance(wanted, list):
        raise errors.unexpected_data("permissions")
    unknown = [str(name) for name in wanted if str(name) not in accounts.ALL_PERMISSIONS]
    if unknown:
        listed = ", ".join(unknown)
        raise errors.invalid("40119", f"Invalid permissions {{ {listed} }} provided in the input field - permissions")
    return frozenset(wanted) or accounts.ALL_PERMISSIONS


def _scope(call: Call) -> dict[str, Any]:
    """The merchant and those of its accounts that hold a permission of this token."""
    merchant = call.session.merchant
    narrowed = call.session.permissions != accounts.ALL_PERMISSIONS
    listed = []
    for account in merchant.accounts:
        held = [permission for permission in account.permissions if permission in call.session.permissions]
        if held or not narrowed:
            listed.append({"id": call.mask(account.id), "name": account.name, "permissions": held})
    return {"merchant_id": call.mask(merchant.id), "merchant_name": merchant.name, "accounts": listed}
