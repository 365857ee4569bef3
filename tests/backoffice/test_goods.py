"""The completeness meter: what a card payment told the gateway about the goods, and where to fill in the rest."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from commerce.models import Customer, Order, OrderLine, Organization, Product, User
from oropay.gateway.port import Verdict
from oropay.leveldata import REQUIREMENTS, Need
from oropay.models import DataLevelSent, Payment
from tests.backoffice.conftest import Opened, page
from tests.factories import OrderLineFactory
from tests.invoices.house import House, payable_of


@pytest.fixture
def client(administrator: User, opened: Opened) -> Client:
    return opened(administrator)


@pytest.fixture
def complete(house: House) -> Order:
    """An order of 100.00 with everything Level 3 asks for."""
    Organization.objects.filter(pk=house.seller.pk).update(ship_from_postal_code="55806")
    Customer.objects.filter(pk=house.customer.pk).update(tax_exemption="EX-77")
    order = house.order("100.00")
    OrderLine.objects.filter(order=order).update(commodity_code="31161600", unit="BX")
    return order


def started(house: House, order: Order) -> Payment:
    payment = house.pay(order.payable, amounts=["100.00"])
    house.says(payment, Verdict.APPROVED)
    payment.refresh_from_db()
    return payment


def test_a_complete_order_is_sent_as_level_3_and_its_meter_says_so(
    house: House, complete: Order, client: Client
) -> None:
    payment = started(house, complete)

    content = client.get(page(payment)).content.decode()

    assert (payment.data_level, payment.data_gaps) == (DataLevelSent.THREE, [])
    assert "Level 3 was sent: 15 of 15 things were there, 14 of them were sent." in content
    assert state_of(content, "Ship-from postal code") == "There, not sent"
    assert "The gateway has no field for it; it is kept here." in content
    assert {state_of(content, str(one.name)) for one in REQUIREMENTS if one.need != Need.SHIP_FROM} == {"Sent"}
    assert "Level 3, complete" in client.get(reverse("admin:oropay_payment_changelist")).content.decode()


def test_what_is_missing_is_named_with_the_row_in_which_to_fill_it(house: House, client: Client) -> None:
    order = house.order("100.00", po_number="")
    line = OrderLine.objects.get(order=order)
    OrderLine.objects.filter(pk=line.pk).update(commodity_code="")
    Product.objects.filter(sku=line.sku).update(commodity_code="")
    payment = started(house, order)
    product = Product.objects.get(sku=line.sku)

    content = client.get(page(payment)).content.decode()

    assert payment.data_level == DataLevelSent.THREE
    assert {gap["need"] for gap in payment.data_gaps} == {"tax", "po_number", "ship_from", "commodity_code"}
    assert "Level 3 was sent: 11 of 15 things were there, 11 of them were sent." in content
    assert f"No commodity code. On 1 line: {line.sku}." in content
    for row in (product, house.customer, house.seller, order):
        assert f'href="{page(row)}"' in content


def test_a_code_given_to_the_product_later_counts_from_the_next_payment_on(house: House) -> None:
    order = house.order("100.00")
    line = OrderLine.objects.get(order=order)
    OrderLine.objects.filter(pk=line.pk).update(commodity_code="")
    Product.objects.filter(sku=line.sku).update(commodity_code="31161600")

    payment = started(house, order)

    assert payment.order_data["items"][0]["commodity_code"] == "31161600"
    assert "commodity_code" not in {gap["need"] for gap in payment.data_gaps}


def test_part_of_an_invoice_goes_as_level_1_and_says_why(house: House, client: Client) -> None:
    invoice = house.posted("100.00")

    payment = house.paid(payable_of(invoice), amounts=["40.00"])

    content = client.get(page(payment)).content.decode()
    assert payment.data_level == DataLevelSent.ONE
    assert "The payment is for another amount than its documents come to" in content
    assert state_of(content, "Descriptions") == "There, not sent"
    assert state_of(content, "Ship-to postal code") == "Sent"


def state_of(content: str, name: str) -> str:
    """What the meter says of one thing."""
    found = re.search(rf">{re.escape(escape(name))}</td>\s*<td[^>]*>(.*?)</td>", content, re.DOTALL)
    assert found is not None, name
    return " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


def test_a_bank_debit_has_no_meter(house: House, client: Client) -> None:
    payment = house.pay(payable_of(house.posted("100.00")), amounts=["100.00"], bank=True)

    assert (payment.data_level, payment.data_gaps) == (None, [])
    assert "Level 2/3 data</h2>" not in client.get(page(payment)).content.decode()


@pytest.mark.parametrize(
    ("chosen", "found"), [("complete", "complete"), ("3", "both"), ("1", "none"), ("incomplete", "other")]
)
def test_the_list_finds_payments_by_what_they_told(
    house: House, complete: Order, client: Client, chosen: str, found: str
) -> None:
    full = started(house, complete)
    lacking = started(house, house.order("100.00", po_number=""))
    expected = {"complete": {full.pk}, "both": {full.pk, lacking.pk}, "none": set(), "other": {lacking.pk}}

    listed: Any = client.get(reverse("admin:oropay_payment_changelist"), {"goods": chosen})

    assert {row.pk for row in listed.context["cl"].result_list} == expected[found]


def test_many_lines_without_a_code_are_counted_and_not_all_linked(house: House, client: Client) -> None:
    order = house.order("100.00")
    for _ in range(7):
        OrderLineFactory.create(order=order, list_price=Decimal(1))
    lines = OrderLine.objects.filter(order=order)
    Product.objects.filter(pk__in=lines.values("product")).update(commodity_code="")
    lines.update(commodity_code="")
    payment = house.pay(order.payable, amounts=["100.00"])

    content = client.get(page(payment)).content.decode()

    assert "On 8 lines:" in content
    assert "and 3 more" in content
