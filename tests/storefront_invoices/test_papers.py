"""PDF of an invoice, receipt page, receipt PDF: who may have them, and when they exist."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.test import Client

from commerce.models import Level, Permission, User
from invoices.models import Receipt
from invoices.services import invoice_document_make, receipt_issue
from oropay.gateway.port import Verdict
from oropay.models import RefundSource
from tests.factories import NOON, CustomerFactory
from tests.invoices.house import House, payable_of, seat
from tests.storefront_invoices.pages import text_of


def test_the_pdf_is_an_attachment_once_it_is_drawn(house: House, buyer: Client) -> None:
    invoice = house.posted("100.00")

    before = buyer.get(f"/invoices/{invoice.number}/pdf/", follow=True)
    invoice_document_make(invoice_id=invoice.pk, now=NOON)
    answer = buyer.get(f"/invoices/{invoice.number}/pdf/")

    assert "The PDF is being prepared" in text_of(before)
    assert answer.content.startswith(b"%PDF-")
    assert_attachment(answer, f"{invoice.number}.pdf")


def test_a_card_payment_has_a_receipt_that_names_its_invoices(house: House, buyer: Client) -> None:
    first, second = house.posted("100.00"), house.posted("50.00")
    payment = house.paid(payable_of(first), payable_of(second), amounts=["100.00", "50.00"])
    fresh = text_of(buyer.get(f"/receipts/{payment.uuid}/"))
    receipt_issue(receipt_id=Receipt.objects.get().pk, now=NOON)

    page = buyer.get(f"/receipts/{payment.uuid}/")
    pdf = buyer.get(f"/receipts/{payment.uuid}/RCPT-2026-11-00001.pdf")

    assert "Its number and PDF are here in a few seconds." in fresh
    words = text_of(page)
    assert "Receipt RCPT-2026-11-00001" in words
    assert "Received $150.00" in words
    assert "Paid with Visa ···· 4242" in words
    assert f"Invoice {first.number} $100.00 Invoice {second.number} $50.00" in words
    assert pdf.content.startswith(b"%PDF-")
    assert_attachment(pdf, "RCPT-2026-11-00001.pdf")


def test_a_bank_debit_has_no_receipt_before_it_settles(house: House, buyer: Client) -> None:
    invoice = house.posted("100.00")
    payment = house.pay(payable_of(invoice), amounts=["60.00"], bank=True)
    house.says(payment, Verdict.PENDING)

    early = text_of(buyer.get(f"/receipts/{payment.uuid}/"))
    house.says(payment, Verdict.APPROVED)
    receipt_issue(receipt_id=Receipt.objects.get().pk, now=NOON)
    late = text_of(buyer.get(f"/receipts/{payment.uuid}/"))

    assert "The receipt is issued when it has settled, expected on 19 Nov 2026; you get it by mail" in early
    assert Receipt.objects.get().amount == Decimal(60)
    assert "Receipt RCPT-2026-11-00001" in late


def test_money_for_an_order_says_that_its_receipt_comes_with_the_invoice(
    house: House, browse: Callable[[User], Client]
) -> None:
    order = house.order("100.00")
    payment = house.paid(order.payable, amounts=["100.00"])
    buyer = browse(house.buyer)

    before = text_of(buyer.get(f"/receipts/{payment.uuid}/"))
    invoice = house.billed(order)
    receipt_issue(receipt_id=Receipt.objects.get().pk, now=NOON)
    after = text_of(buyer.get(f"/receipts/{payment.uuid}/"))
    row = text_of(buyer.get(f"/invoices/{invoice.number}/"))

    assert "$100.00 is paid. It is a deposit for your order; the receipt comes with the invoice." in before
    assert f"Order {order.number} $100.00" in before
    assert "Receipt RCPT-2026-11-00001" in after
    assert f"Invoice {invoice.number} $100.00" in after
    assert "Visa ending in 4242 Paid $100.00 RCPT-2026-11-00001" in row


def test_only_a_payment_that_took_nothing_is_said_to_have_brought_no_money(house: House, buyer: Client) -> None:
    declined = house.pay(payable_of(house.posted("10.00")), amounts=["10.00"])
    house.says(declined, Verdict.DECLINED)
    running = house.pay(payable_of(house.posted("20.00")), amounts=["20.00"])
    order = house.order("30.00")
    returned = house.paid(order.payable, amounts=["30.00"])
    house.refunded(returned, "30.00", payable=order.payable, source=RefundSource.DEPOSIT)

    pages = [text_of(buyer.get(f"/receipts/{payment.uuid}/")) for payment in (declined, running, returned)]

    assert "There is no receipt: this payment brought no money." in pages[0]
    assert "This payment has no outcome yet." in pages[1]
    assert "There is no receipt: $30.00 was paid and went back." in pages[2]
    assert [page.count("brought no money") for page in pages] == [1, 0, 0]


def test_a_settling_debit_says_when_its_receipt_comes_instead_of_linking_to_none(house: House, buyer: Client) -> None:
    invoice = house.posted("100.00")
    payment = house.pay(payable_of(invoice), amounts=["100.00"], bank=True)
    house.says(payment, Verdict.PENDING)

    invoice_page = buyer.get(f"/invoices/{invoice.number}/")
    paying = buyer.get(f"/pay/{payment.uuid}/")

    assert "expected to settle on 19 Nov 2026" in text_of(invoice_page)
    assert "when it has settled" in text_of(invoice_page)
    assert f"/receipts/{payment.uuid}/" not in invoice_page.content.decode() + paying.content.decode()
    assert f'href="/invoices/{invoice.number}/">Invoice {invoice.number}' in paying.content.decode()


def test_another_companys_papers_are_a_404(house: House, browse: Callable[[User], Client]) -> None:
    invoice = house.posted("100.00")
    invoice_document_make(invoice_id=invoice.pk, now=NOON)
    payment = house.paid(payable_of(invoice), amounts=["100.00"])
    receipt_issue(receipt_id=Receipt.objects.get().pk, now=NOON)
    other = CustomerFactory.create(organization=house.seller)
    stranger = browse(seat(other, {Permission.VIEW_INVOICE: Level.CORPORATE}))
    colleague = browse(seat(house.customer, {Permission.VIEW_INVOICE: Level.DEPARTMENT}))
    at_own_level = browse(seat(house.customer, {Permission.VIEW_INVOICE: Level.OWN}))

    paths = [
        f"/invoices/{invoice.number}/pdf/",
        f"/receipts/{payment.uuid}/",
        f"/receipts/{payment.uuid}/RCPT-2026-11-00001.pdf",
    ]

    assert [stranger.get(path).status_code for path in paths] == [404, 404, 404]
    assert [at_own_level.get(path).status_code for path in paths] == [404, 404, 404]
    assert [colleague.get(path).status_code for path in paths] == [200, 200, 200]


def test_before_it_settles_a_colleagues_bank_account_is_not_named(
    house: House, browse: Callable[[User], Client], buyer: Client
) -> None:
    invoice = house.posted("100.00")
    payment = house.pay(payable_of(invoice), amounts=["100.00"], bank=True)
    house.says(payment, Verdict.PENDING)
    colleague = browse(seat(house.customer, {Permission.VIEW_INVOICE: Level.DEPARTMENT}))

    own, other = (text_of(person.get(f"/receipts/{payment.uuid}/")) for person in (buyer, colleague))

    assert "Checking account ending in 6789" in own
    assert "Bank account (ACH)" in other
    assert "6789" not in other


def assert_attachment(answer: Any, name: str) -> None:
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
