"""New keys for the vault: everything is sealed anew, nothing is lost, and a key that does not open is noticed."""

import base64
import threading
from datetime import timedelta
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import BinaryField
from django.utils import timezone
from nacl.public import PrivateKey
from pytest_django.fixtures import Settings

from oropay import vault
from oropay.engine.gateways import gateway_of
from oropay.exceptions import VaultError, VaultKeyMissing
from oropay.models import Environment, Instrument, ProviderAccount, VaultCanary
from oropay.periodic import CheckVault
from oropay.services import BankDetails, canaries_check, canaries_ensure, provider_provision, vault_rotate
from oropay.services.instrument import bank_add
from oropay.vault import Context, Sealed
from oropay.vault.contexts import vault_context
from oropay.vault.keys import PAYLOADS, SEALED, Ring, sealed_rows, vault_health
from plumbing.models import Job, JobState
from plumbing.services import job_run
from tests.checkout.shop import Shop
from tests.factories import NOON

OLD, NEW = PrivateKey.generate(), PrivateKey.generate()


def ring(**keys: PrivateKey | bytes) -> str:
    return ",".join(f"{name}:{base64.b64encode(bytes(key)).decode()}" for name, key in keys.items())


def public(**keys: PrivateKey) -> str:
    return ring(**{name: bytes(key.public_key) for name, key in keys.items()})


@pytest.fixture
def shop(settings: Settings, db: None) -> Shop:
    """A shop whose provider account was sealed with the old key."""
    settings.OROPAY_VAULT_PUBLIC_KEYS = public(old=OLD)
    settings.OROPAY_VAULT_PRIVATE_KEYS = ring(old=OLD)
    return Shop()


def account(shop: Shop, number: str) -> Instrument:
    return bank_add(
        customer_id=shop.customer.pk,
        owner=shop.buyer,
        integration=shop.integration,
        details=BankDetails(
            account_number=number,
            routing_number="122000030",
            account_type="CHECKING",
            holder_type="BUSINESS",
            holder_name="Acme",
        ),
    )


def number_in(row: Instrument) -> str:
    row.refresh_from_db()
    return vault.unseal(sealed=Sealed(row.key_id, bytes(row.sealed or b"")), context=vault_context(row))


def new_key(settings: Settings) -> None:
    """The new key seals; the old one only opens."""
    settings.OROPAY_VAULT_PUBLIC_KEYS = public(new=NEW, old=OLD)
    settings.OROPAY_VAULT_PRIVATE_KEYS = ring(new=NEW, old=OLD)


def test_rotation_seals_everything_with_the_new_key_and_loses_nothing(shop: Shop, settings: Settings) -> None:
    rows = [account(shop, f"90817263544{number}") for number in range(5)]
    new_key(settings)
    heard: list[tuple[int, int]] = []

    rotation = vault_rotate(now=NOON, batch=2, progress=lambda done, total: heard.append((done, total)))

    settings.OROPAY_VAULT_PRIVATE_KEYS = ring(new=NEW)
    assert (rotation.key_id, rotation.resealed, rotation.refused) == ("new", 6, [])
    assert heard == [(1, 6), (3, 6), (5, 6), (6, 6)]
    assert [number_in(row) for row in rows] == [f"90817263544{number}" for number in range(5)]
    assert sealed_rows() == {"new": 6}
    shop.account.refresh_from_db()
    assert gateway_of(account=shop.account)


def test_a_dry_run_counts_and_changes_nothing(shop: Shop, settings: Settings) -> None:
    account(shop, "9081726354")
    new_key(settings)

    rotation = vault_rotate(now=NOON, dry_run=True)

    assert rotation.resealed == 2
    assert sealed_rows() == {"old": 2}


def test_a_second_run_goes_on_where_the_first_stopped(shop: Shop, settings: Settings) -> None:
    rows = [account(shop, f"90817263544{number}") for number in range(3)]
    new_key(settings)

    def killed(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vault_rotate(now=NOON, batch=1, progress=killed)
    assert sealed_rows() == {"new": 2, "old": 2}

    assert vault_rotate(now=NOON, batch=1).resealed == 2
    assert [number_in(row) for row in rows] == [f"90817263544{number}" for number in range(3)]


def test_rotation_with_nothing_to_do_writes_nothing(shop: Shop) -> None:
    row = account(shop, "9081726354")
    before = bytes(row.sealed or b"")

    assert vault_rotate(now=NOON).resealed == 0
    row.refresh_from_db()
    assert bytes(row.sealed or b"") == before


@pytest.mark.parametrize(
    ("held", "why"), [({"new": NEW}, "'old'"), ({"old": OLD}, "'new'"), ({"new": OLD, "old": OLD}, "'new'")]
)
def test_rotation_without_one_of_the_keys_is_refused_and_changes_nothing(
    shop: Shop, settings: Settings, held: dict[str, PrivateKey], why: str
) -> None:
    account(shop, "9081726354")
    new_key(settings)
    settings.OROPAY_VAULT_PRIVATE_KEYS = ring(**held)

    with pytest.raises(VaultKeyMissing, match=f"Nothing was changed.*{why}"):
        vault_rotate(now=NOON)

    assert sealed_rows() == {"old": 2}


def test_a_box_that_was_copied_into_another_row_is_not_sealed_anew_and_pays_nothing(
    shop: Shop, settings: Settings
) -> None:
    mine, theirs = account(shop, "1111222233"), account(shop, "4444555566")
    Instrument.objects.filter(pk=mine.pk).update(sealed=theirs.sealed)
    new_key(settings)

    rotation = vault_rotate(now=NOON)

    assert rotation.resealed == 2
    assert len(rotation.refused) == 1
    assert f"bank account {mine.pk}: Nothing was sent: a sealed secret belongs to another row." in rotation.refused[0]
    with pytest.raises(VaultError, match="belongs to another row"):
        number_in(mine)
    assert (mine.key_id, number_in(theirs), theirs.key_id) == ("old", "4444555566", "new")


def test_rotation_is_kept_in_the_history_with_its_reason(shop: Shop, settings: Settings) -> None:
    row = account(shop, "9081726354")
    new_key(settings)

    vault_rotate(now=NOON)

    event = row.history.latest("pgh_id")  # type: ignore[attr-defined]
    assert (event.key_id, event.pgh_context.metadata["why"]) == ("new", "vault_rotate to key new")


@pytest.mark.django_db(transaction=True)
def test_web_writes_new_rows_while_everything_is_sealed_anew(settings: Settings) -> None:
    settings.OROPAY_VAULT_PUBLIC_KEYS, settings.OROPAY_VAULT_PRIVATE_KEYS = public(old=OLD), ring(old=OLD)
    shop = Shop()
    rows = [account(shop, f"9081726354{number:02}") for number in range(12)]
    new_key(settings)
    written: list[Instrument] = []
    first_batch = threading.Event()

    def web() -> None:
        first_batch.wait(timeout=30)
        written.extend(account(shop, f"7081726354{number:02}") for number in range(12))
        connection.close()

    writer = threading.Thread(target=web)
    writer.start()
    vault_rotate(now=NOON, batch=2, progress=lambda done, total: first_batch.set())
    writer.join()

    assert sealed_rows() == {"new": 25}
    assert [number_in(row) for row in rows] == [f"9081726354{number:02}" for number in range(12)]
    assert [number_in(row) for row in written] == [f"7081726354{number:02}" for number in range(12)]


def test_the_command_says_which_keys_are_needed_no_more(shop: Shop, settings: Settings) -> None:
    account(shop, "9081726354")
    new_key(settings)
    said = StringIO()

    call_command("vault_rotate", stdout=said)

    assert said.getvalue().splitlines()[-4:] == [
        "2 sealed with key new.",
        "vault key new: current, 2 rows",
        "vault key old: old, 0 rows, may leave its ring",
        "payload key test: current, 0 rows",
    ]


def test_every_table_that_holds_boxes_counts_before_a_key_may_leave() -> None:
    holding = set()
    for model in apps.get_models():
        fields = model._meta.local_concrete_fields
        if any(isinstance(field, BinaryField) for field in fields) and "key_id" in {field.name for field in fields}:
            holding.add(model)

    counted = {column.rows().model for column in SEALED} | {rows().model for rows in PAYLOADS}

    assert holding - {VaultCanary} == counted


def test_the_command_in_a_process_without_private_keys_changes_nothing(shop: Shop, settings: Settings) -> None:
    new_key(settings)
    settings.OROPAY_VAULT_PRIVATE_KEYS = ""

    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("vault_rotate", stdout=StringIO())

    assert sealed_rows() == {"old": 1}


def test_web_may_ask_the_worker_to_do_it(shop: Shop, settings: Settings) -> None:
    account(shop, "9081726354")
    new_key(settings)
    call_command("vault_rotate", "--queue", stdout=StringIO())
    job = Job.objects.get(kind="oropay.vault_rotate")

    job_run(job_id=job.pk, now=timezone.now())

    job.refresh_from_db()
    assert (job.queue, job.state, job.error) == ("gateway-batch", JobState.DONE, "")
    assert sealed_rows() == {"new": 2}


def test_a_key_that_nothing_hangs_on_and_that_left_the_ring_is_not_asked_for(shop: Shop, settings: Settings) -> None:
    new_key(settings)
    vault_rotate(now=NOON)
    settings.OROPAY_VAULT_PUBLIC_KEYS = public(new=NEW)
    settings.OROPAY_VAULT_PRIVATE_KEYS = ring(new=NEW)

    assert canaries_check(now=NOON) == []
    assert [(key.key_id, key.rows) for key in vault_health() if key.ring == Ring.VAULT] == [("new", 1)]


def test_a_private_key_that_does_not_fit_is_found_and_web_reads_it(shop: Shop, settings: Settings) -> None:
    settings.OROPAY_VAULT_PRIVATE_KEYS = ring(old=NEW)

    wrong = canaries_check(now=NOON)

    settings.OROPAY_VAULT_PRIVATE_KEYS = ""
    assert wrong == ["Vault key 'old': its private key does not open what was sealed with its public key."]
    key = vault_health()[0]
    assert key.trouble == "its private key does not open what was sealed with its public key."
    assert key.checked_at == NOON


def test_a_canary_that_opens_again_is_well_again(shop: Shop, settings: Settings) -> None:
    VaultCanary.objects.update(trouble="It did not open.")

    assert canaries_check(now=NOON) == []
    assert VaultCanary.objects.get().trouble == ""


def test_another_key_under_a_known_id_seals_no_credentials(shop: Shop, settings: Settings) -> None:
    settings.OROPAY_VAULT_PUBLIC_KEYS = public(old=NEW)
    before = bytes(ProviderAccount.objects.get().credentials)

    with pytest.raises(VaultError, match="is another key here than when it was first used"):
        provider_provision(
            organization=shop.organization,
            name="Sandbox",
            app_id="a",
            app_key="b",
            service_url="http://127.0.0.1:9/ucp",
            environment=Environment.SANDBOX,
            settlement_currency="USD",
        )

    assert bytes(ProviderAccount.objects.get().credentials) == before
    assert "another public key under this id" in vault_health()[0].trouble


def test_a_damaged_canary_is_a_trouble(shop: Shop) -> None:
    other = vault.seal(secret="hello", context=Context(purpose="canary", subject="other", owner="", provider=""))
    VaultCanary.objects.update(blob=other.blob)

    assert canaries_check(now=NOON) == [
        "Vault key 'old': its private key does not open what was sealed with its public key."
    ]


def test_the_hourly_check_fails_its_job_when_a_key_does_not_open(shop: Shop, settings: Settings) -> None:
    CheckVault().run(job=Job(), now=NOON)
    settings.OROPAY_VAULT_PRIVATE_KEYS = ring(old=NEW)

    with pytest.raises(VaultKeyMissing, match="does not open"):
        CheckVault().run(job=Job(), now=NOON + timedelta(hours=1))

    assert VaultCanary.objects.get().checked_at == NOON + timedelta(hours=1)


def test_canaries_are_made_once(shop: Shop) -> None:
    canaries_ensure(now=NOON)
    canaries_ensure(now=NOON + timedelta(days=1))

    assert VaultCanary.objects.count() == 1
