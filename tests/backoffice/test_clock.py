"""One clock: every time in the reader's organization's zone, in one format, with the zone named once."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from commerce.models import User
from oropay.gateway.port import Verdict
from oropay.models import PaymentTransaction
from tests.backoffice.conftest import Opened, page
from tests.factories import StaffFactory
from tests.invoices.house import House, payable_of


@pytest.fixture
def client(administrator: User, opened: Opened) -> Client:
    return opened(administrator)


def test_times_are_told_in_the_zone_of_the_organization(house: House, client: Client) -> None:
    house.seller.time_zone = "America/Los_Angeles"
    house.seller.save()
    payment = house.pay(payable_of(house.posted("10.00")), amounts=["10.00"])
    type(payment).objects.filter(pk=payment.pk).update(created_at=datetime(2026, 11, 26, 7, 30, 5, tzinfo=UTC))

    content = client.get(page(payment)).content.decode()

    assert 'title="25 Nov 2026, 23:30:05 PST">25 Nov 2026, 23:30:05</time>' in content
    assert content.count("All times are in America/Los Angeles (") == 1


def test_a_superuser_without_organization_reads_the_clock_of_the_website(house: House, opened: Opened) -> None:
    boss = StaffFactory.create(is_superuser=True, organization=None)

    content = opened(boss).get(reverse("admin:index")).content.decode()

    assert "All times are in America/New York (" in content


def test_cash_in_today_counts_from_the_midnight_it_names(
    house: House, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    early_in_new_york = datetime(2026, 11, 26, 6, 0, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: early_in_new_york)
    yesterday = house.pay(payable_of(house.posted("10.00")), amounts=["10.00"])
    house.says(yesterday, Verdict.APPROVED, now=early_in_new_york - timedelta(hours=2))
    today = house.pay(payable_of(house.posted("5.00")), amounts=["5.00"])
    house.says(today, Verdict.APPROVED, now=early_in_new_york)

    tile = client.get(reverse("admin:index")).context["tiles"][0]

    assert PaymentTransaction.objects.filter(ended_at__date=early_in_new_york.date()).count() == 2
    assert [re.sub("<.*?>", "", str(value)) for value in tile["values"]] == ["$5.00"]
    assert "since midnight in America/New York (EST)" in tile["detail"]


def test_no_list_writes_times_in_another_format(house: House, opened: Opened) -> None:
    house.paid(payable_of(house.posted("100.00")), amounts=["100.00"])
    boss = opened(StaffFactory.create(is_superuser=True, organization=house.seller))

    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        content = boss.get(reverse(name)).content.decode()
        assert re.findall(r"\d [ap]\.m\.", content) == [], model
