"""The address where gateways tell us things: one answer for each kind of mistake, nothing stored but what is good."""

import logging
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from api import limits
from config.reporting import OneLine
from oropay.models import (
    Action,
    Environment,
    Initiator,
    Instrument,
    InstrumentKind,
    Integration,
    Method,
    Notification,
    NotificationState,
    Payment,
    PaymentTransaction,
    TransactionState,
)
from oropay.services import integration_save, provider_provision, webhook_address, webhook_rotate
from tests.factories import CustomerFactory, OrganizationFactory, WebsiteFactory
from tests.hints import Hint, Hints

BODY = b'{"id": "TRN_1",  "status":"CAPTURED"}\n'


@pytest.fixture(autouse=True)
def counters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has sent anything yet, and no minute ends while a test counts."""
    monkeypatch.setattr(limits, "WINDOW", 24 * 3600)
    limits.forget()
    valkey = redis.Redis.from_url(settings.REDIS_URL)
    for name in valkey.scan_iter("oropay:webhooks:*"):
        valkey.delete(name)


@pytest.fixture
def integration(db: None) -> Integration:
    organization = OrganizationFactory.create()
    account = provider_provision(
        organization=organization,
        name="Sandbox",
        app_id="app",
        app_key="key",
        service_url="http://127.0.0.1:1/ucp",
        environment=Environment.SANDBOX,
        settlement_currency="USD",
    )
    made = Integration(organization=organization, name="OroPay", provider_account=account, currencies=["USD"])
    return integration_save(integration=made)


def inbox(integration: Integration) -> list[Hint]:
    """The hint that tells a worker of an inbox."""
    return [("oropay.tasks.notifications", integration.pk, "gateway-lookup")]


def path(integration: Integration) -> str:
    return f"/webhooks/{integration.webhook_key}/"


def send(integration: Integration, body: bytes = BODY, **more: Any) -> Any:
    return Client(enforce_csrf_checks=True).post(path(integration), body, content_type="application/json", **more)


def test_the_bytes_are_stored_as_they_came_and_the_answer_is_ok(integration: Integration, hints: Hints) -> None:
    answer = send(integration, headers={"X-GP-Signature": "abc", "User-Agent": "gateway", "Cookie": "a=b"})

    row = Notification.objects.get()
    assert (answer.status_code, answer.content) == (200, b"OK\n")
    assert bytes(row.body) == BODY
    assert row.headers == {"Content-Type": "application/json", "User-Agent": "gateway", "X-GP-Signature": "abc"}
    assert (row.integration_id, row.state, row.address) == (integration.pk, NotificationState.RECEIVED, "127.0.0.1")
    assert (row.next_at, row.tries, row.gateway_id, row.shown) == (row.received_at, 0, "", {})
    assert hints.told() == inbox(integration)
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


def test_it_costs_one_statement(integration: Integration) -> None:
    send(integration)

    with CaptureQueriesContext(connection) as seen:
        send(integration)

    assert len(seen) == 1


def test_many_at_once_are_one_hint(integration: Integration, hints: Hints, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HINT_EVERY", 60)  # however slow the machine is: these three are at once
    for _ in range(3):
        send(integration)

    assert Notification.objects.count() == 3
    assert hints.told() == inbox(integration)


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [("get", b"", 404), ("put", BODY, 405), ("delete", BODY, 405), ("post", b"", 400), ("post", b"x" * 65_537, 413)],
)
def test_a_mistake_has_its_answer_and_stores_nothing(
    integration: Integration, hints: Hints, method: str, body: bytes, status: int
) -> None:
    answer = getattr(Client(), method)(path(integration), body, content_type="application/json")

    assert answer.status_code == status
    assert not Notification.objects.exists()
    assert hints.told() == []


def test_the_largest_body_is_taken(integration: Integration) -> None:
    assert send(integration, b"x" * 65_536).status_code == 200


@pytest.mark.parametrize("rest", ["", "/", "x", "x/", "a" * 42 + "/", "a" * 44 + "/", "%00/", "../admin/", "a" * 43])
def test_what_is_no_key_reads_no_row(db: None, rest: str) -> None:
    with CaptureQueriesContext(connection) as seen:
        answer = Client().post(f"/webhooks/{rest}", BODY, content_type="application/json")

    assert answer.status_code == 404
    assert len(seen) == 0


def test_a_key_that_nobody_has_stores_nothing(integration: Integration, hints: Hints) -> None:
    answer = Client().post(f"/webhooks/{'a' * 43}/", BODY, content_type="application/json")

    assert (answer.status_code, answer.content) == (404, b"Nobody listens here.\n")
    assert not Notification.objects.exists()
    assert hints.told() == []


def test_an_old_address_stops_at_once(integration: Integration) -> None:
    old = path(integration)

    webhook_rotate(integration=integration)

    assert Client().post(old, BODY, content_type="application/json").status_code == 404
    assert send(integration).status_code == 200


def test_an_inactive_integration_still_listens(integration: Integration) -> None:
    Integration.objects.filter(pk=integration.pk).update(is_active=False)

    assert send(integration).status_code == 200


def test_too_many_from_one_address_are_turned_away(integration: Integration, settings: Any) -> None:
    settings.OROPAY_WEBHOOKS_PER_ADDRESS = 2

    answers = [send(integration) for _ in range(3)]
    elsewhere = send(integration, REMOTE_ADDR="192.0.2.9")

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[2].headers["Retry-After"]) <= limits.WINDOW
    assert elsewhere.status_code == 200
    assert Notification.objects.count() == 3


def test_too_many_for_one_inbox_are_turned_away_whoever_sends_them(integration: Integration, settings: Any) -> None:
    settings.OROPAY_WEBHOOKS_PER_INTEGRATION = 2

    answers = [send(integration, REMOTE_ADDR=f"192.0.2.{number}").status_code for number in range(3)]

    assert answers == [200, 200, 429]


def test_a_process_asks_valkey_once_for_a_block_of_messages_and_never_gives_more_than_the_limit(
    integration: Integration, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OROPAY_WEBHOOKS_PER_INTEGRATION = 5
    monkeypatch.setattr(limits, "BLOCK", 2)

    answers = [send(integration).status_code for _ in range(3)]
    limits.forget()  # another process
    answers += [send(integration).status_code for _ in range(3)]

    assert answers == [200, 200, 200, 200, 429, 429]


def test_without_valkey_the_door_stays_open(
    integration: Integration, hints: Hints, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = redis.Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=1)
    monkeypatch.setattr(limits, "_valkey", lambda: nobody)

    assert send(integration).status_code == 200
    assert hints.told() == inbox(integration)


def test_the_secret_address_is_in_no_log_line(integration: Integration) -> None:
    record = logging.LogRecord("django", logging.WARNING, "", 1, "Not allowed: %s", (path(integration),), None)

    assert OneLine("%(message)s").format(record) == "Not allowed: /webhooks/•••/"


def test_the_address_is_the_sellers_website_or_what_the_setting_says(integration: Integration, settings: Any) -> None:
    settings.WEBSITE_SCHEME, settings.WEBSITE_PORT = "https", ""
    nowhere = webhook_address(integration=integration)
    WebsiteFactory.create(organization=integration.organization, domain="shop.example")

    own = webhook_address(integration=integration)
    settings.OROPAY_WEBHOOK_ORIGIN = "https://pay.example/"
    told = webhook_address(integration=integration)

    assert nowhere == ""
    assert own == f"https://shop.example/webhooks/{integration.webhook_key}/"
    assert told == f"https://pay.example/webhooks/{integration.webhook_key}/"


@pytest.fixture
def paid(integration: Integration) -> PaymentTransaction:
    """A charge of this integration that the gateway knows as TRN_1."""
    website = WebsiteFactory.create(organization=integration.organization)
    customer = CustomerFactory.create(organization=integration.organization)
    payment = Payment.objects.create(
        organization=integration.organization,
        website=website,
        customer=customer,
        integration=integration,
        provider_account=integration.provider_account,
        instrument=Instrument.objects.create(
            kind=InstrumentKind.CARD, customer=customer, provider_account=integration.provider, token="PMT_1"
        ),
        method=Method.CARD,
        amount=Decimal(100),
        currency="USD",
        initiator=Initiator.BUYER,
        attempt_key=uuid4(),
        created_at=timezone.now(),
    )
    return PaymentTransaction.objects.create(
        payment=payment,
        action=Action.CHARGE,
        amount=Decimal(100),
        currency="USD",
        reference=f"oro-{uuid4().hex}",
        gateway_id="TRN_1",
        created_at=timezone.now(),
    )


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("named", ["reference", "id", "both"])
def test_a_browser_that_the_gateway_leads_back_finds_its_payment_and_changes_nothing(
    integration: Integration, paid: PaymentTransaction, hints: Hints, method: str, named: str
) -> None:
    query = {"X-GP-Signature": "ab" * 64, "id": "TRN_1", "reference": paid.reference, "status": "CAPTURED"}
    if named != "both":
        query = {name: value for name, value in query.items() if name in {"X-GP-Signature", named}}

    answer = getattr(Client(), method)(path(integration), query)

    paid.refresh_from_db()
    assert answer.status_code == 303
    assert answer.headers["Location"] == paid.payment.website.url("storefront:paying", uuid=paid.payment.uuid)  # type: ignore[union-attr]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert paid.state == TransactionState.QUEUED
    assert not Notification.objects.exists()
    assert hints.told() == []


@pytest.mark.parametrize("query", [{}, {"id": "TRN_2"}, {"reference": "x" * 500}, {"id": "TRN_1\0"}, {"reference": ""}])
def test_a_browser_that_names_no_payment_is_told_that_nothing_was_changed(
    integration: Integration, paid: PaymentTransaction, query: dict[str, str]
) -> None:
    answer = Client().get(path(integration), query)

    assert (answer.status_code, answer.content) == (404, b"No payment is named here. Nothing was changed.\n")


def test_a_payment_of_another_integration_is_not_found_by_its_name(
    integration: Integration, paid: PaymentTransaction
) -> None:
    other = integration_save(
        integration=Integration(
            organization=integration.organization,
            name="Second",
            provider_account=integration.provider_account,
            currencies=["USD"],
        )
    )

    assert Client().get(path(other), {"reference": paid.reference}).status_code == 404


def test_too_many_browsers_are_refused_like_messages(
    integration: Integration, paid: PaymentTransaction, settings: Settings
) -> None:
    settings.OROPAY_WEBHOOKS_PER_ADDRESS = 1

    codes = [Client().get(path(integration), {"reference": paid.reference}).status_code for _ in range(3)]

    assert codes == [303, 429, 429]
