"""Status, method and amounts in the grids; forcing a payment status on the page of an order or invoice."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from commerce.models import User
from oropay.gateway.port import Verdict
from oropay.models import ForcedStatus, PaymentStatus
from tests.backoffice.conftest import Opened, address, dialog, page
from tests.invoices.house import House, payable_of


@pytest.fixture
def client(administrator: User, opened: Opened) -> Client:
    return opened(administrator)


def listed(client: Client, name: str, **query: Any) -> str:
    return client.get(reverse(f"admin:{name}_changelist"), query).content.decode()


def test_an_invoice_is_shown_as_a_person_says_with_a_mark(house: House, client: Client) -> None:
    invoice = house.posted("100.00")

    said = client.get(address(invoice, "force_status")).content.decode()
    dialog(client, invoice, "force_status", status="full", note="paid in goods", until="2099-01-31")

    shown = client.get(page(invoice)).content.decode()
    assert "No money moves" in said
    assert "$100.00 stays due" in said
    assert (payable_of(invoice).status, payable_of(invoice).due) == (PaymentStatus.FULL, Decimal(100))
    assert 'data-state="forced"' in shown
    assert "by the money it is “Pending payment”" in shown
    assert "paid in goods" in shown
    assert 'data-state="forced"' in listed(client, "invoices_invoice", payable__status__exact="full")
    assert ForcedStatus.objects.get().expires_at.isoformat() == "2099-02-01T04:59:59.999999+00:00"  # type: ignore[union-attr]


def test_ending_it_is_offered_only_while_it_is_in_force(house: House, client: Client) -> None:
    invoice = house.posted("100.00")
    before = client.get(page(invoice)).content.decode()
    dialog(client, invoice, "force_status", status="full", note="paid in goods")
    during = client.get(page(invoice)).content.decode()

    dialog(client, invoice, "unforce_status")

    assert address(invoice, "unforce_status") not in before
    assert address(invoice, "unforce_status") in during
    assert (payable_of(invoice).status, payable_of(invoice).is_forced) == (PaymentStatus.PENDING, False)


def test_it_works_on_orders_too(house: House, client: Client) -> None:
    order = house.order("100.00")

    dialog(client, order, "force_status", status="authorized", note="bank guarantee")

    order.payable.refresh_from_db()
    assert order.payable.status == PaymentStatus.AUTHORIZED
    assert "bank guarantee" in client.get(page(order)).content.decode()


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "full", "note": ""},
        {"status": "golden", "note": "why"},
        {"status": "full", "note": "why", "until": "2001-01-01"},
    ],
)
def test_without_reason_or_sense_nothing_is_forced(house: House, client: Client, fields: dict[str, str]) -> None:
    invoice = house.posted("100.00")

    dialog(client, invoice, "force_status", **fields)

    assert (ForcedStatus.objects.count(), payable_of(invoice).status) == (0, PaymentStatus.PENDING)


def test_it_needs_a_permission_of_its_own(house: House, clerk: User, stranger: User, opened: Opened) -> None:
    invoice = house.posted("100.00")

    of_clerk = dialog(opened(clerk), invoice, "force_status", status="full", note="why")
    of_stranger = dialog(opened(stranger), invoice, "force_status", status="full", note="why")

    assert (of_clerk.status_code, of_stranger.status_code, ForcedStatus.objects.count()) == (403, 404, 0)


def test_grids_show_and_filter_by_status_method_and_last_attempt(house: House, client: Client) -> None:
    paid, declined = house.posted("100.00"), house.posted("50.00")
    house.paid(payable_of(paid), amounts=["100.00"])
    house.says(house.pay(payable_of(declined), amounts=["50.00"]), Verdict.DECLINED)

    by_method = listed(client, "invoices_invoice", payable__method__exact="card", payable__status__exact="full")
    failed = listed(client, "invoices_invoice", last_attempt="failed")

    assert (page(paid) in by_method, page(declined) in by_method) == (True, False)
    assert (page(paid) in failed, page(declined) in failed) == (False, True)
    assert "last attempt declined" in failed


def test_a_bank_debit_under_way_is_shown_beside_the_status(house: House, client: Client) -> None:
    invoice = house.posted("100.00")
    house.says(house.pay(payable_of(invoice), amounts=["100.00"], bank=True), Verdict.PENDING)

    shown, grid = client.get(page(invoice)).content.decode(), listed(client, "invoices_invoice")

    assert 'data-state="settling"' in shown
    assert 'data-state="pending"' in shown
    assert "$100.00</span> settling" in grid
