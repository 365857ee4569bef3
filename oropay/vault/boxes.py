"""Secrets at rest: sealed boxes that only the worker opens, and boxes for payloads that web may read too.

A sealed box is written with a public key and read with the private one, so the web process can store a bank account
number that it can never read back. Inside the box lies the context (what for, which row, whose, which provider) beside
the secret: a box copied into another row opens but is refused.

Rings come from the environment as `id:base64,id:base64`; the first key is current, the others only open.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox
from nacl.secret import SecretBox

from oropay.exceptions import VaultError


@dataclass(frozen=True)
class Context:
    """What a sealed secret is bound to."""

    purpose: str
    subject: str
    """The row: instrument uuid or provider account name."""
    owner: str
    provider: str


@dataclass(frozen=True)
class Sealed:
    """A box that only a private key opens, and the id of the key."""

    key_id: str
    blob: bytes


@lru_cache(maxsize=16)
def _ring(text: str) -> Mapping[str, bytes]:
    ring = {}
    for part in text.split(","):
        if part.strip():
            key_id, _, key = part.strip().partition(":")
            ring[key_id] = base64.b64decode(key, validate=True)
    return ring


def _current(text: str, *, name: str) -> tuple[str, bytes]:
    ring = _ring(text)
    if not ring:
        raise VaultError(f"Nothing was stored: this process has no {name}.")
    return next(iter(ring.items()))


def seal(*, secret: str, context: Context, key_id: str = "") -> Sealed:
    """Close `secret` for the worker, with the current key or the named one of the ring.

    Raises VaultError when no such public key is configured.
    """
    if key_id:
        key = _ring(settings.OROPAY_VAULT_PUBLIC_KEYS).get(key_id)
    else:
        key_id, key = _current(settings.OROPAY_VAULT_PUBLIC_KEYS, name="vault public key")
    if key is None:
        raise VaultError(f"Nothing was stored: this process has no vault public key {key_id!r}.")
    inside = json.dumps({"context": asdict(context), "secret": secret}, sort_keys=True).encode()
    return Sealed(key_id=key_id, blob=SealedBox(PublicKey(key)).encrypt(inside))


def unseal(*, sealed: Sealed, context: Context) -> str:
    """Open a sealed secret, in the worker only.

    Raises:
        VaultError: this process holds no private key of that id, the box is damaged, or it belongs to another row.
    """
    key = _ring(settings.OROPAY_VAULT_PRIVATE_KEYS).get(sealed.key_id)
    if key is None:
        raise VaultError(f"Nothing was sent: this process cannot open the vault (key {sealed.key_id!r}).")
    try:
        inside = json.loads(SealedBox(PrivateKey(key)).decrypt(bytes(sealed.blob)))
    except (CryptoError, ValueError) as error:
        raise VaultError("Nothing was sent: a sealed secret is damaged.") from error
    if inside["context"] != asdict(context):
        raise VaultError("Nothing was sent: a sealed secret belongs to another row.")
    return str(inside["secret"])


def seals_with() -> str:
    """The id of the key that new boxes are sealed with. Raises VaultError when there is none."""
    return _current(settings.OROPAY_VAULT_PUBLIC_KEYS, name="vault public key")[0]


def closes_payloads_with() -> str:
    """The id of the key that new payloads are closed with. Raises VaultError when there is none."""
    return _current(settings.OROPAY_SECRETBOX_KEYS, name="payload key")[0]


def public_digests() -> dict[str, str]:
    """SHA-256 (hex) of each public key of this process, by id: two keys under one id would show here."""
    return {key_id: hashlib.sha256(key).hexdigest() for key_id, key in _ring(settings.OROPAY_VAULT_PUBLIC_KEYS).items()}


def private_ids() -> frozenset[str]:
    """Ids of the private keys of this process: none in web."""
    return frozenset(_ring(settings.OROPAY_VAULT_PRIVATE_KEYS))


def payload_ids() -> frozenset[str]:
    """Ids of the keys with which this process can read payloads."""
    return frozenset(_ring(settings.OROPAY_SECRETBOX_KEYS))


def fingerprint(*, text: str) -> str:
    """A name for an account number that tells equal ones apart from others and cannot be reversed. Worker only."""
    key = base64.b64decode(settings.OROPAY_FINGERPRINT_KEY)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def payload_close(payload: Mapping[str, Any]) -> Sealed:
    """Box a redacted gateway payload for storage."""
    key_id, key = _current(settings.OROPAY_SECRETBOX_KEYS, name="payload key")
    return Sealed(key_id=key_id, blob=SecretBox(key).encrypt(json.dumps(payload, default=str).encode()))


def payload_open(sealed: Sealed) -> dict[str, Any]:
    """Read a stored payload. Raises VaultError when its key is gone."""
    key = _ring(settings.OROPAY_SECRETBOX_KEYS).get(sealed.key_id)
    if key is None:
        raise VaultError(f"The payload cannot be shown: its key {sealed.key_id!r} is not in the ring.")
    opened: dict[str, Any] = json.loads(SecretBox(key).decrypt(bytes(sealed.blob)))
    return opened
