"""Secrets and addresses of the development stack, kept in `.data/` (readable by their owner only).

`dev.env` is made once and holds every generated secret; `servers.env` is rewritten at each start, because the servers
listen on free ports. Who may see what is a table here, as it is a matter of separate environments in production.
"""

import base64
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from nacl.public import PrivateKey

DATA = Path(__file__).resolve().parent.parent / ".data"

SHARED = ("SECRET_KEY", "OROPAY_VAULT_PUBLIC_KEYS", "OROPAY_SECRETBOX_KEYS")
"""What web, workers, beat and `manage.py` get."""
GATEWAY_WORKER = ("OROPAY_VAULT_PRIVATE_KEYS", "OROPAY_FINGERPRINT_KEY")
"""What the gateway worker gets besides."""
PROVISIONING = ("GP_APP_ID", "GP_APP_KEY")
"""What the seeding process gets besides, to seal it for the worker."""


def secrets_make() -> dict[str, str]:
    """A fresh set of every secret that development needs."""
    private = PrivateKey.generate()
    return {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "OROPAY_VAULT_PUBLIC_KEYS": f"dev1:{_text(bytes(private.public_key))}",
        "OROPAY_VAULT_PRIVATE_KEYS": f"dev1:{_text(bytes(private))}",
        "OROPAY_SECRETBOX_KEYS": f"dev1:{_text(secrets.token_bytes(32))}",
        "OROPAY_FINGERPRINT_KEY": _text(secrets.token_bytes(32)),
        "GP_APP_ID": "oropay-demo",
        "GP_APP_KEY": secrets.token_urlsafe(24),
        "GPSANDBOX_SECRET": secrets.token_urlsafe(24),
        "POSTGRES_PASSWORD": secrets.token_urlsafe(24),
        "VALKEY_PASSWORD": secrets.token_urlsafe(24),
    }


def secrets_ensure(*, data: Path = DATA) -> dict[str, str]:
    """The stack's secrets, kept for ever, because they open what lies in the database; new names are added."""
    path = data / "dev.env"
    kept = read(path)
    whole = secrets_make() | kept
    if whole != kept:
        write(path, whole)
    return whole


def only(values: Mapping[str, str], *groups: Iterable[str]) -> dict[str, str]:
    """Those variables that the groups name."""
    return {name: values[name] for group in groups for name in group}


def for_commands(*, data: Path = DATA) -> dict[str, str]:
    """What `manage.py` beside a running stack needs; throw-away values where no stack has ever run."""
    nowhere = {
        "SECRET_KEY": "development-without-a-stack-development-without-a-stack",
        "DATABASE_URL": "postgres://oropay@127.0.0.1:5432/oropay",
        "REDIS_URL": "redis://127.0.0.1:6379/0",
    }
    kept = read(data / "dev.env")
    return nowhere | {name: kept[name] for name in SHARED if name in kept} | read(data / "servers.env")


def read(path: Path) -> dict[str, str]:
    """`NAME=value` lines; empty when the file is not there or is not ours to read."""
    if not path.exists() or not os.access(path, os.R_OK):
        return {}
    lines = [line.partition("=") for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return {name: value for name, _, value in lines}


def write(path: Path, values: Mapping[str, str]) -> None:
    """Write the file whole or not at all, for its owner's eyes only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{name}={value}\n" for name, value in values.items())
    fresh.replace(path)


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode()
