"""Drafts, posting, numbers, taking over an order's money, voiding."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.utils import InternalError

from commerce.models import OrderState
from invoices.exceptions import InvoiceEmpty, LineInvalid, NotADraft, OrderNotBillable, PostRefused, VoidRefused
from invoices.models import CreditSource, CustomerCredit, Invoice, InvoiceLine, InvoiceState
from invoices.services import (
    LineAsked,
    invoice_draft_delete,
    invoice_draft_from_order,
    invoice_draft_update,
    invoice_post,
    invoice_void,
)
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay.exceptions import PayableChanged
from oropay.gateway.port import Verdict
from oropay.models import PaymentStatus, RefundSource
from oropay.services import PartAsked, offline_receipt_record
from plumbing.models import Job
from tests.factories import NOON, PaymentTermFactory
from tests.invoices.house import House, allocations, payable_of, placed, posted_lines

A = AccountName


def test_a_posted_invoice_is_numbered_dated_owed_and_in_the_books(house: House) -> None:
    term = PaymentTermFactory.create(organization=house.seller, days=30)
    draft = house.draft("100.00", tax_rate="0.08", payment_term=term, shipping=Decimal("12.50"))

    invoice = invoice_post(invoice=draft, by=house.clerk, now=NOON)

    assert (invoice.number, invoice.state) == ("INV-2026-11-00001", InvoiceState.POSTED)
    assert (invoice.issued_on, invoice.due_on) == (date(2026, 11, 16), date(2026, 12, 16))
    assert (invoice.subtotal, invoice.tax, invoice.shipping, invoice.total) == (
        Decimal("100.00"), Decimal("8.00"), Decimal("12.50"), Decimal("120.50"),
    )  # fmt: skip
    payable = payable_of(invoice)
    assert (payable.number, payable.payable_now, payable.status) == (
        "INV-2026-11-00001", Decimal("120.50"), PaymentStatus.PENDING,
    )  # fmt: skip
    assert posted_lines(f"invoice:{invoice.pk}") == [
        {"receivable": "120.50", "revenue": "-112.50", "tax_payable": "-8.00"}
    ]
    assert Job.objects.filter(kind="invoices.document", key=str(invoice.pk)).count() == 1


def test_the_date_is_the_sellers_day_not_the_servers(house: House) -> None:
    new_years_eve_in_new_york = datetime(2027, 1, 1, 3, 0, tzinfo=UTC)

    invoice = house.posted(now=new_years_eve_in_new_york)

    assert invoice.issued_on == date(2026, 12, 31)
    assert invoice.number == "INV-2026-12-00001"


def test_numbers_have_no_gaps_even_after_a_posting_that_failed(house: House) -> None:
    first = house.posted()
    emptied = house.draft()
    InvoiceLine.objects.filter(invoice=emptied).delete()

    with pytest.raises(InvoiceEmpty):
        invoice_post(invoice=emptied, by=house.clerk, now=NOON)
    second = house.posted()

    assert [first.number, second.number] == ["INV-2026-11-00001", "INV-2026-11-00002"]


def test_a_posted_invoice_and_its_lines_never_change(house: House) -> None:
    invoice = house.posted("100.00")

    for change in (
        lambda: Invoice.objects.filter(pk=invoice.pk).update(total=Decimal("1.00"), subtotal=Decimal("1.00")),
        lambda: Invoice.objects.filter(pk=invoice.pk).update(number="INV-2026-11-00009"),
        lambda: InvoiceLine.objects.filter(invoice=invoice).update(name="Gold"),
        lambda: InvoiceLine.objects.filter(invoice=invoice).delete(),
        lambda: Invoice.objects.filter(pk=invoice.pk).update(state=InvoiceState.DRAFT),
        lambda: Invoice.objects.filter(pk=invoice.pk).delete(),
    ):
        with pytest.raises((IntegrityError, InternalError)), transaction.atomic():
            change()

    invoice.refresh_from_db()
    assert (invoice.total, invoice.number, invoice.lines.get().name) == (
        Decimal("100.00"), "INV-2026-11-00001", "Hex bolts",
    )  # fmt: skip


def test_a_draft_can_be_written_again_and_thrown_away_but_not_once_posted(house: House) -> None:
    draft = house.draft("10.00")
    lines = [LineAsked(name="Nuts", quantity=Decimal(3), unit_price=Decimal("1.115"), discount=Decimal("0.05"))]

    changed = invoice_draft_update(invoice=draft, lines=lines, po_number="PO-9")

    assert (changed.subtotal, changed.discount, changed.total) == (Decimal("3.35"), Decimal("0.05"), Decimal("3.30"))
    assert [line.name for line in changed.lines.all()] == ["Nuts"]
    posted = invoice_post(invoice=changed, by=house.clerk, now=NOON)
    with pytest.raises(NotADraft):
        invoice_draft_update(invoice=posted, po_number="PO-10")
    with pytest.raises(NotADraft):
        invoice_draft_delete(invoice=posted)
    with pytest.raises(NotADraft):
        invoice_post(invoice=posted, by=house.clerk, now=NOON)
    other = house.draft()
    invoice_draft_delete(invoice=other)
    assert list(Invoice.objects.values_list("pk", flat=True)) == [posted.pk]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (LineAsked(name="Bolts", quantity=Decimal(0), unit_price=Decimal(1)), "more than zero"),
        (LineAsked(name="Bolts", quantity=Decimal(1), unit_price=Decimal(-1)), "cannot be negative"),
        (LineAsked(name=" ", quantity=Decimal(1), unit_price=Decimal(1)), "say what it is"),
        (LineAsked(name="Bolts", quantity=Decimal(1), unit_price=Decimal(1), tax_rate=Decimal(8)), "fraction"),
        (
            LineAsked(name="Bolts", quantity=Decimal(1), unit_price=Decimal(1), discount=Decimal(2)),
            "more than the line",
        ),
    ],
)
def test_a_line_that_makes_no_sense_is_refused_with_the_reason(house: House, line: LineAsked, why: str) -> None:
    draft = house.draft("10.00")

    with pytest.raises(LineInvalid, match=why):
        invoice_draft_update(invoice=draft, lines=[line])

    assert [row.name for row in draft.lines.all()] == ["Hex bolts"]


# -- over an order --------------------------------------------------------------------------------------------------


def test_posting_over_a_paid_order_applies_its_deposit_and_closes_the_order(house: House) -> None:
    order = house.order("100.00")
    payment = house.paid(order.payable, amounts=["100.00"])
    assert house.book(A.CUSTOMER_DEPOSIT) == Decimal("-100.00")

    invoice = house.billed(order)

    assert posted_lines(f"invoice:{invoice.pk}") == [
        {"receivable": "100.00", "revenue": "-100.00"},
        {"customer_deposit": "100.00", "receivable": "-100.00"},
    ]
    assert allocations(invoice) == [("live", "100.00")]
    assert invoice.allocations.get().transaction == payment.transactions.get()
    payable = payable_of(invoice)
    assert (payable.paid, payable.payable_now, payable.status) == (Decimal(100), Decimal(0), PaymentStatus.FULL)
    assert [part.payable_id for part in payment.parts.all()] == [payable.pk]
    order.payable.refresh_from_db()
    order.refresh_from_db()
    assert (order.billed_at, order.payable.is_closed, order.payable.status) == (NOON, True, PaymentStatus.INVOICED)
    assert (order.payable.payable_now, order.payable.due) == (Decimal(0), Decimal(0))
    assert (house.book(A.CUSTOMER_DEPOSIT), house.book(A.RECEIVABLE)) == (Decimal(0), Decimal(0))
    assert invoice.po_number == "PO-4711"
    assert ledger_check_of_this_room() == []


def test_a_billed_order_cannot_be_paid_any_more(house: House) -> None:
    order = placed(house.order("100.00"))

    invoice = house.billed(order)

    with pytest.raises(PayableChanged, match="pay its invoice instead"):
        house.pay(order.payable, amounts=["100.00"])
    assert payable_of(invoice).payable_now == Decimal("100.00")


def test_a_capture_after_posting_pays_the_invoice(house: House) -> None:
    house.hold_at_checkout()
    order = house.order("100.00")
    payment = house.paid(order.payable, amounts=["100.00"])

    invoice = house.billed(order)

    payable = payable_of(invoice)
    assert (payable.held, payable.payable_now, payable.status) == (Decimal(100), Decimal(0), PaymentStatus.AUTHORIZED)
    assert allocations(invoice) == []

    house.captured(payment, "60.00")

    payable.refresh_from_db()
    assert allocations(invoice) == [("live", "60.00")]
    assert (payable.paid, payable.held, payable.payable_now) == (Decimal(60), Decimal(0), Decimal(40))
    assert (house.book(A.RECEIVABLE), house.book(A.CUSTOMER_DEPOSIT)) == (Decimal(40), Decimal(0))
    assert ledger_check_of_this_room() == []


def test_a_bank_debit_that_settles_after_posting_pays_the_invoice(house: House) -> None:
    order = house.order("100.00")
    payment = house.pay(order.payable, amounts=["100.00"], bank=True)
    house.says(payment, Verdict.PENDING)

    invoice = house.billed(order)

    assert allocations(invoice) == [("settling", "100.00")]
    assert payable_of(invoice).payable_now == Decimal(0)

    house.says(payment, Verdict.APPROVED)

    assert allocations(invoice) == [("live", "100.00")]
    assert (house.book(A.RECEIVABLE), house.book(A.GATEWAY_CLEARING)) == (Decimal(0), Decimal(100))


def test_a_refund_before_posting_lowers_what_the_deposit_pays(house: House) -> None:
    order = house.order("100.00")
    payment = house.paid(order.payable, amounts=["100.00"])
    house.refunded(payment, "30.00", payable=order.payable, source=RefundSource.DEPOSIT)

    invoice = house.billed(order)

    assert allocations(invoice) == [("live", "70.00")]
    assert (house.book(A.RECEIVABLE), house.book(A.CUSTOMER_DEPOSIT)) == (Decimal(30), Decimal(0))
    assert ledger_check_of_this_room() == []


def test_a_deposit_larger_than_the_invoice_leaves_credit(house: House) -> None:
    order = placed(house.order("100.00"))
    offline_receipt_record(
        parts=[PartAsked(payable_id=order.payable.pk, amount=Decimal("130.00"))],
        received_on=date(2026, 11, 16),
        document="check 118",
        by=house.clerk,
        now=NOON,
    )

    invoice = house.billed(order)

    credit = CustomerCredit.objects.get()
    assert (credit.source, credit.amount, credit.remaining) == (CreditSource.DEPOSIT, Decimal(30), Decimal(30))
    assert posted_lines(f"invoice:{invoice.pk}")[1] == {
        "customer_deposit": "130.00", "receivable": "-100.00", "customer_credit": "-30.00",
    }  # fmt: skip
    assert ledger_check_of_this_room() == []


def test_posting_waits_for_a_payment_of_the_order_that_has_no_outcome(house: House) -> None:
    order = house.order("100.00")
    house.pay(order.payable, amounts=["40.00"])
    draft = invoice_draft_from_order(order=placed(order), by=house.clerk, now=NOON)

    with pytest.raises(PostRefused, match="no outcome yet"):
        invoice_post(invoice=draft, by=house.clerk, now=NOON)

    order.refresh_from_db()
    draft.refresh_from_db()
    assert (order.billed_at, draft.state, house.book(A.RECEIVABLE)) == (None, InvoiceState.DRAFT, Decimal(0))


def test_an_order_is_billed_once_and_only_when_it_is_placed(house: House) -> None:
    waiting = house.order("100.00")
    order = placed(house.order("100.00"))
    invoice_draft_from_order(order=order, by=house.clerk, now=NOON)

    with pytest.raises(OrderNotBillable, match="has an invoice already"):
        invoice_draft_from_order(order=order, by=house.clerk, now=NOON)
    with pytest.raises(OrderNotBillable, match="only a placed order"):
        invoice_draft_from_order(order=waiting, by=house.clerk, now=NOON)

    assert Invoice.objects.count() == 1


def test_the_draft_of_an_order_canceled_meanwhile_is_not_posted(house: House) -> None:
    order = placed(house.order("100.00"))
    draft = invoice_draft_from_order(order=order, by=house.clerk, now=NOON)
    type(order).objects.filter(pk=order.pk).update(state=OrderState.CANCELED)

    with pytest.raises(OrderNotBillable, match="canceled"):
        invoice_post(invoice=draft, by=house.clerk, now=NOON)

    assert house.book(A.REVENUE) == Decimal(0)


def test_a_free_invoice_is_posted_without_touching_the_books(house: House) -> None:
    invoice = house.posted("0.00")

    assert (invoice.number, payable_of(invoice).status) == ("INV-2026-11-00001", PaymentStatus.FULL)
    assert posted_lines(f"invoice:{invoice.pk}") == []


# -- void -----------------------------------------------------------------------------------------------------------


def test_a_voided_invoice_is_owed_by_nobody_and_its_order_can_be_billed_again(house: House) -> None:
    order = placed(house.order("100.00"))
    invoice = house.billed(order)

    voided = invoice_void(invoice=invoice, note="wrong price", by=house.clerk, now=NOON)

    assert (voided.state, voided.number) == (InvoiceState.VOID, "INV-2026-11-00001")
    assert house.book(A.RECEIVABLE) == house.book(A.REVENUE) == Decimal(0)
    with pytest.raises(PayableChanged, match="it is void"):
        house.pay(payable_of(voided), amounts=["100.00"])
    order.payable.refresh_from_db()
    assert (order.payable.payable_now, order.payable.is_closed) == (Decimal(100), False)
    again = house.billed(order)
    assert again.number == "INV-2026-11-00002"
    assert ledger_check_of_this_room() == []


@pytest.mark.parametrize("how", ["running", "settling", "paid", "held"])
def test_an_invoice_with_money_in_sight_is_not_voided(house: House, how: str) -> None:
    if how == "held":
        house.hold_at_checkout()
        order = house.order("100.00")
        house.paid(order.payable, amounts=["100.00"])
        invoice = house.billed(order)
    else:
        invoice = house.posted("100.00")
        payment = house.pay(payable_of(invoice), amounts=["10.00"], bank=how == "settling")
        if how != "running":
            house.says(payment, Verdict.PENDING if how == "settling" else Verdict.APPROVED)

    with pytest.raises(VoidRefused, match="Nothing was voided"):
        invoice_void(invoice=invoice, note="oops", by=house.clerk, now=NOON)

    invoice.refresh_from_db()
    assert invoice.state == InvoiceState.POSTED
    assert len(posted_lines(f"invoice:{invoice.pk}")) == 1


def ledger_check_of_this_room() -> list[str]:
    return [str(finding) for finding in ledger_check() if "invoice" in finding.check or "credit" in finding.check]


def test_a_void_of_what_was_captured_for_an_order_opens_the_invoice_that_took_it_over(house: House) -> None:
    house.hold_at_checkout()
    order = house.order("100.00")
    payment = house.pay(order.payable, amounts=["100.00"])
    house.says(payment, Verdict.APPROVED)
    house.captured(payment, "100.00")
    invoice = house.billed(order)

    cancel = house.voided(payment)

    assert allocations(invoice) == [("reversed", "100.00")]
    assert posted_lines(f"transaction:{cancel.pk}") == [{"gateway_clearing": "-100.00", "receivable": "100.00"}]
    assert payable_of(invoice).payable_now == Decimal(100)
    assert ledger_check_of_this_room() == []
