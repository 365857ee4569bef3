"""The keys of the vault: proving that they open, and moving everything sealed to the current one."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.transaction import atomic

from oropay import locks, vault
from oropay.exceptions import VaultError, VaultKeyMissing
from oropay.models import VaultCanary
from oropay.vault.keys import SEALED, SealedColumn, canary_trouble, sealed_rows
from plumbing.audit import because

logger = logging.getLogger(__name__)

SONG = "the vault opens"
"""What every canary says."""
BATCH = 200
"""Boxes sealed anew in one database transaction."""


def _cage(key_id: str) -> vault.Context:
    return vault.Context(purpose="canary", subject=key_id, owner="", provider="")


def canaries_ensure(*, now: datetime) -> None:
    """Keep a known value sealed with every public key of this process. Safe to repeat, anywhere.

    Raises:
        VaultError: an id of this process's ring names another key than it did when its canary was made. Sealing goes
            on with neither: a worker that holds the right private key could not open what was sealed with the other.
    """
    for key_id, digest in vault.public_digests().items():
        canary = VaultCanary.objects.filter(key_id=key_id).first()
        if canary is None:
            sealed = vault.seal(secret=SONG, context=_cage(key_id), key_id=key_id)
            canary, _made = VaultCanary.objects.get_or_create(
                key_id=key_id, defaults={"public_digest": digest, "blob": sealed.blob, "made_at": now}
            )
        if canary.public_digest != digest:
            raise VaultError(
                f"Nothing was stored: vault key {key_id!r} is another key here than when it was first used. "
                "Give a new key an id of its own."
            )


def canaries_check(*, now: datetime) -> list[str]:
    """Open the canary of every key that is in use or in the ring; worker only. Returns what is wrong, in sentences.

    What was found is kept on the canary, where web reads it. Keys that nothing hangs on and that left the ring are
    not asked for any more.
    """
    canaries = {canary.key_id: canary for canary in VaultCanary.objects.all()}
    digests, mine = vault.public_digests(), vault.private_ids()
    wrong = []
    for key_id in sorted({*sealed_rows(), *digests}):
        canary = canaries.get(key_id)
        trouble = _trouble(key_id=key_id, canary=canary, held=key_id in mine, digest=digests.get(key_id, ""))
        if canary is not None:
            VaultCanary.objects.filter(pk=canary.pk).update(checked_at=now, trouble=trouble[:250])
        if trouble:
            wrong.append(f"Vault key {key_id!r}: {trouble}")
    return wrong


def _trouble(*, key_id: str, canary: VaultCanary | None, held: bool, digest: str) -> str:
    if not held:
        return "this process does not have its private key, and rows are or will be sealed with it."
    if canary is None:
        return ""  # an id that left the public ring before there were canaries: its rows are opened one by one
    if digest and digest != canary.public_digest:
        return canary_trouble(key_id=key_id, canary=canary, digests={key_id: digest})
    try:
        song = vault.unseal(sealed=vault.Sealed(key_id=key_id, blob=bytes(canary.blob)), context=_cage(key_id))
    except VaultError:
        return "its private key does not open what was sealed with its public key."
    return "" if song == SONG else "its canary says something else than it should."


@dataclass(frozen=True)
class Rotation:
    """What one run of `vault_rotate` did."""

    key_id: str
    """The key that everything is sealed with now."""
    resealed: int
    """In a dry run: what would be sealed anew."""
    refused: Sequence[str]
    """Boxes that were left as they are, because they are damaged or belong to another row."""


def vault_rotate(
    *,
    now: datetime,
    batch: int = BATCH,
    dry_run: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Rotation:
    """Seal anew, with the current key, everything that is sealed with an older one; worker only.

    Resumable: what is done is done, batch by batch, and a second run goes on with the rest. Web may write at the same
    time: its new boxes are sealed with the current key and left alone. A box goes back into the row, and only the row,
    it was made for; one that was copied there is left as it is. `progress` hears how many of how many after each batch.

    Raises:
        VaultKeyMissing: a private key is not here, or does not open its canary. Nothing was changed.
    """
    canaries_ensure(now=now)
    wrong = canaries_check(now=now)
    if wrong:
        raise VaultKeyMissing(why=" ".join(wrong))
    current = vault.seals_with()
    total = sum(count for key_id, count in sealed_rows().items() if key_id != current)
    if dry_run:
        return Rotation(key_id=current, resealed=total, refused=())
    resealed, refused = 0, list[str]()
    for column in SEALED:
        after = 0
        while ids := _old_ones(column=column, current=current, after=after, batch=batch):
            done, left = _reseal(column=column, ids=ids, current=current)
            resealed, after = resealed + done, ids[-1]
            refused.extend(left)
            progress(resealed + len(refused), total)
    return Rotation(key_id=current, resealed=resealed, refused=refused)


def _old_ones(*, column: SealedColumn, current: str, after: int, batch: int) -> list[int]:
    rows = column.rows().exclude(key_id=current).filter(pk__gt=after)
    return list(rows.order_by("pk").values_list("pk", flat=True)[:batch])


@atomic(durable=True)
def _reseal(*, column: SealedColumn, ids: Sequence[int], current: str) -> tuple[int, list[str]]:
    """One batch: how many were sealed anew, and which were not."""
    done, refused = 0, []
    with because(by=None, why=f"vault_rotate to key {current}"):
        for row in locks.sealed(column.rows(), ids=ids):
            if row.key_id == current:
                continue
            try:
                sealed = _sealed_anew(
                    old=vault.Sealed(row.key_id, bytes(getattr(row, column.column))), row=row, of=column
                )
            except VaultError as error:
                logger.exception("the box of %s %s was left as it is", column.name, row.pk)
                refused.append(f"{column.name} {row.pk}: {error}")
                continue
            setattr(row, column.column, sealed.blob)
            row.key_id = sealed.key_id
            row.save(update_fields=[column.column, "key_id"])
            done += 1
    return done, refused


def _sealed_anew(*, old: vault.Sealed, row: object, of: SealedColumn) -> vault.Sealed:
    """The same secret in a new box, which is opened once before the old one is given up."""
    context = of.context(row)
    secret = vault.unseal(sealed=old, context=context)
    sealed = vault.seal(secret=secret, context=context)
    if vault.unseal(sealed=sealed, context=context) != secret:
        raise VaultError("Nothing was changed: the new box does not hold what the old one held.")
    return sealed
