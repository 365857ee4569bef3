"""Orders and invoices: drafting, posting, voiding, recording a check, canceling."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from commerce.models import Order, OrderState, User
from invoices.models import Invoice, InvoiceState
from invoices.services import invoice_document_make
from invoices.services.memo import debit_memo_post
from oropay.gateway.port import Verdict
from oropay.models import Method, Payment
from oropay.ports import DebtKind
from tests.backoffice.conftest import Opened, address, dialog, page
from tests.factories import NOON, AddressFactory, OrderFactory, ProductFactory
from tests.invoices.house import House, payable_of, placed


@pytest.fixture
def client(administrator: User, opened: Opened) -> Client:
    return opened(administrator)


def head(house: House, **differs: Any) -> dict[str, Any]:
    return {
        "website": house.website.pk,
        "customer": house.customer.pk,
        "payment_term": "",
        "po_number": "PO-1",
        "external_id": "",
        "shipping": "5.00",
        "notes": "",
        "lines-TOTAL_FORMS": 2,
        "lines-INITIAL_FORMS": 0,
        "lines-0-product": "",
        "lines-0-name": "Installation",
        "lines-0-quantity": "2",
        "lines-0-unit": "hour",
        "lines-0-unit_price": "40.00",
        "lines-0-discount": "10.00",
        "lines-0-tax_percent": "8",
        "lines-1-quantity": "",
        **differs,
    }


def test_an_invoice_written_by_hand_adds_up_and_owes_nothing_yet(house: House, client: Client) -> None:
    AddressFactory.create(customer=house.customer, is_default_billing=True)

    response = client.post(reverse("admin:invoices_invoice_add"), head(house))

    draft = Invoice.objects.get()
    assert response.headers["Location"] == page(draft)
    assert (draft.state, draft.number, draft.payable_id) == (InvoiceState.DRAFT, "", None)
    assert (draft.subtotal, draft.discount, draft.tax, draft.shipping, draft.total) == (
        Decimal(80),
        Decimal(10),
        Decimal("5.60"),
        Decimal(5),
        Decimal("80.60"),
    )
    assert draft.bill_to["line_1"] == "1 Main Street"
    assert draft.lines.get().tax_rate == Decimal("0.08")


def test_a_customer_without_an_address_is_refused_at_the_field(house: House, client: Client) -> None:
    response = client.post(reverse("admin:invoices_invoice_add"), head(house))

    assert list(response.context["head"].errors) == ["customer"]
    assert Invoice.objects.count() == 0


def test_a_draft_is_edited_and_a_line_taken_away(house: House, client: Client) -> None:
    draft = house.draft("100.00")
    product = ProductFactory.create(organization=house.seller, name="Gasket")

    client.post(
        page(draft),
        {
            "shipping": "0",
            "po_number": "PO-2",
            "lines-TOTAL_FORMS": 2,
            "lines-INITIAL_FORMS": 1,
            "lines-0-name": "Hex bolts",
            "lines-0-quantity": "1",
            "lines-0-unit_price": "100.00",
            "lines-0-DELETE": "on",
            "lines-1-product": product.pk,
            "lines-1-quantity": "3",
            "lines-1-unit_price": "4.50",
        },
    )

    draft.refresh_from_db()
    assert (draft.po_number, draft.total) == ("PO-2", Decimal("13.50"))
    assert [(line.name, line.product_id) for line in draft.lines.all()] == [("Gasket", product.pk)]


def test_posting_takes_the_number_and_the_dialog_says_so_first(house: House, client: Client) -> None:
    draft = house.draft("100.00")

    said = client.get(address(draft, "post_invoice")).content.decode()
    waiting = Invoice.objects.get(pk=draft.pk).state
    dialog(client, draft, "post_invoice")

    draft.refresh_from_db()
    assert "The next INV number is taken, the PDF is frozen and Acme Manufacturing owes $100.00" in said
    assert waiting == InvoiceState.DRAFT
    assert draft.state == InvoiceState.POSTED
    assert draft.number.startswith("INV-")
    assert draft.posted_by is not None


def test_posting_over_a_deposit_says_how_much_is_applied(house: House, client: Client) -> None:
    order = house.order("100.00")
    house.paid(order.payable, amounts=["100.00"])
    dialog(client, placed_if_needed(order), "draft_invoice")
    draft = Invoice.objects.get(order=order)

    said = client.get(address(draft, "post_invoice")).content.decode()
    dialog(client, draft, "post_invoice")

    assert "$100.00 paid for the order is applied to it." in said
    assert payable_of(Invoice.objects.get(order=order)).paid == Decimal(100)


def test_posting_twice_posts_once(house: House, client: Client) -> None:
    draft = house.draft("100.00")
    dialog(client, draft, "post_invoice")
    number = Invoice.objects.get(pk=draft.pk).number

    again = dialog(client, draft, "post_invoice")

    assert "is posted and stands as it is" in again.content.decode()
    assert Invoice.objects.get(pk=draft.pk).number == number


def test_voiding_needs_a_note_and_the_permission(house: House, client: Client, clerk: User, opened: Opened) -> None:
    invoice = house.posted("100.00")

    refused = dialog(opened(clerk), invoice, "void_invoice", note="wrong customer")
    blank = dialog(client, invoice, "void_invoice", note="")
    standing = Invoice.objects.get(pk=invoice.pk).state
    dialog(client, invoice, "void_invoice", note="wrong customer")

    assert (refused.status_code, blank.status_code, standing) == (403, 200, InvoiceState.POSTED)
    assert Invoice.objects.get(pk=invoice.pk).state == InvoiceState.VOID


@pytest.mark.parametrize(
    ("why", "voided"),
    [
        (DebtKind.RETURNED, False),
        (DebtKind.DISPUTE_LOST, False),
        (DebtKind.OVERREFUNDED, False),
        (DebtKind.RETURN_FEE, True),
        (DebtKind.DISPUTE_FEE, True),
    ],
)
def test_only_a_memo_over_a_fee_is_offered_to_be_voided(
    house: House, client: Client, why: DebtKind, voided: bool
) -> None:
    charge = house.paid(payable_of(house.posted("100.00")), amounts=["100.00"]).transactions.get()
    memo = debit_memo_post(transaction=charge, kind=why, amount=Decimal(15), occurred_on=NOON.date(), now=NOON)
    offered = address(memo, "void_invoice") in client.get(page(memo)).content.decode()
    asked = client.get(address(memo, "void_invoice")).content.decode()

    told = dialog(client, memo, "void_invoice", note="they asked nicely").content.decode()

    memo.refresh_from_db()
    assert offered is voided
    assert (f"Debit memo {memo.number} is withdrawn for good" in asked) is voided
    refused = f"Debit memo {memo.number}: this money did go back to the customer, so it stays owed."
    assert [refused in words for words in (asked, told)] == [not voided] * 2
    assert memo.state == (InvoiceState.VOID if voided else InvoiceState.POSTED)


def test_a_paid_invoice_is_not_voided(house: House, client: Client) -> None:
    invoice = house.posted("100.00")
    house.paid(payable_of(invoice), amounts=["100.00"])

    response = dialog(client, invoice, "void_invoice", note="wrong customer")

    assert "something is paid on it; refund that first" in response.content.decode()
    assert Invoice.objects.get(pk=invoice.pk).state == InvoiceState.POSTED


def test_an_order_is_billed_once(house: House, clerk: User, opened: Opened) -> None:
    order, client = placed(house.order("100.00")), opened(clerk)

    response = dialog(client, order, "draft_invoice")
    again = dialog(client, order, "draft_invoice")

    draft = Invoice.objects.get(order=order)
    assert response.headers["Location"] == page(draft)
    assert "it has an invoice already" in again.content.decode()
    assert Invoice.objects.count() == 1


def test_a_check_is_recorded_once_however_often_the_dialog_is_sent(house: House, clerk: User, opened: Opened) -> None:
    invoice, client = house.posted("100.00"), opened(clerk)
    form = {
        "attempt": "6f0f2a9e-2f5f-4c5e-9f6e-0d7f5f6a1b2c",
        "amount": "40.00",
        "received_on": invoice.issued_on,
        "document": "CHK 1042",
    }

    dialog(client, invoice, "record_receipt", **form)
    dialog(client, invoice, "record_receipt", **form)

    payment = Payment.objects.get()
    assert (payment.method, payment.amount, payment.created_by) == (Method.OFFLINE, Decimal(40), clerk)
    assert payment.transactions.get().gateway_reference == "CHK 1042"
    assert payable_of(invoice).due == Decimal(60)


def test_money_that_has_not_arrived_cannot_be_recorded(house: House, clerk: User, opened: Opened) -> None:
    response = dialog(
        opened(clerk),
        house.posted("100.00"),
        "record_receipt",
        attempt="6f0f2a9e-2f5f-4c5e-9f6e-0d7f5f6a1b2c",
        amount="40.00",
        received_on="2099-01-01",
        document="CHK 1042",
    )

    assert "Money that has not arrived cannot be recorded yet." in response.content.decode()
    assert Payment.objects.count() == 0


def test_an_order_without_money_is_canceled_with_a_note(house: House, client: Client) -> None:
    order = house.order("100.00")

    dialog(client, order, "cancel_order", note="Customer changed their mind")

    order.refresh_from_db()
    assert order.state == OrderState.CANCELED
    assert order.payable.payable_now == Decimal(0)
    assert "Customer changed their mind" in client.get(page(order)).content.decode()


def test_an_order_with_held_money_is_not_canceled(house: House, client: Client) -> None:
    house.hold_at_checkout()
    order = house.order("100.00")
    house.says(house.pay(order.payable, amounts=["100.00"]), Verdict.APPROVED)

    response = dialog(client, order, "cancel_order", note="Customer changed their mind")

    assert "money is held for it; cancel that authorization first" in response.content.decode()
    assert Order.objects.get(pk=order.pk).state != OrderState.CANCELED


def test_a_clerk_cancels_no_order(house: House, clerk: User, opened: Opened) -> None:
    order = house.order("100.00")

    response = dialog(opened(clerk), order, "cancel_order", note="x")

    assert response.status_code == 403
    assert Order.objects.get(pk=order.pk).state == OrderState.AWAITING_PAYMENT


def test_the_pdf_is_handed_out_as_an_attachment(house: House, client: Client, stranger: User, opened: Opened) -> None:
    invoice = invoice_document_make(invoice_id=house.posted("100.00").pk, now=NOON)
    url = reverse("admin:invoices_invoice_file", args=[invoice.pk])

    response = client.get(url)

    assert response.content.startswith(b"%PDF-")
    assert response.headers["Content-Disposition"] == f'attachment; filename="{invoice.number}.pdf"'
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert opened(stranger).get(url).status_code == 404


@pytest.mark.parametrize(
    ("balance", "shown"), [("open", {"open", "overdue"}), ("overdue", {"overdue"}), ("paid", {"paid"})]
)
def test_the_tabs_of_the_list_answer_their_question(
    house: House, client: Client, balance: str, shown: set[str]
) -> None:
    now = timezone.now()
    named = {
        "open": house.posted("10.00", now=now + timedelta(days=2)),
        "overdue": house.posted("20.00", now=now - timedelta(days=40)),
        "paid": house.posted("30.00", now=now),
    }
    house.paid(payable_of(named["paid"]), amounts=["30.00"])
    house.draft("40.00")

    rows = client.get(reverse("admin:invoices_invoice_changelist"), {"balance": balance}).context["cl"].result_list

    assert {row.pk for row in rows} == {named[name].pk for name in shown}


def placed_if_needed(order: Order) -> Order:
    order.refresh_from_db()
    return order if order.state == OrderState.OPEN else placed(order)


def test_orders_of_other_sellers_are_not_drafted(house: House, client: Client) -> None:
    foreign = OrderFactory.create(state=OrderState.OPEN)

    assert dialog(client, foreign, "draft_invoice").status_code == 404
    assert Invoice.objects.count() == 0
