"""The inbox in the back-office: who sees what, and trying again; the webhook part of an integration's page."""

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from commerce.models import User
from oropay import engine
from oropay.models import Integration, Notification, NotificationState, WebhookCheck, WebhookCheckState
from oropay.services import notification_receive
from plumbing.models import Job
from tests.backoffice.conftest import Opened, address, dialog, page
from tests.invoices.house import House
from tests.oropay.notices import signature

APP_KEY = "key"


@pytest.fixture
def client(administrator: User, opened: Opened) -> Client:
    return opened(administrator)


def told(house: House, content: Any, *, key: str = APP_KEY) -> Notification:
    """A message that a worker has read."""
    body = json.dumps(content).encode()
    notification_receive(
        key=house.integration.webhook_key,
        body=body,
        headers={"X-GP-Signature": signature(body, key)},
        address="192.0.2.1",
        now=timezone.now(),
    )
    engine.inbox_drain(integration_id=house.integration.pk, now=timezone.now())
    return Notification.objects.latest("pk")


def test_the_list_shows_what_came_and_what_became_of_it(
    house: House, client: Client, clerk: User, opened: Opened
) -> None:
    told(house, {"id": "TEST_1", "status": "CLOSED"})
    told(house, {"id": "TRN_forged"}, key="wrong")

    for browser in (client, opened(clerk)):
        content = browser.get(reverse("admin:oropay_notification_changelist")).content.decode()
        assert "A test nobody asked for." in content
        assert "Its signature is not the gateway&#x27;s." in content
        assert 'data-state="rejected"' in content


def test_a_page_shows_the_body_without_secrets(house: House, client: Client) -> None:
    row = told(house, {"id": "TEST_1", "card": {"number": "4263970000005262"}, "token": "abc"})

    content = client.get(page(row)).content.decode()

    assert "TEST_1" in content
    assert "5262" in content
    assert "4263970000005262" not in content
    assert "abc" not in json.dumps(row.shown)


def test_another_sellers_staff_sees_none_of_it(house: House, stranger: User, opened: Opened) -> None:
    row = told(house, {"id": "TEST_1"})
    browser = opened(stranger)

    listed = browser.get(reverse("admin:oropay_notification_changelist")).content.decode()

    assert "TEST_1" not in listed
    assert browser.get(page(row)).status_code == 404
    assert dialog(browser, row, "replay").status_code == 404


def test_trying_again_needs_the_permission_and_starts_from_the_beginning(
    house: House, client: Client, clerk: User, opened: Opened
) -> None:
    row = told(house, {"id": "TEST_1"})

    refused = dialog(opened(clerk), row, "replay")
    row.refresh_from_db()
    kept = row.state
    done = dialog(client, row, "replay")
    again = dialog(client, row, "replay")

    row.refresh_from_db()
    assert (refused.status_code, kept, done.status_code) == (403, NotificationState.IGNORED, 302)
    assert (row.state, row.tries) == (NotificationState.RECEIVED, 0)
    assert "still being worked on" in again.content.decode()


def test_an_integration_says_when_it_heard_last_and_what_went_wrong(house: House, client: Client) -> None:
    before = client.get(page(house.integration)).content.decode()
    told(house, {"id": "TRN_forged"}, key="wrong")

    after = client.get(page(house.integration)).content.decode()

    assert "Nothing has come yet." in before
    assert 'data-state="none"' in before
    assert "Rejected: Its signature is not the gateway&#x27;s." in after
    assert 'data-state="rejected">now' in after


def test_a_test_is_asked_for_with_a_button(house: House, client: Client, clerk: User, opened: Opened) -> None:
    refused = dialog(opened(clerk), house.integration, "check_webhook")
    opening = client.get(address(house.integration, "check_webhook"))
    asked_before = WebhookCheck.objects.count()

    done = dialog(client, house.integration, "check_webhook")

    check = WebhookCheck.objects.get()
    job = Job.objects.get(kind="oropay.webhook-check")
    content = client.get(page(house.integration)).content.decode()
    assert (refused.status_code, opening.status_code, asked_before, done.status_code) == (403, 200, 0, 302)
    assert (check.state, check.integration_id) == (WebhookCheckState.ASKED, house.integration.pk)
    assert (job.payload, job.queue) == ({"check": check.pk}, "gateway-batch")
    assert 'data-state="asked"' in content


def test_integrations_of_other_types_have_no_webhook(house: House, client: Client) -> None:
    terms = Integration.objects.create(
        organization=house.seller, type="payment_terms", name="Terms", webhook_key="x" * 43, currencies=["USD"]
    )

    content = client.get(page(terms)).content.decode()

    assert "Webhook address" not in content
    assert "Send test" not in content
