"""What a buyer sees of a disputed payment: words, and nothing to pay."""

from django.test import Client
from django.urls import reverse

from oropay.models import Payment
from tests.invoices.house import House, payable_of
from tests.oropay.disputes.told import recorded
from tests.storefront_invoices.pages import text_of


def contested(house: House, payment: Payment, **changes: str) -> None:
    recorded(house.integration.provider, payment.transactions.get(action="charge"), **changes)


def test_a_disputed_invoice_says_so_and_is_not_to_be_paid_again(house: House, buyer: Client) -> None:
    invoice = house.posted("100.00")
    payment = house.paid(payable_of(invoice), amounts=["100.00"])
    contested(house, payment)

    page = text_of(buyer.get(f"/invoices/{invoice.number}/"))
    paying = text_of(buyer.get(reverse("storefront:paying", args=[payment.uuid])))

    assert "Disputed with the bank $50.00 counts as paid until the bank decides" in page
    assert "Balance $0.00" in page
    assert "$100.00 was paid and is disputed with the bank." in paying
    assert "another way to pay" not in paying


def test_a_lost_dispute_reads_as_due_again(house: House, buyer: Client) -> None:
    invoice = house.posted("100.00")
    payment = house.paid(payable_of(invoice), amounts=["100.00"])
    contested(house, payment)
    contested(house, payment, status="CLOSED", result="LOST")

    page = text_of(buyer.get(f"/invoices/{invoice.number}/"))

    assert "Disputed with the bank" not in page
    assert "Balance $50.00" in page
