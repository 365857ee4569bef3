"""Differences between the gateway's list and ours: who sees them, who closes them, and asking for a comparison."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from commerce.models import User
from oropay.models import DriftFinding, DriftKind, DriftRun
from oropay.services import finding_note
from plumbing.models import Job
from tests.backoffice.conftest import Opened, dialog, page
from tests.invoices.house import House


@pytest.fixture
def client(administrator: User, opened: Opened) -> Client:
    return opened(administrator)


def found(house: House, gateway_id: str = "TRN_stranger", *, repaired: bool = False) -> DriftFinding:
    finding_note(
        account=house.integration.provider,
        gateway_id=gateway_id,
        kind=DriftKind.DONE_OUTSIDE if repaired else DriftKind.UNKNOWN_TO_US,
        text=f"Text of {gateway_id}.",
        transaction=None,
        repaired=repaired,
        now=timezone.now(),
    )
    return DriftFinding.objects.latest("pk")


def tile(client: Client) -> list[Any]:
    tiles = client.get(reverse("admin:index")).context["tiles"]
    return next(one["values"] for one in tiles if one["label"] == "Open differences")


def test_finance_sees_what_differs_and_what_to_do(house: House, clerk: User, opened: Opened) -> None:
    found(house)
    found(house, "TRN_done", repaired=True)

    listing = reverse("admin:oropay_driftfinding_changelist")
    everything = opened(clerk).get(listing).content.decode()
    waiting = opened(clerk).get(listing, {"open": "yes"}).content.decode()

    assert "Text of TRN_stranger." in everything
    assert "record the money as an offline receipt" in everything
    assert "Text of TRN_done." in everything
    assert "Text of TRN_done." not in waiting


def test_the_dashboard_counts_what_waits_for_a_person(house: House, client: Client) -> None:
    before = tile(client)
    found(house, "TRN_done", repaired=True)
    finding = found(house)

    counted = tile(client)
    dialog(client, finding, "resolve", remark="A sale at the counter.")

    assert (before, counted, tile(client)) == ([], [1], [])


def test_closing_one_needs_words_and_the_permission(
    house: House, client: Client, clerk: User, opened: Opened, administrator: User
) -> None:
    finding = found(house)
    clerk.groups.clear()

    refused = dialog(opened(clerk), finding, "resolve", remark="x")
    empty = dialog(client, finding, "resolve", remark=" ")
    finding.refresh_from_db()
    kept = finding.resolved_at
    done = dialog(client, finding, "resolve", remark="A sale at the counter.")

    finding.refresh_from_db()
    assert (refused.status_code, empty.status_code, kept, done.status_code) == (403, 200, None, 302)
    assert (finding.remark, finding.resolved_by) == ("A sale at the counter.", administrator)
    assert "A sale at the counter." in client.get(page(finding)).content.decode()


def test_another_sellers_staff_sees_none_of_it(house: House, stranger: User, opened: Opened) -> None:
    finding = found(house)
    browser = opened(stranger)

    assert "TRN_stranger" not in browser.get(reverse("admin:oropay_driftfinding_changelist")).content.decode()
    assert browser.get(page(finding)).status_code == 404
    assert tile(browser) == []


def test_a_comparison_is_asked_for_once_and_its_results_are_on_the_account(
    house: House, client: Client, clerk: User, opened: Opened
) -> None:
    account = house.integration.provider
    now = timezone.now()
    before = client.get(page(account)).content.decode()

    done = [dialog(opened(clerk), account, "compare").status_code for _ in range(2)]
    DriftRun.objects.create(
        provider_account=account, since=now.date(), until=now.date(), started_at=now, ended_at=now, compared=1234
    )

    assert "Not yet. It happens every night" in before
    assert done == [302, 302]
    assert [(job.key, job.queue) for job in Job.objects.filter(kind="oropay.drift")] == [
        (str(account.pk), "gateway-batch")
    ]
    assert "1234" in client.get(page(account)).content.decode()
