"""Secrets at rest: only the worker opens a sealed box, and only for the row it was made for."""

import base64
from dataclasses import replace

import pytest
from nacl.public import PrivateKey
from pytest_django.fixtures import Settings

from oropay import vault
from oropay.exceptions import VaultError
from oropay.vault import Context, Sealed

CONTEXT = Context(purpose="bank-account", subject="row-1", owner="7", provider="3")


def ring(**keys: bytes) -> str:
    return ",".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in keys.items())


def test_the_worker_opens_what_web_sealed() -> None:
    sealed = vault.seal(secret="90817263544536", context=CONTEXT)

    assert b"90817263544536" not in sealed.blob
    assert vault.unseal(sealed=sealed, context=CONTEXT) == "90817263544536"


@pytest.mark.parametrize("other", [{"subject": "row-2"}, {"owner": "8"}, {"provider": "4"}, {"purpose": "credentials"}])
def test_a_box_of_another_row_is_refused(other: dict[str, str]) -> None:
    sealed = vault.seal(secret="90817263544536", context=CONTEXT)

    with pytest.raises(VaultError, match="belongs to another row"):
        vault.unseal(sealed=sealed, context=replace(CONTEXT, **other))


def test_web_cannot_open_what_it_sealed(settings: Settings) -> None:
    sealed = vault.seal(secret="90817263544536", context=CONTEXT)
    settings.OROPAY_VAULT_PRIVATE_KEYS = ""

    with pytest.raises(VaultError, match="cannot open the vault"):
        vault.unseal(sealed=sealed, context=CONTEXT)


def test_a_new_key_seals_and_the_old_one_still_opens(settings: Settings) -> None:
    old, new = PrivateKey.generate(), PrivateKey.generate()
    settings.OROPAY_VAULT_PUBLIC_KEYS = ring(old=bytes(old.public_key))
    before = vault.seal(secret="1234567", context=CONTEXT)
    settings.OROPAY_VAULT_PUBLIC_KEYS = ring(new=bytes(new.public_key), old=bytes(old.public_key))
    settings.OROPAY_VAULT_PRIVATE_KEYS = ring(new=bytes(new), old=bytes(old))

    after = vault.seal(secret="7654321", context=CONTEXT)

    assert (before.key_id, after.key_id) == ("old", "new")
    assert vault.unseal(sealed=before, context=CONTEXT) == "1234567"
    assert vault.unseal(sealed=after, context=CONTEXT) == "7654321"


def test_a_damaged_box_sends_nothing() -> None:
    sealed = vault.seal(secret="90817263544536", context=CONTEXT)
    damaged = Sealed(key_id=sealed.key_id, blob=sealed.blob[:-1] + bytes([sealed.blob[-1] ^ 1]))

    with pytest.raises(VaultError, match="Nothing was sent"):
        vault.unseal(sealed=damaged, context=CONTEXT)


def test_equal_accounts_have_equal_fingerprints_and_no_other_account_has() -> None:
    first, same, other = (vault.fingerprint(text=text) for text in ("122000030:123", "122000030:123", "122000030:124"))

    assert first == same
    assert first != other
    assert "122000030" not in first


def test_a_stored_payload_reads_back() -> None:
    sealed = vault.payload_close({"request": {"amount": "1999"}, "response": None})

    assert b"1999" not in sealed.blob
    assert vault.payload_open(sealed) == {"request": {"amount": "1999"}, "response": None}
