"""Paying an invoice in the browser: how much, with what, once."""

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from commerce.models import Level, Permission, User
from invoices.models import Invoice
from oropay.models import Instrument, Mandate, Payment, PaymentTransaction
from tests.invoices.house import House, payable_of, seat
from tests.storefront_invoices.pages import field, text_of

BANK = {
    "bank_holder_name": "Acme Manufacturing",
    "bank_routing": "021000021",
    "bank_account": "000123456789",
    "bank_account_again": "000123456789",
    "bank_account_type": "CHECKING",
    "bank_holder_type": "BUSINESS",
}


@pytest.fixture
def invoice(house: House) -> Invoice:
    return house.posted("100.00")


def form_of(client: Client, invoice: Invoice) -> dict[str, str]:
    """What the page's form carries before anybody types."""
    page = client.get(f"/invoices/{invoice.number}/pay/")
    assert page.status_code == 200, page.content.decode()[:2000]
    return {name: field(page, name) for name in ("attempt_key", "agreed_day", "full")} | {"how": "full"}


def send(client: Client, invoice: Invoice, data: dict[str, Any]) -> Any:
    return client.post(f"/invoices/{invoice.number}/pay/", data)


def by_card(house: House) -> dict[str, str]:
    return {
        "method": f"card:{house.integration.pk}",
        "card_token": "PMT_once_1",
        "card_brand": "visa",
        "card_last4": "4242",
    }


def by_bank(house: House) -> dict[str, str]:
    return {"method": f"bank:{house.integration.pk}", "authorised": f"bank:{house.integration.pk}", **BANK}


def test_all_that_is_left_is_paid_by_card_and_watched_on_the_paying_page(
    house: House, buyer: Client, invoice: Invoice
) -> None:
    data = form_of(buyer, invoice)

    answer = send(buyer, invoice, data | by_card(house))

    payment = Payment.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/pay/{payment.uuid}/")
    assert (payment.amount, payment.method, payment.created_by) == (Decimal(100), "card", house.buyer)
    assert [(part.payable_id, part.amount, part.live) for part in payment.parts.all()] == [
        (payable_of(invoice).pk, Decimal(100), True)
    ]
    assert payment.transactions.get().action == "charge"


def test_a_part_is_paid_by_bank_and_the_words_agreed_to_name_its_amount(
    house: House, buyer: Client, invoice: Invoice
) -> None:
    data = form_of(buyer, invoice)

    answer = send(buyer, invoice, data | {"how": "other", "other": "40.50"} | by_bank(house))

    assert answer.status_code == 302, text_of(answer)
    payment = Payment.objects.get()
    assert (payment.amount, payment.method) == (Decimal("40.50"), "bank")
    mandate = Mandate.objects.get()
    assert mandate == payment.mandate
    assert "debit $40.50 once" in mandate.text
    assert invoice.number in mandate.text
    assert "ending in 6789" in mandate.text
    assert b"000123456789" not in bytes(Instrument.objects.get().sealed or b"")


def test_the_page_says_the_exact_amount_in_one_sentence(house: House, buyer: Client, invoice: Invoice) -> None:
    page = text_of(buyer.get(f"/invoices/{invoice.number}/pay/"))

    assert f"You pay $100.00 of invoice {invoice.number} now:" in page
    assert "Pay now · $100.00" in page


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ("", "Enter an amount, such as 120.50."),
        ("ten", "Enter an amount, such as 120.50."),
        ("NaN", "Enter an amount, such as 120.50."),
        ("0", "The amount must be more than nothing."),
        ("-5", "The amount must be more than nothing."),
        ("10.005", "USD amounts have at most 2 decimals."),
        ("100.01", "That is more than the $100.00 that may be paid now."),
        ("1e9", "Enter an amount, such as 120.50."),
        ("1 50", "Enter an amount, such as 120.50."),
        ("1,50", "A comma separates thousands only"),
        ("50,0", "A comma separates thousands only"),
        ("1,00.00", "A comma separates thousands only"),
        ("1,000.00", "That is more than the $100.00 that may be paid now."),
    ],
)
def test_an_amount_that_cannot_be_paid_is_told_at_its_field_and_nothing_starts(
    house: House, buyer: Client, invoice: Invoice, other: str, why: str
) -> None:
    data = form_of(buyer, invoice)

    answer = send(buyer, invoice, data | {"how": "other", "other": other} | by_bank(house))

    assert answer.status_code == 422
    assert why in text_of(answer)
    assert b"000123456789" not in answer.content
    assert Payment.objects.count() == PaymentTransaction.objects.count() == Instrument.objects.count() == 0


def test_what_changed_since_the_page_was_opened_is_told_and_not_charged(
    house: House, buyer: Client, invoice: Invoice
) -> None:
    data = form_of(buyer, invoice)
    house.paid(payable_of(invoice), amounts=["30.00"])

    answer = send(buyer, invoice, data | by_card(house))

    assert answer.status_code == 422
    assert "What is left has changed: it is $70.00 now." in text_of(answer)
    assert Payment.objects.count() == 1


def test_a_second_click_joins_the_payment_already_running(house: House, buyer: Client, invoice: Invoice) -> None:
    data = form_of(buyer, invoice) | by_card(house)
    first = send(buyer, invoice, data)

    second = send(buyer, invoice, data)

    assert (first.headers["Location"], second.status_code) == (second.headers["Location"], 302)
    assert Payment.objects.count() == 1


def test_while_a_colleague_pays_the_page_says_so_and_links_to_watch(
    house: House, buyer: Client, browse: Callable[[User], Client], invoice: Invoice
) -> None:
    colleague = seat(
        house.customer,
        {Permission.VIEW_INVOICE: Level.DEPARTMENT, Permission.PAY_INVOICE: Level.DEPARTMENT},
        first_name="Kim",
        last_name="Colleague",
    )
    other = browse(colleague)
    data = form_of(other, invoice)
    send(buyer, invoice, form_of(buyer, invoice) | by_card(house))
    payment = Payment.objects.get()

    answers = [send(other, invoice, data | by_card(house)), other.get(f"/invoices/{invoice.number}/pay/")]

    for answer in answers:
        assert answer.status_code == 409
        assert "Nothing was charged here" in text_of(answer)
        assert f"{house.buyer} is paying {invoice.number} right now." in text_of(answer)
        assert f"/pay/{payment.uuid}/" in answer.content.decode()
    assert Payment.objects.count() == 1


def test_a_person_who_may_only_look_cannot_pay(
    house: House, browse: Callable[[User], Client], invoice: Invoice
) -> None:
    viewer = browse(seat(house.customer, {Permission.VIEW_INVOICE: Level.DEPARTMENT}))

    page = viewer.get(f"/invoices/{invoice.number}/")
    posted = send(
        viewer, invoice, {"how": "full", "full": "100.0000", "attempt_key": str(uuid.uuid4())} | by_card(house)
    )

    assert "/pay/" not in page.content.decode()
    assert (viewer.get(f"/invoices/{invoice.number}/pay/").status_code, posted.status_code) == (404, 404)
    assert Payment.objects.count() == 0


def test_an_invoice_with_nothing_left_leads_back_to_its_page(house: House, buyer: Client, invoice: Invoice) -> None:
    house.paid(payable_of(invoice), amounts=["100.00"])

    answer = buyer.get(f"/invoices/{invoice.number}/pay/", follow=True)

    assert answer.redirect_chain == [(f"/invoices/{invoice.number}/", 302)]
    assert f"Nothing was charged. {invoice.number} has nothing left to pay." in text_of(answer)


def test_without_the_tick_no_account_is_debited(house: House, buyer: Client, invoice: Invoice) -> None:
    data = form_of(buyer, invoice) | by_bank(house)
    del data["authorised"]

    answer = send(buyer, invoice, data)

    assert answer.status_code == 422
    assert "Nothing was debited. Please agree to the authorisation first." in text_of(answer)
    assert Payment.objects.count() == 0


def test_the_pay_page_may_load_the_gateways_fields_and_is_not_kept(buyer: Client, invoice: Invoice) -> None:
    answer = buyer.get(f"/invoices/{invoice.number}/pay/")

    assert "http://localhost:8090" in answer.headers["Content-Security-Policy"]
    assert "no-store" in answer.headers["Cache-Control"]
