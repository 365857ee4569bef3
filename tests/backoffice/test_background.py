"""The page "Background work", and what the dashboard says when something is late or a gateway is silent."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from backoffice.background import duration
from commerce.models import User
from oropay.engine.health import health_note
from oropay.models import ProviderAccount
from plumbing.models import Job, PeriodicRun
from plumbing.periodic import Prune
from plumbing.services import heartbeat_beat
from plumbing.services.sweeping import HEARTBEAT
from reconciliation.periodic import SettlementPulls
from tests.backoffice.conftest import Opened, page
from tests.factories import StaffFactory
from tests.invoices.house import House

BACKGROUND = "admin:plumbing_job_background"


@pytest.fixture
def client(house: House, opened: Opened) -> Client:
    return opened(StaffFactory.create(organization=house.seller, is_superuser=True))


def ran(name: str, *, ago: timedelta) -> None:
    began = timezone.now() - ago
    PeriodicRun.objects.create(task=name, period=f"{began}", started_at=began, ended_at=began)


def swept(*, ago: timedelta) -> None:
    heartbeat_beat(name=HEARTBEAT, now=timezone.now() - ago)


def test_everything_on_time_is_said_in_one_sentence(client: Client) -> None:
    ran(Prune.name, ago=timedelta(minutes=5))
    heartbeat_beat(name="worker-default", now=timezone.now())
    swept(ago=timedelta(seconds=2))

    shown = client.get(reverse(BACKGROUND)).content.decode()

    assert "All periodic work is on time." in shown
    assert "oropay transactions" in shown
    assert "gateway-interactive" in shown
    assert 'data-state="running"' in shown
    assert 'data-state="on_time"' in shown
    assert 'data-state="late"' not in shown
    assert "The sweep has" not in shown


def test_a_sweep_that_stands_still_is_the_first_thing_that_is_said(client: Client) -> None:
    never = client.get(reverse(BACKGROUND)).content.decode()
    swept(ago=timedelta(minutes=7))

    page, dashboard = (client.get(reverse(at)).content.decode() for at in (BACKGROUND, "admin:index"))

    assert "The sweep has never run. Payments without an answer are not looked up" in never
    assert "The sweep has not run for 7 min. Payments without an answer are not looked up" in page
    assert "The sweep has not run for 7 min." in dashboard


def test_a_late_task_comes_first_with_its_lag_and_its_error(client: Client) -> None:
    ran(SettlementPulls.name, ago=timedelta(hours=6))
    ran(Prune.name, ago=timedelta(minutes=5))
    Job.objects.create(
        kind="periodic",
        key="pulls",
        payload={"task": SettlementPulls.name},
        next_at=timezone.now(),
        created_at=timezone.now(),
        error="GatewayUnavailable: silent",
    )

    shown = client.get(reverse(BACKGROUND)).content.decode()

    assert "1 task is late." in shown
    assert "5 h 0 min" in shown
    assert "GatewayUnavailable: silent" in shown
    assert shown.index(SettlementPulls.name) < shown.index(Prune.name)


def test_rows_that_nobody_acts_on_are_shown(house: House, client: Client) -> None:
    order = house.order("100.00")
    payment = house.pay(order.payable, amounts=["100.00"])
    payment.transactions.update(next_at=timezone.now() - timedelta(minutes=3))

    shown = client.get(reverse(BACKGROUND)).content.decode()

    assert 'data-state="waiting"' in shown
    assert "3 min" in shown


def test_a_dead_broker_is_named_and_the_page_still_comes(client: Client, settings: Settings) -> None:
    from celery import current_app

    before = current_app.conf.broker_write_url
    current_app.conf.broker_write_url = "redis://127.0.0.1:9/0"  # type: ignore[misc]
    try:
        shown = client.get(reverse(BACKGROUND)).content.decode()
    finally:
        current_app.conf.broker_write_url = before  # type: ignore[misc]

    assert "The broker does not answer" in shown


def test_only_superusers_see_it(administrator: User, opened: Opened) -> None:
    response = opened(administrator).get(reverse(BACKGROUND))

    assert response.status_code == 403
    assert "Background work" not in opened(administrator).get(reverse("admin:index")).content.decode()


def test_the_dashboard_speaks_up_only_when_something_is_late(client: Client) -> None:
    swept(ago=timedelta(seconds=2))
    ran(Prune.name, ago=timedelta(minutes=5))
    quiet = client.get(reverse("admin:index")).content.decode()
    PeriodicRun.objects.all().delete()
    ran(Prune.name, ago=timedelta(hours=4))

    loud = client.get(reverse("admin:index")).content.decode()

    assert "Background work is late" not in quiet
    assert "The sweep has" not in quiet + loud
    assert "Background work is late" in loud
    assert "3 h 0 min" in loud


def test_an_open_circuit_is_on_the_account_and_the_dashboard(
    house: House, administrator: User, opened: Opened, settings: Settings
) -> None:
    account = ProviderAccount.objects.get()
    for _ in range(settings.OROPAY_CIRCUIT_FAILURES):
        health_note(provider_account_id=account.pk, answers=False, now=timezone.now())
    client = opened(administrator)

    of_account, dashboard = (client.get(at).content.decode() for at in (page(account), reverse("admin:index")))

    assert 'data-state="open"' in of_account
    assert "Open after 5 failures in a row: nothing is sent until" in of_account
    assert "Gateway does not answer" in dashboard
    assert "Nothing is sent for a moment" in dashboard


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3_725, "1 h 2 min"), (90_061, "1 d 1 h")]
)
def test_lengths_of_time_are_written_as_people_say_them(seconds: int, words: str) -> None:
    assert duration(timedelta(seconds=seconds)) == words
