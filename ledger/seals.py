"""What a seal says about an entry: one text per entry, hashed together with the seal before it."""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC

from ledger.models import Entry, Posting

FIRST = "0" * 64
"""What the first seal of an organization has before it."""


def seal_hash(*, previous: str, seq: int, entry: Entry, postings: Sequence[Posting]) -> str:
    """Compute the seal of `entry` after `previous`; any change to the entry, its lines or its place changes it.

    `postings` in order of their ids, with their accounts.
    """
    text = json.dumps(
        {
            "previous": previous,
            "seq": seq,
            "organization": entry.organization_id,
            "entry": entry.pk,
            "kind": entry.kind,
            "currency": entry.currency,
            "occurred_on": entry.occurred_on.isoformat(),
            "posted_on": entry.posted_on.isoformat(),
            "source": entry.source,
            "memo": entry.memo,
            "customer": entry.customer_id,
            "mirror_of": entry.mirror_of_id,
            "created_at": entry.created_at.astimezone(UTC).isoformat(),
            "postings": [[posting.pk, posting.account.name, f"{posting.amount:.4f}"] for posting in postings],
        },
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(text.encode()).hexdigest()
