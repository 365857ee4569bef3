"""The list of transactions as a file: what it shows, all pages of it, and nothing that a spreadsheet would run."""

import csv
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from commerce.models import Customer, User
from oropay.models import Payment
from tests.backoffice.conftest import Opened
from tests.factories import StaffFactory
from tests.invoices.house import House, payable_of

LIST = "admin:oropay_paymenttransaction_changelist"
FILE = "admin:oropay_paymenttransaction_download"


@pytest.fixture
def client(administrator: User, opened: Opened) -> Client:
    return opened(administrator)


def told(client: Client, **asked: str) -> list[dict[str, str]]:
    answer: Any = client.get(reverse(FILE), asked)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(text.splitlines()))


def test_every_transaction_of_the_seller_is_a_line_in_plain_values(client: Client, charged: Payment) -> None:
    [line] = told(client)

    row = charged.transactions.get()
    assert (line["Transaction"], line["Type"], line["State"]) == (str(row.pk), "Charge", "Approved")
    assert (line["Amount"], line["Currency"]) == ("100.00", "USD")
    assert line["Orders and invoices"] == charged.parts.get().payable.number
    assert line["Our reference"] == row.reference
    assert line["Created"] == f"{row.created_at:%Y-%m-%d %H:%M:%S}"


def test_the_list_offers_the_file_narrowed_as_it_is(client: Client, charged: Payment) -> None:
    content = client.get(reverse(LIST), {"state__exact": "declined"}).content.decode()

    assert f"{reverse(FILE)}?state__exact=declined" in content
    assert told(client, state__exact="declined") == []
    assert len(told(client, state__exact="approved")) == 1


def test_more_than_a_page_is_read_in_a_few_queries(
    house: House, client: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        house.paid(payable_of(house.posted("10.00")), amounts=["10.00"])

    with django_assert_max_num_queries(10):
        lines = told(client, p="1")

    assert len(lines) == 3


def test_a_name_that_a_spreadsheet_would_run_stays_a_name(client: Client, charged: Payment) -> None:
    Customer.objects.filter(pk=charged.customer_id).update(name='=HYPERLINK("http://evil.example";"Acme")')

    [line] = told(client)

    assert line["Customer"].startswith("'=HYPERLINK")


def test_another_seller_s_transactions_are_not_in_it(charged: Payment, stranger: User, opened: Opened) -> None:
    assert told(opened(stranger)) == []


def test_whoever_may_not_see_the_list_gets_no_file(house: House, charged: Payment, opened: Opened) -> None:
    nobody = StaffFactory.create(organization=house.seller)

    assert opened(nobody).get(reverse(FILE)).status_code == 403


def test_a_filter_that_makes_no_sense_leads_back_to_the_list(client: Client, charged: Payment) -> None:
    answer = client.get(reverse(FILE), {"created_at__gte": "yesterday-ish"})

    assert answer.headers["Location"] == reverse(LIST)
