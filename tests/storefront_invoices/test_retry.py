"""After a failed attempt both the list and the page say so and offer another try; what is too small is not offered."""

from decimal import Decimal

from django.test import Client
from django.urls import reverse

from oropay.gateway.port import Verdict
from oropay.models import Integration, IntegrationLimit, Payment
from tests.invoices.house import House, payable_of


def listed(buyer: Client, **query: str) -> str:
    return buyer.get(reverse("storefront:invoices"), query).content.decode()


def shown(buyer: Client, number: str) -> str:
    return buyer.get(reverse("storefront:invoice", args=[number])).content.decode()


def test_trap_12_a_declined_payment_may_be_tried_again_from_the_list_and_from_the_page(
    house: House, buyer: Client
) -> None:
    invoice = house.posted("100.00")
    house.says(house.pay(payable_of(invoice), amounts=["100.00"]), Verdict.DECLINED)
    pay = reverse("storefront:invoice_pay", args=[invoice.number])

    in_list, on_page = listed(buyer), shown(buyer, invoice.number)

    assert "The last payment was declined." in in_list
    assert "The last payment was declined." in on_page
    assert f'href="{pay}">Try again' in in_list
    assert f'href="{pay}">Try again: pay $100.00' in on_page


def test_a_failure_is_told_no_more_once_it_is_paid(house: House, buyer: Client) -> None:
    invoice = house.posted("100.00")
    house.says(house.pay(payable_of(invoice), amounts=["100.00"]), Verdict.DECLINED)
    house.paid(payable_of(invoice), amounts=["100.00"])

    assert "data-failure" not in listed(buyer, tab="all") + shown(buyer, invoice.number)


def test_trap_13_what_is_too_small_has_no_pay_button_and_says_why(house: House, buyer: Client) -> None:
    IntegrationLimit.objects.create(integration=Integration.objects.get(), currency="USD", min_amount=Decimal(1))
    invoice = house.posted("0.05")
    pay = reverse("storefront:invoice_pay", args=[invoice.number])

    in_list, on_page, tried = listed(buyer), shown(buyer, invoice.number), buyer.get(pay)

    for page in (in_list, on_page):
        assert "Too small to pay online, which takes $1.00 or more." in page
        assert pay not in page
    assert tried.headers["Location"] == reverse("storefront:invoice", args=[invoice.number])
    assert Payment.objects.count() == 0


def test_the_list_is_narrowed_by_status_method_and_last_attempt(house: House, buyer: Client) -> None:
    part, declined, untouched = house.posted("100.00"), house.posted("50.00"), house.posted("70.00")
    house.paid(payable_of(part), amounts=["40.00"])
    house.says(house.pay(payable_of(declined), amounts=["50.00"]), Verdict.DECLINED)

    found = {
        "partially": listed(buyer, status="partially"),
        "card": listed(buyer, method="card"),
        "failed": listed(buyer, status="failed"),
        "nonsense": listed(buyer, status="golden", method="barter"),
    }

    numbers = {
        name: {row.number for row in (part, declined, untouched) if row.number in page} for name, page in found.items()
    }
    assert numbers == {
        "partially": {part.number},
        "card": {part.number, declined.number},
        "failed": {declined.number},
        "nonsense": {part.number, declined.number, untouched.number},
    }
    assert "$40.00</span> paid" in found["partially"]
