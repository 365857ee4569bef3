"""PDFs, receipts, mails and invoices at placement: what jobs make after the money was recorded."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from commerce.drafts import AddressSnapshot
from commerce.models import Order
from commerce.services import order_open, setting_set
from invoices import pdf
from invoices.exceptions import PostRefused
from invoices.models import Invoice, InvoiceState, Receipt
from invoices.services import (
    LineAsked,
    invoice_document_make,
    invoice_draft,
    invoice_draft_from_order,
    invoice_post,
    receipt_issue,
)
from oropay.gateway.port import Verdict
from oropay.models import PaymentTransaction, RefundReason, RefundSource, TransactionState
from oropay.services import PartAsked, RefundLineAsked, offline_receipt_record, refund_start
from plumbing.models import Document, Job, Mail
from plumbing.services import job_run
from tests.factories import NOON, PaymentTermFactory
from tests.invoices.house import ADDRESS, House, payable_of, placed, seat

LATER = NOON + timedelta(hours=1)


def run_jobs(kind: str) -> None:
    for job in Job.objects.filter(kind=kind, state="queued"):
        job_run(job_id=job.pk, now=LATER)


def test_the_pdf_is_drawn_once_by_the_job_and_stays(house: House) -> None:
    invoice = house.posted("100.00")

    run_jobs("invoices.document")
    invoice.refresh_from_db()
    again = invoice_document_make(invoice_id=invoice.pk, now=LATER)

    document = Document.objects.get()
    assert (invoice.document, again.document) == (document, document)
    assert (document.name, document.kind, document.content_type) == (
        "INV-2026-11-00001.pdf",
        "invoice",
        "application/pdf",
    )
    assert bytes(document.content).startswith(b"%PDF-")
    assert Job.objects.get().state == "done"
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
        Invoice.objects.filter(pk=invoice.pk).update(document=None)


def test_a_posted_invoice_is_mailed_once_with_its_pdf(house: House) -> None:
    invoice = house.posted("100.00", po_number="PO-9")

    run_jobs("invoices.document")
    invoice_document_make(invoice_id=invoice.pk, mail=True, now=LATER)

    mail = Mail.objects.get()
    invoice.refresh_from_db()
    assert (mail.to, mail.subject) == ("ap@acme.test", "Invoice INV-2026-11-00001: $100.00")
    assert "Please pay $100.00 by 16 Nov 2026." in mail.text
    assert "PO number: PO-9" in mail.text
    assert f"/invoices/{invoice.number}/" in mail.text
    assert list(mail.documents.all()) == [invoice.document]


def test_an_invoice_that_its_deposit_paid_asks_for_nothing(house: House) -> None:
    house.customer.email = ""
    house.customer.save()
    order = house.order("100.00")
    house.paid(order.payable, amounts=["100.00"])
    Mail.objects.all().delete()

    house.billed(order)
    run_jobs("invoices.document")

    mail = Mail.objects.get()
    assert mail.to == house.buyer.email
    assert "It is paid already: nothing is left to pay." in mail.text
    assert "Please pay" not in mail.text


def test_an_invoice_is_not_mailed_to_a_buyer_who_may_not_see_it(house: House) -> None:
    house.customer.email = ""
    house.customer.save()
    order = placed(house.order("100.00", placed_by=seat(house.customer, {})))

    house.billed(order)
    run_jobs("invoices.document")

    assert Document.objects.count() == 1
    assert Mail.objects.count() == 0


def test_history_that_is_written_down_later_is_mailed_to_nobody(house: House) -> None:
    invoice_post(invoice=house.draft(), by=house.clerk, now=NOON, mail=False)

    run_jobs("invoices.document")

    assert Document.objects.count() == 1
    assert Mail.objects.count() == 0


def test_a_refund_is_told_to_the_payer_once_with_everything_it_is_taken_from(house: House) -> None:
    first, second = house.posted("100.00"), house.posted("50.00")
    payment = house.paid(payable_of(first), payable_of(second), amounts=["100.00", "50.00"])
    refund = refund_start(
        charge=payment.transactions.get(),
        lines=[
            RefundLineAsked(source=RefundSource.INVOICE, amount=Decimal(20), payable_id=payable_of(first).pk),
            RefundLineAsked(source=RefundSource.INVOICE, amount=Decimal(10), payable_id=payable_of(second).pk),
        ],
        reason=RefundReason.PRICE,
        note="agreed",
        by=house.clerk,
        now=NOON,
    )
    PaymentTransaction.objects.filter(pk=refund.pk).update(state=TransactionState.SENDING)
    assert Mail.objects.count() == 0

    house.says(payment, Verdict.APPROVED)

    mail = Mail.objects.get()
    assert (mail.to, mail.subject) == (house.buyer.email, "Refund of $30.00")
    assert "North Supply gave $30.00 back to Visa ···· 4242." in mail.text
    assert f"Invoice {first.number}: $20.00, due again\nInvoice {second.number}: $10.00, due again" in mail.text
    assert f"/pay/{payment.uuid}/" in mail.text


def test_a_refund_of_a_deposit_is_told_too(house: House) -> None:
    order = house.order("100.00")
    payment = house.paid(order.payable, amounts=["100.00"])
    Mail.objects.all().delete()

    house.refunded(payment, "40.00", payable=order.payable, source=RefundSource.DEPOSIT)

    assert f"Order {order.number}: $40.00" in Mail.objects.get().text


def test_a_refund_that_was_declined_is_told_to_nobody(house: House) -> None:
    invoice = house.posted("100.00")
    payment = house.paid(payable_of(invoice), amounts=["100.00"])
    refund = refund_start(
        charge=payment.transactions.get(),
        lines=[RefundLineAsked(source=RefundSource.INVOICE, amount=Decimal(20), payable_id=payable_of(invoice).pk)],
        reason=RefundReason.PRICE,
        note="agreed",
        by=house.clerk,
        now=NOON,
    )
    PaymentTransaction.objects.filter(pk=refund.pk).update(state=TransactionState.SENDING)

    house.says(payment, Verdict.DECLINED)

    assert Mail.objects.count() == 0


def test_the_same_rows_give_the_same_bytes_whatever_was_paid(house: House) -> None:
    invoice = house.posted("100.00")
    fresh = Invoice.objects.select_related("organization", "website").get(pk=invoice.pk)
    first = pdf.invoice_pdf(fresh)

    house.paid(payable_of(invoice), amounts=["40.00"])

    assert pdf.invoice_pdf(Invoice.objects.get(pk=invoice.pk)) == first


def test_text_that_looks_like_markup_is_printed_as_it_is(house: House) -> None:
    invoice = invoice_post(
        invoice=invoice_draft(
            website=house.website,
            customer=house.customer,
            lines=[
                LineAsked(name='#panic("x") *bold* $x$ @ref <a>', quantity=Decimal("2.5"), unit_price=Decimal("0.1234"))
            ],
            by=house.clerk,
            now=NOON,
            bill_to=replace(ADDRESS, company='#include "/etc/passwd"'),
            ship_to=AddressSnapshot(),
            notes="Line one\n#let x = 1",
        ),
        by=house.clerk,
        now=NOON,
    )

    drawn = pdf.invoice_pdf(invoice)

    assert drawn.startswith(b"%PDF-")
    assert invoice.total == Decimal("0.31")


def test_a_draft_is_not_printed(house: House) -> None:
    draft = house.draft()

    with pytest.raises(PostRefused):
        invoice_document_make(invoice_id=draft.pk, now=NOON)

    assert Document.objects.count() == 0


def test_a_receipt_is_numbered_drawn_and_mailed_to_who_paid(house: House) -> None:
    invoice = house.posted("100.00")
    payment = house.paid(payable_of(invoice), amounts=["100.00"])
    receipt = Receipt.objects.get()
    assert (receipt.number, receipt.document) == ("", None)

    run_jobs("invoices.receipt")

    receipt.refresh_from_db()
    assert (receipt.number, receipt.amount, receipt.method, receipt.issued_at) == (
        "RCPT-2026-11-00001", Decimal(100), "Visa ···· 4242", LATER,
    )  # fmt: skip
    mail = Mail.objects.get()
    assert (mail.to, mail.subject) == (house.buyer.email, "Receipt RCPT-2026-11-00001: $100.00")
    assert "North Supply received $100.00, paid with Visa ···· 4242." in mail.text
    assert f"Invoice {invoice.number}: $100.00" in mail.text
    assert f"/receipts/{payment.uuid}/" in mail.text
    assert list(mail.documents.all()) == [receipt.document]
    assert bytes(Document.objects.get().content).startswith(b"%PDF-")


def test_issuing_a_receipt_twice_makes_one_number_one_paper_one_mail(house: House) -> None:
    house.paid(payable_of(house.posted("100.00")), amounts=["100.00"])
    receipt = Receipt.objects.get()

    first = receipt_issue(receipt_id=receipt.pk, now=NOON)
    second = receipt_issue(receipt_id=receipt.pk, now=LATER)

    assert (first.number, first.document) == (second.number, second.document)
    assert (Document.objects.count(), Mail.objects.count()) == (1, 1)
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        Receipt.objects.update(amount=Decimal(1))


def test_a_check_recorded_by_staff_is_receipted_to_the_company(house: House) -> None:
    from tests.invoices.test_money import check_arrives

    check_arrives(house, payable_of(house.posted("100.00")), "110.00")

    run_jobs("invoices.receipt")

    receipt = Receipt.objects.get()
    assert receipt.method == "Check or wire check 118"
    assert [row["amount"] for row in receipt.paid] == ["100.00", "10.00"]
    assert Mail.objects.get().to == "ap@acme.test"
    assert "Kept as your credit: $10.00" in Mail.objects.get().text


def test_money_for_an_order_is_receipted_when_its_invoice_is_posted_over_it(house: House) -> None:
    order = house.order("100.00")
    payment = house.paid(order.payable, amounts=["100.00"])
    assert Receipt.objects.count() == 0

    invoice = invoice_post(
        invoice=invoice_draft_from_order(order=Order.objects.get(), by=house.clerk, now=LATER),
        by=house.clerk,
        now=LATER,
    )
    run_jobs("invoices.receipt")

    receipt = Receipt.objects.get()
    assert (receipt.payment, receipt.transaction) == (payment, payment.transactions.get())
    assert (receipt.number, receipt.amount, receipt.method) == (
        "RCPT-2026-11-00001", Decimal(100), "Visa ···· 4242",
    )  # fmt: skip
    assert receipt.paid == [{"number": invoice.number, "amount": "100.00"}]
    assert receipt.received_on == date(2026, 11, 16)
    assert receipt.document is not None
    mail = Mail.objects.get(subject__startswith="Receipt")
    assert (mail.to, list(mail.documents.all())) == (house.buyer.email, [receipt.document])


def test_one_check_for_two_orders_is_receipted_with_each_invoice(house: House) -> None:
    first, second = placed(house.order("100.00")), placed(house.order("50.00"))
    offline_receipt_record(
        parts=[
            PartAsked(payable_id=first.payable.pk, amount=Decimal(100)),
            PartAsked(payable_id=second.payable.pk, amount=Decimal(50)),
        ],
        received_on=date(2026, 11, 13),
        document="check 7",
        by=house.clerk,
        now=NOON,
    )

    invoices = [house.billed(first)]
    run_jobs("invoices.receipt")
    invoices.append(house.billed(second))
    run_jobs("invoices.receipt")

    receipts = list(Receipt.objects.order_by("pk"))
    assert [(receipt.number, receipt.amount) for receipt in receipts] == [
        ("RCPT-2026-11-00001", Decimal(100)),
        ("RCPT-2026-11-00002", Decimal(50)),
    ]
    assert [receipt.paid[0]["number"] for receipt in receipts] == [invoice.number for invoice in invoices]
    assert {receipt.received_on for receipt in receipts} == {date(2026, 11, 13)}


def test_a_bank_debit_is_receipted_when_it_settles_not_when_it_is_accepted(house: House) -> None:
    payment = house.pay(payable_of(house.posted("100.00")), amounts=["100.00"], bank=True)
    house.says(payment, Verdict.PENDING)
    assert Receipt.objects.count() == 0

    house.says(payment, Verdict.APPROVED)

    assert Receipt.objects.get().method == "First Bank ···· 6789 (ACH)"


def test_an_order_on_terms_is_invoiced_at_placement_where_the_website_wants_it(house: House) -> None:
    setting_set(key="invoices.create_at", value="placement", website=house.website)
    term = PaymentTermFactory.create(organization=house.seller, days=30)
    on_terms, by_card = house.order("100.00", payment_term=term), house.order("50.00")

    for order in (on_terms, by_card):
        order_open(order=order, now=NOON)
    run_jobs("invoices.of_order")

    invoice = Invoice.objects.get()
    assert (invoice.order, invoice.state, invoice.number) == (on_terms, InvoiceState.POSTED, "INV-2026-11-00001")
    assert (invoice.issued_on, invoice.due_on) == (date(2026, 11, 16), date(2026, 12, 16))
    assert payable_of(invoice).payable_now == Decimal(100)


def test_by_default_staff_decide_when_an_order_is_invoiced(house: House) -> None:
    order: Order = house.order("100.00", payment_term=PaymentTermFactory.create(organization=house.seller))

    order_open(order=order, now=NOON)

    assert Job.objects.count() == 0
    assert Invoice.objects.count() == 0
