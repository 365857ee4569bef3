"""Secrets at rest: `boxes` closes and opens them, `keys` says which keys are in use and whether they open."""

from oropay.vault.boxes import (
    Context,
    Sealed,
    closes_payloads_with,
    fingerprint,
    payload_close,
    payload_ids,
    payload_open,
    private_ids,
    public_digests,
    seal,
    seals_with,
    unseal,
)

__all__ = [
    "Context",
    "Sealed",
    "closes_payloads_with",
    "fingerprint",
    "payload_close",
    "payload_ids",
    "payload_open",
    "private_ids",
    "public_digests",
    "seal",
    "seals_with",
    "unseal",
]
