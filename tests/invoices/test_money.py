"""What payments do to invoices: every fact is taken, no invoice is paid more than it is worth."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from invoices.models import Allocation, AllocationState, CreditSource, CustomerCredit, Invoice
from invoices.services import invoice_void
from ledger.models import AccountName
from oropay.exceptions import AmountTooLarge, NothingPayable, RefundRefused
from oropay.gateway.port import Verdict
from oropay.models import (
    Action,
    Alert,
    AlertKind,
    Payable,
    Payment,
    PaymentStatus,
    RefundSource,
)
from oropay.services import PartAsked, offline_receipt_record
from tests.factories import NOON
from tests.invoices.house import House, allocations, payable_of, posted_lines
from tests.invoices.test_posting import ledger_check_of_this_room

A = AccountName


def check_arrives(house: House, payable: Payable, amount: str) -> Payment:
    """A check in the mail: nobody asked the page whether it fits."""
    return offline_receipt_record(
        parts=[PartAsked(payable_id=payable.pk, amount=Decimal(amount))],
        received_on=date(2026, 11, 16),
        document="check 118",
        by=house.clerk,
        now=NOON,
    )


def test_part_now_and_the_rest_later_pays_the_invoice_in_full(house: House) -> None:
    invoice = house.posted("100.00")

    first = house.paid(payable_of(invoice), amounts=["33.34"])

    payable = payable_of(invoice)
    assert (payable.paid, payable.payable_now, payable.status) == (
        Decimal("33.34"), Decimal("66.66"), PaymentStatus.PARTIALLY,
    )  # fmt: skip
    assert posted_lines(f"transaction:{first.transactions.get().pk}") == [
        {"gateway_clearing": "33.34", "receivable": "-33.34"}
    ]

    with pytest.raises(AmountTooLarge):
        house.pay(payable, amounts=["66.67"])
    house.paid(payable, amounts=["66.66"])

    payable.refresh_from_db()
    assert (payable.paid, payable.payable_now, payable.status) == (Decimal(100), Decimal(0), PaymentStatus.FULL)
    assert allocations(invoice) == [("live", "33.34"), ("live", "66.66")]
    with pytest.raises(NothingPayable):
        house.pay(payable, amounts=["0.01"])
    assert ledger_check_of_this_room() == []


def test_two_facts_for_one_balance_pay_it_once_and_the_rest_is_credit(house: House) -> None:
    invoice = house.posted("100.00")
    card = house.pay(payable_of(invoice), amounts=["100.00"])
    check_arrives(house, payable_of(invoice), "70.00")

    house.says(card, Verdict.APPROVED)

    assert allocations(invoice) == [("live", "70.00"), ("live", "30.00")]
    credit = CustomerCredit.objects.get()
    assert (credit.source, credit.remaining, credit.payment, credit.customer) == (
        CreditSource.OVERPAYMENT, Decimal(70), card, house.customer,
    )  # fmt: skip
    charge = card.transactions.get()
    assert posted_lines(f"transaction:{charge.pk}") == [
        {"gateway_clearing": "100.00", "receivable": "-30.00", "customer_credit": "-70.00"}
    ]
    assert Alert.objects.get().kind == AlertKind.CREDIT_CREATED
    payable = payable_of(invoice)
    assert (payable.paid, payable.status) == (Decimal(100), PaymentStatus.FULL)
    assert ledger_check_of_this_room() == []


def test_a_fact_about_an_invoice_that_is_paid_already_is_all_credit(house: House) -> None:
    invoice = house.posted("100.00")
    check_arrives(house, payable_of(invoice), "100.00")

    check_arrives(house, payable_of(invoice), "25.00")

    assert allocations(invoice) == [("live", "100.00")]
    assert CustomerCredit.objects.get().remaining == Decimal(25)
    assert ledger_check_of_this_room() == []


def test_a_bank_debit_settles_before_it_counts_as_paid(house: House) -> None:
    invoice = house.posted("100.00")
    payment = house.pay(payable_of(invoice), amounts=["60.00"], bank=True)

    house.says(payment, Verdict.PENDING)

    payable = payable_of(invoice)
    assert allocations(invoice) == [("settling", "60.00")]
    assert (payable.paid, payable.settling, payable.payable_now, payable.due) == (
        Decimal(0), Decimal(60), Decimal(40), Decimal(100),
    )  # fmt: skip
    assert house.book(A.RECEIVABLE) == Decimal(100)

    house.says(payment, Verdict.APPROVED)

    payable.refresh_from_db()
    assert allocations(invoice) == [("live", "60.00")]
    assert (payable.paid, payable.settling, payable.payable_now) == (Decimal(60), Decimal(0), Decimal(40))
    assert house.book(A.RECEIVABLE) == Decimal(40)
    steps = invoice.allocations.get().steps.order_by("pk")  # type: ignore[attr-defined]  # made by pghistory
    assert [step.state for step in steps] == ["settling", "live"]


def test_a_bank_debit_the_bank_refuses_leaves_the_invoice_due(house: House) -> None:
    invoice = house.posted("100.00")
    payment = house.pay(payable_of(invoice), amounts=["100.00"], bank=True)
    house.says(payment, Verdict.PENDING)

    house.says(payment, Verdict.RETURNED)

    payable = payable_of(invoice)
    assert allocations(invoice) == [("reversed", "100.00")]
    assert (payable.settling, payable.payable_now) == (Decimal(0), Decimal(100))
    assert house.book(A.RECEIVABLE) == Decimal(100)


def test_a_debit_that_settles_after_the_balance_shrank_is_taken_apart(house: House) -> None:
    invoice = house.posted("100.00")
    payment = house.pay(payable_of(invoice), amounts=["100.00"], bank=True)
    house.says(payment, Verdict.PENDING)
    check_arrives(house, payable_of(invoice), "40.00")

    house.says(payment, Verdict.APPROVED)

    assert allocations(invoice) == [("reversed", "100.00"), ("live", "40.00"), ("live", "60.00")]
    assert CustomerCredit.objects.get().remaining == Decimal(40)
    assert ledger_check_of_this_room() == []


def test_a_declined_card_changes_nothing(house: House) -> None:
    invoice = house.posted("100.00")
    payment = house.pay(payable_of(invoice), amounts=["100.00"])

    house.says(payment, Verdict.DECLINED)

    payable = payable_of(invoice)
    assert (allocations(invoice), payable.payable_now, payable.status) == ([], Decimal(100), PaymentStatus.DECLINED)
    assert (house.book(A.RECEIVABLE), house.book(A.GATEWAY_CLEARING)) == (Decimal(100), Decimal(0))


def test_a_refund_makes_the_invoice_due_again_by_a_new_row_for_the_rest(house: House) -> None:
    invoice = house.posted("100.00")
    payment = house.paid(payable_of(invoice), amounts=["100.00"])

    refund = house.refunded(payment, "30.00", payable=payable_of(invoice))

    payable = payable_of(invoice)
    assert allocations(invoice) == [("reversed", "100.00"), ("live", "70.00")]
    assert (payable.paid, payable.payable_now, payable.status) == (
        Decimal(70), Decimal(30), PaymentStatus.REFUNDED_PARTIALLY,
    )  # fmt: skip
    assert posted_lines(f"transaction:{refund.pk}") == [{"gateway_clearing": "-30.00", "receivable": "30.00"}]

    house.refunded(payment, "70.00", payable=payable)

    payable.refresh_from_db()
    assert (payable.paid, payable.status, house.book(A.RECEIVABLE)) == (
        Decimal(0), PaymentStatus.REFUNDED, Decimal(100),
    )  # fmt: skip
    assert ledger_check_of_this_room() == []


def test_a_refund_of_a_deposit_that_was_billed_reaches_the_invoice(house: House) -> None:
    order = house.order("100.00")
    payment = house.paid(order.payable, amounts=["100.00"])
    invoice = house.billed(order)

    house.refunded(payment, "100.00", payable=payable_of(invoice))

    assert allocations(invoice) == [("reversed", "100.00")]
    assert (house.book(A.RECEIVABLE), house.book(A.CUSTOMER_DEPOSIT)) == (Decimal(100), Decimal(0))
    assert ledger_check_of_this_room() == []


def test_an_invoice_refunded_in_full_can_be_voided(house: House) -> None:
    invoice = house.posted("100.00")
    payment = house.paid(payable_of(invoice), amounts=["100.00"])
    house.refunded(payment, "100.00", payable=payable_of(invoice))

    invoice_void(invoice=invoice, note="billed to the wrong company", by=house.clerk, now=NOON)

    assert house.book(A.RECEIVABLE) == house.book(A.REVENUE) == Decimal(0)
    assert ledger_check_of_this_room() == []


def test_a_refund_larger_than_what_is_allocated_takes_the_credit_too(house: House) -> None:
    invoice = house.posted("100.00")
    payment = house.pay(payable_of(invoice), amounts=["100.00"])
    check_arrives(house, payable_of(invoice), "80.00")
    house.says(payment, Verdict.APPROVED)
    assert CustomerCredit.objects.get().remaining == Decimal(80)

    refund = house.refunded(payment, "50.00", payable=payable_of(invoice))

    assert allocations(invoice) == [("live", "80.00"), ("reversed", "20.00")]
    assert CustomerCredit.objects.get().remaining == Decimal(50)
    assert posted_lines(f"transaction:{refund.pk}") == [
        {"gateway_clearing": "-50.00", "receivable": "20.00", "customer_credit": "30.00"}
    ]
    assert ledger_check_of_this_room() == []


def test_a_refund_of_credit_lowers_the_credit_and_leaves_the_invoice_paid(house: House) -> None:
    invoice = house.posted("100.00")
    payment = house.pay(payable_of(invoice), amounts=["100.00"])
    check_arrives(house, payable_of(invoice), "80.00")
    house.says(payment, Verdict.APPROVED)

    house.refunded(payment, "80.00", payable=None, source=RefundSource.CREDIT)

    assert allocations(invoice) == [("live", "80.00"), ("live", "20.00")]
    assert CustomerCredit.objects.get().remaining == Decimal(0)
    assert house.book(A.CUSTOMER_CREDIT) == Decimal(0)
    assert ledger_check_of_this_room() == []


def test_credit_that_is_not_there_cannot_be_given_back(house: House) -> None:
    invoice = house.posted("100.00")
    payment = house.paid(payable_of(invoice), amounts=["100.00"])

    with pytest.raises(RefundRefused, match=r"Nothing was refunded\. The customer has \$0\.00 of unallocated credit"):
        house.refunded(payment, "40.00", payable=None, source=RefundSource.CREDIT)

    assert not CustomerCredit.objects.exists()
    assert house.book(A.CUSTOMER_CREDIT) == Decimal(0)
    assert ledger_check_of_this_room() == []


def test_credit_that_another_refund_is_about_to_give_back_is_not_there_twice(house: House) -> None:
    invoice, other = house.posted("100.00"), house.posted("90.00")
    payment = house.pay(payable_of(invoice), amounts=["100.00"])
    check_arrives(house, payable_of(invoice), "80.00")
    house.says(payment, Verdict.APPROVED)
    second = house.paid(payable_of(other), amounts=["90.00"])
    house.refund(payment, "80.00", payable=None, source=RefundSource.CREDIT)

    with pytest.raises(RefundRefused, match=r"Nothing was refunded\. The customer has \$0\.00 of unallocated credit"):
        house.refund(second, "80.00", payable=None, source=RefundSource.CREDIT)

    assert not second.transactions.filter(action=Action.REFUND).exists()


def test_a_void_mirrors_the_capture_and_takes_back_its_credit(house: House) -> None:
    invoice = house.posted("100.00")
    payment = house.pay(payable_of(invoice), amounts=["100.00"])
    check_arrives(house, payable_of(invoice), "40.00")
    house.says(payment, Verdict.APPROVED)

    cancel = house.voided(payment)

    assert allocations(invoice) == [("live", "40.00"), ("reversed", "60.00")]
    assert CustomerCredit.objects.get().remaining == Decimal(0)
    assert posted_lines(f"transaction:{cancel.pk}") == [
        {"gateway_clearing": "-100.00", "receivable": "60.00", "customer_credit": "40.00"}
    ]
    assert payable_of(invoice).payable_now == Decimal(60)
    assert ledger_check_of_this_room() == []


def test_one_payment_of_two_invoices_gives_each_its_part_and_one_receipt(house: House) -> None:
    first, second = house.posted("100.00"), house.posted("50.00")

    payment = house.paid(payable_of(first), payable_of(second), amounts=["100.00", "20.00"])

    assert (allocations(first), allocations(second)) == ([("live", "100.00")], [("live", "20.00")])
    receipt = payment.receipts.get()
    assert (receipt.amount, receipt.number) == (Decimal(120), "")
    assert receipt.paid == [
        {"number": first.number, "amount": "100.00"},
        {"number": second.number, "amount": "20.00"},
    ]


def test_a_refund_beyond_one_invoice_is_refused_and_names_what_is_left(house: House) -> None:
    first, second = house.posted("100.00"), house.posted("50.00")
    payment = house.paid(payable_of(first), payable_of(second), amounts=["100.00", "50.00"])

    with pytest.raises(RefundRefused, match=rf"At most \$100.00 that was paid for Invoice {first.number} is left"):
        house.refunded(payment, "120.00", payable=payable_of(first))

    assert (payable_of(first).paid, payable_of(second).paid) == (Decimal(100), Decimal(50))


def test_the_database_refuses_to_allocate_more_than_the_invoice_is_worth(house: House) -> None:
    invoice = house.posted("100.00")
    payment = house.paid(payable_of(invoice), amounts=["100.00"])

    with pytest.raises(IntegrityError, match="More would be allocated"), transaction.atomic():
        Allocation.objects.create(
            invoice=invoice,
            kind="payment",
            state=AllocationState.LIVE,
            amount=Decimal("0.01"),
            payment=payment,
            transaction=payment.transactions.get(),
            occurred_on=date(2026, 11, 16),
            created_at=NOON,
        )

    assert allocations(invoice) == [("live", "100.00")]


def test_an_allocation_only_moves_forward_and_its_amount_stands(house: House) -> None:
    invoice = house.posted("100.00")
    house.paid(payable_of(invoice), amounts=["100.00"])
    rows = Allocation.objects.filter(invoice=invoice)

    for change in (
        lambda: rows.update(amount=Decimal("1.00")),
        lambda: rows.update(state=AllocationState.SETTLING),
        lambda: rows.delete(),
    ):
        with pytest.raises(Exception), transaction.atomic():  # noqa: B017, PT011
            change()
    rows.update(state=AllocationState.REVERSED)
    with pytest.raises(Exception), transaction.atomic():  # noqa: B017, PT011
        rows.update(state=AllocationState.LIVE)

    assert allocations(invoice) == [("reversed", "100.00")]


def test_what_is_told_about_the_goods_is_kept_with_the_payment(house: House) -> None:
    order = house.order("100.00")
    type(order).objects.filter(pk=order.pk).update(state="open", placed_at=NOON)
    invoice = house.billed(order)

    payment = house.pay(payable_of(invoice), amounts=["40.00"])

    kept = payment.order_data
    assert (kept["reference"], kept["po_number"], kept["total"]) == (invoice.number, "PO-4711", "100.0000")
    assert [(item["reference"], item["total"], item["unit"]) for item in kept["items"]] == [
        (invoice.lines.get().sku, "100.0000", "EA")
    ]
    assert (kept["payer"]["company"], kept["payer"]["email"]) == ("Acme Manufacturing", house.buyer.email)
    assert kept["billing_address"]["postal_code"] == "62701"
    assert Invoice.objects.get().state == "posted"


def test_a_payment_of_two_invoices_refunded_on_one_leaves_the_other_paid(house: House) -> None:
    first, second = house.posted("60.00"), house.posted("40.00")
    payment = house.paid(payable_of(first), payable_of(second), amounts=["60.00", "40.00"])

    house.refunded(payment, "40.00", payable=payable_of(second))

    kept, given = payable_of(first), payable_of(second)
    assert (kept.status, kept.paid, kept.refunded) == (PaymentStatus.FULL, Decimal(60), Decimal(0))
    assert (given.status, given.paid, given.refunded) == (PaymentStatus.REFUNDED, Decimal(0), Decimal(40))


def test_a_hold_shared_by_orders_is_shared_to_the_cent(house: House) -> None:
    house.hold_at_checkout()
    orders = [house.order("33.33"), house.order("33.33"), house.order("33.34")]
    payment = house.pay(*(order.payable for order in orders), amounts=["33.33", "33.33", "33.34"])
    house.says(payment, Verdict.APPROVED)

    house.captured(payment, "50.00")

    shown = [Payable.objects.get(order=order) for order in orders]
    assert [row.paid for row in shown] == [Decimal("16.67"), Decimal("16.66"), Decimal("16.67")]
    assert sum(row.paid for row in shown) == Decimal(50)
    assert [row.held for row in shown] == [Decimal(0)] * 3


def test_a_refund_from_credit_is_no_invoices_refund(house: House) -> None:
    invoice = house.posted("100.00")
    check_arrives(house, payable_of(invoice), "60.00")
    payment = house.pay(payable_of(invoice), amounts=["40.00"])
    check_arrives(house, payable_of(invoice), "40.00")
    house.says(payment, Verdict.APPROVED)

    house.refunded(payment, "40.00", payable=None, source=RefundSource.CREDIT)

    shown = payable_of(invoice)
    assert (shown.status, shown.paid, shown.refunded) == (PaymentStatus.FULL, Decimal(100), Decimal(0))
