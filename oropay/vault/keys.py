"""Which key closes what, how many rows hang on each, and whether it opens. Reads only; web may ask."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Count, QuerySet

from oropay.exceptions import VaultError
from oropay.models import Authentication, DisputeStep, Exchange, Instrument, ProviderAccount, VaultCanary
from oropay.vault.boxes import (
    Context,
    closes_payloads_with,
    payload_ids,
    private_ids,
    public_digests,
    seals_with,
)
from oropay.vault.contexts import account_context, vault_context


@dataclass(frozen=True)
class SealedColumn:
    """A column of sealed boxes, and what each box is bound to."""

    name: str
    column: str
    rows: Callable[[], QuerySet[Any]]
    context: Callable[[Any], Context]


SEALED: tuple[SealedColumn, ...] = (
    SealedColumn(
        name="provider account",
        column="credentials",
        rows=lambda: ProviderAccount.objects.select_related("organization"),
        context=account_context,
    ),
    SealedColumn(
        name="bank account",
        column="sealed",
        rows=lambda: Instrument.objects.exclude(key_id=""),
        context=vault_context,
    ),
)
"""Everything that only the worker opens. `manage.py vault_rotate` moves all of it to the current key."""


PAYLOADS: tuple[Callable[[], QuerySet[Any]], ...] = (
    Exchange.objects.all,
    DisputeStep.objects.all,
    lambda: Authentication.objects.exclude(key_id=""),
)
"""Everything that is closed with a payload key: what the gateway said, and what a browser is still to be told."""


class Ring(StrEnum):
    """The two rings of keys."""

    VAULT = "vault"
    """Sealed boxes: closed with a public key by anybody, opened with the private one by the gateway worker."""
    PAYLOAD = "payload"
    """Redacted answers of the gateway: one key closes and opens. What is closed with it is never closed anew."""


@dataclass(frozen=True)
class KeyHealth:
    """One key of a ring, what hangs on it, and whether it is known to open that."""

    ring: Ring
    key_id: str
    current: bool
    rows: int
    trouble: str
    """In words, empty if all is well."""
    checked_at: datetime | None = None
    """When a worker last tried the key (vault only)."""

    @property
    def needed(self) -> bool:
        """Whether the key must stay in its ring."""
        return self.current or self.rows > 0


def sealed_rows() -> dict[str, int]:
    """How many sealed boxes hang on each key of the vault."""
    return _counted(*(column.rows() for column in SEALED))


def payload_rows() -> dict[str, int]:
    """How many stored payloads hang on each payload key."""
    return _counted(*(rows() for rows in PAYLOADS))


def vault_health() -> list[KeyHealth]:
    """Every key that is current or that rows hang on, the vault's first. Six queries.

    Whether a key of the vault opens is what a worker last wrote down; whether a payload key is there, this process
    knows itself.
    """
    canaries = {canary.key_id: canary for canary in VaultCanary.objects.all()}
    return [*_vault_keys(canaries), *_payload_keys()]


def canary_trouble(*, key_id: str, canary: VaultCanary | None, digests: Mapping[str, str]) -> str:
    """What is wrong with a key of the vault as far as can be seen without opening anything."""
    if canary is None:
        return "" if key_id in digests else "Never tried: it is in no public ring, and rows are sealed with it."
    if key_id in digests and digests[key_id] != canary.public_digest:
        return "This process has another public key under this id. Give the new key an id of its own."
    return canary.trouble


def _vault_keys(canaries: Mapping[str, VaultCanary]) -> list[KeyHealth]:
    rows, digests, current = sealed_rows(), public_digests(), _or_nothing(seals_with)
    mine = private_ids()
    found = []
    for key_id in sorted({*rows, *digests}, key=lambda one: (one != current, one)):
        canary = canaries.get(key_id)
        trouble = canary_trouble(key_id=key_id, canary=canary, digests=digests)
        if not trouble and mine and key_id not in mine:
            trouble = "This process does not have its private key."
        found.append(
            KeyHealth(
                ring=Ring.VAULT,
                key_id=key_id,
                current=key_id == current,
                rows=rows.get(key_id, 0),
                trouble=trouble,
                checked_at=canary.checked_at if canary else None,
            )
        )
    return found


def _payload_keys() -> list[KeyHealth]:
    rows, here, current = payload_rows(), payload_ids(), _or_nothing(closes_payloads_with)
    return [
        KeyHealth(
            ring=Ring.PAYLOAD,
            key_id=key_id,
            current=key_id == current,
            rows=rows.get(key_id, 0),
            trouble="" if key_id in here else "It is in no ring of this process: its payloads cannot be shown.",
        )
        for key_id in sorted({*rows, *here}, key=lambda one: (one != current, one))
    ]


def _counted(*columns: QuerySet[Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for rows in columns:
        for key_id, count in rows.order_by().values_list("key_id").annotate(Count("pk")):
            found[key_id] = found.get(key_id, 0) + count
    return found


def _or_nothing(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except VaultError:
        # A process without keys may still look: it shows that it has none.
        return ""
