"""Operators see which keys are in use and whether they open; nobody else has such a page."""

from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from commerce.models import User
from oropay.models import VaultCanary
from oropay.services import canaries_check
from plumbing.models import Job
from tests.backoffice.conftest import Opened, dialog, page
from tests.factories import NOON, StaffFactory
from tests.invoices.house import House
from tests.storefront.pages import text


def operator(opened: Opened) -> Client:
    return opened(StaffFactory.create(is_superuser=True))


def test_an_operator_sees_whether_each_key_opens_and_what_hangs_on_it(house: House, opened: Opened) -> None:
    canaries_check(now=NOON)
    canary = VaultCanary.objects.get()

    listing = text(operator(opened).get(reverse("admin:oropay_vaultcanary_changelist")))
    shown = text(operator(opened).get(page(canary)))

    assert "Opens" in listing
    assert "Vault test closes new ones 1 Opens" in shown
    assert "Payloads test closes new ones 0 There" in shown


def test_a_key_that_does_not_open_says_so(house: House, opened: Opened) -> None:
    VaultCanary.objects.update(trouble="its private key does not open what was sealed with its public key.")

    shown = text(operator(opened).get(page(VaultCanary.objects.get())))

    assert "Does not open" in shown
    assert "its private key does not open what was sealed with its public key." in shown


def test_sealing_anew_is_a_job_for_the_gateway_worker(house: House, opened: Opened, settings: Settings) -> None:
    house.integration.provider.__class__.objects.update(key_id="older")

    dialog(operator(opened), VaultCanary.objects.get(), "seal_anew")

    assert [(job.kind, job.queue) for job in Job.objects.filter(kind="oropay.vault_rotate")] == [
        ("oropay.vault_rotate", "gateway-batch")
    ]


def test_an_administrator_has_no_such_page(house: House, administrator: User, opened: Opened) -> None:
    client = opened(administrator)

    assert client.get(page(VaultCanary.objects.get())).status_code in {403, 404}
    assert "Vault keys" not in text(client.get(reverse("admin:index")))
