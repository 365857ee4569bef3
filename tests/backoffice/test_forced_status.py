"""Status, method and amounts in the grids; forcing a payment status on the page of an order or invoice."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from commerce.models import User
from oropay.gateway.port import Verdict
from oropay.models import ForcedStatus, MoneyState, Payable, PaymentStatus
from oropay.services import status_force
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


@pytest.mark.parametrize("grid", ["commerce_order", "invoices_invoice"])
def test_the_filter_by_status_finds_exactly_the_rows_that_show_it(house: House, client: Client, grid: str) -> None:
    rows = [_of(house, grid, total) for total in ("100.00", "90.00", "80.00", "70.00")]
    part, refused, forced = (payable for _row, payable in rows[1:])
    house.paid(rows[0][1], amounts=["100.00"])
    house.paid(part, amounts=["30.00"])
    house.says(house.pay(refused, amounts=["80.00"]), Verdict.DECLINED)
    status_force(payable=forced, status=PaymentStatus.CANCELED, reason="as agreed", by=house.clerk, now=timezone.now())

    shown = {row.pk: Payable.objects.get(pk=payable.pk).status for row, payable in rows}
    for status in PaymentStatus:
        listing = client.get(reverse(f"admin:{grid}_changelist"), {"payable__status__exact": status})
        found = {one.pk for one in listing.context["cl"].result_list}

        assert found == {pk for pk, said in shown.items() if said == status}, status
        assert listing.content.decode().count(f'data-state="{status}"') >= len(found)
    assert sorted(shown.values()) == ["canceled", "declined", "full", "partially"]


def test_the_filter_by_money_finds_exactly_the_payments_that_show_it(house: House, client: Client) -> None:
    taken = house.paid(payable_of(house.posted("100.00")), amounts=["100.00"])
    refused = house.pay(payable_of(house.posted("50.00")), amounts=["50.00"])
    house.says(refused, Verdict.DECLINED)
    under_way = house.pay(payable_of(house.posted("70.00")), amounts=["70.00"], bank=True)
    house.says(under_way, Verdict.PENDING)

    found = {state: {one.pk for one in _payments(client, state).context["cl"].result_list} for state in MoneyState}

    assert {state: pks for state, pks in found.items() if pks} == {
        MoneyState.CAPTURED: {taken.pk},
        MoneyState.DECLINED: {refused.pk},
        MoneyState.SETTLING: {under_way.pk},
    }
    for state in (MoneyState.CAPTURED, MoneyState.DECLINED, MoneyState.SETTLING):
        assert f'data-state="{state}"' in _payments(client, state).content.decode()


def _payments(client: Client, state: MoneyState) -> Any:
    return client.get(reverse("admin:oropay_payment_changelist"), {"money_state__exact": state})


def _of(house: House, grid: str, total: str) -> tuple[Any, Payable]:
    """A row of this grid, and what is paid of it."""
    if grid == "commerce_order":
        order = house.order(total)
        return order, order.payable
    invoice = house.posted(total)
    return invoice, payable_of(invoice)
