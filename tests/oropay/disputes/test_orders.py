"""Disputes of money that paid an order: it lies there as a deposit, until the order's invoice takes it over."""

from decimal import Decimal

import pytest
from django.utils import timezone

from commerce.models import Order
from invoices.models import CustomerCredit, Invoice, InvoiceKind
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay import engine
from oropay.models import Alert, PaymentTransaction
from tests.invoices.house import House, allocations, payable_of, posted_lines
from tests.oropay.disputes.conftest import Bank, Lose, Pay, found, stands
from tests.oropay.disputes.told import say
from tests.oropay.house import refund_of


@pytest.fixture
def order(house: House) -> Order:
    """An order over 100.00."""
    return house.order("100.00")


@pytest.fixture
def charge(order: Order, pay: Pay) -> PaymentTransaction:
    """It is paid by card."""
    return pay({order.payable: "100.00"})


def test_an_order_whose_dispute_was_lost_is_owed_in_full_once_it_is_billed(
    house: House, order: Order, charge: PaymentTransaction, bank: Bank
) -> None:
    name = bank.open(charge)
    bank.advance(name, result="LOST")
    bank.tell(name)
    assert house.book(AccountName.CUSTOMER_DEPOSIT) == 0

    invoice = house.billed(order)

    assert allocations(invoice) == []
    assert posted_lines(f"invoice:{invoice.pk}") == [{"receivable": "100.00", "revenue": "-100.00"}]
    assert stands(invoice) == ("0.00", "0.00", "100.00")
    assert (house.book(AccountName.CUSTOMER_DEPOSIT), house.book(AccountName.RECEIVABLE)) == (Decimal(0), Decimal(100))


def test_what_is_recovered_after_billing_pays_the_invoice(
    house: House, order: Order, charge: PaymentTransaction, bank: Bank
) -> None:
    name = bank.open(charge)
    bank.advance(name, result="LOST")
    dispute = bank.tell(name)
    invoice = house.billed(order)

    say(dispute, stage="REVERSAL", status="CLOSED", result="WON")

    assert allocations(invoice) == [("live", "100.00")]
    assert stands(invoice) == ("100.00", "0.00", "0.00")
    assert house.book(AccountName.RECEIVABLE) == 0


def test_what_was_recovered_before_billing_pays_the_invoice(
    house: House, order: Order, charge: PaymentTransaction, bank: Bank
) -> None:
    name = bank.open(charge)
    bank.advance(name, result="LOST")
    dispute = bank.tell(name)
    say(dispute, stage="REVERSAL", status="CLOSED", result="WON")

    invoice = house.billed(order)

    assert allocations(invoice) == [("live", "100.00")]
    assert house.book(AccountName.CUSTOMER_DEPOSIT) == 0


def test_a_dispute_that_is_lost_after_billing_takes_the_deposit_back_from_the_invoice(
    house: House, order: Order, charge: PaymentTransaction, bank: Bank
) -> None:
    name = bank.open(charge)
    bank.tell(name)
    invoice = house.billed(order)
    assert stands(invoice) == ("100.00", "100.00", "0.00")
    bank.advance(name, result="LOST")

    bank.tell(name)

    assert stands(invoice) == ("0.00", "0.00", "100.00")
    assert house.book(AccountName.CUSTOMER_DEPOSIT) == 0


def test_a_part_lost_of_two_orders_lowers_each_deposit_by_its_share(house: House, pay: Pay, bank: Bank) -> None:
    first, second = house.order("60.00"), house.order("40.00")
    name = bank.open(pay({first.payable: "60.00", second.payable: "40.00"}), amount=5000)
    bank.advance(name, result="LOST")
    bank.tell(name)

    invoices = house.billed(first), house.billed(second)

    assert [allocations(invoice) for invoice in invoices] == [[("live", "30.00")], [("live", "20.00")]]
    assert [payable_of(invoice).due for invoice in invoices] == [Decimal("30.00"), Decimal("20.00")]
    assert house.book(AccountName.CUSTOMER_DEPOSIT) == 0


def test_a_refund_that_was_under_way_when_its_dispute_was_lost_is_owed_and_leaves_no_deposit_behind(
    house: House, refunded_too_late: PaymentTransaction
) -> None:
    refund = refunded_too_late
    memo = Invoice.objects.get(cause=refund)
    assert (refund.state, memo.kind, memo.total) == ("approved", InvoiceKind.DEBIT_MEMO, Decimal("60.00"))
    assert house.book(AccountName.CUSTOMER_DEPOSIT) == 0
    assert house.book(AccountName.RECEIVABLE) == 60
    assert house.book(AccountName.GATEWAY_CLEARING) == -60
    assert house.book(AccountName.DISPUTES_RECEIVABLE) == 0
    assert memo.number in Alert.objects.get(transaction=refund).text


def test_a_refund_that_has_not_left_when_a_dispute_takes_the_money_is_never_sent(
    house: House, charge: PaymentTransaction, bank: Bank
) -> None:
    refund = refund_of(charge, "60.00", by=house.clerk)
    bank.tell(bank.open(charge))

    engine.execute(transaction_id=refund.pk, now=timezone.now())

    refund.refresh_from_db()
    assert (refund.state, refund.tries) == ("canceled", 0)
    told = Alert.objects.get(transaction=refund).text
    assert "Do not do it by hand; should the dispute be won, give it back then" in told


def test_a_refund_of_what_a_dispute_left_is_sent(house: House, charge: PaymentTransaction, bank: Bank) -> None:
    refund = refund_of(charge, "60.00", by=house.clerk)
    bank.tell(bank.open(charge, amount=4000))

    engine.execute(transaction_id=refund.pk, now=timezone.now())

    refund.refresh_from_db()
    assert refund.state == "approved"


@pytest.mark.parametrize("refunded_first", [True, False])
def test_what_is_recovered_is_deposit_again_as_far_as_the_loss_took_it_and_credit_to_pay_the_memo(
    house: House, order: Order, charge: PaymentTransaction, bank: Bank, lose: Lose, refunded_first: bool
) -> None:
    refund = refund_of(charge, "60.00", by=house.clerk)
    if refunded_first:
        engine.execute(transaction_id=refund.pk, now=timezone.now())
    else:
        lose(refund, "/transactions/{id}/refund", when="after")
    name = bank.open(charge)
    bank.advance(name, result="LOST")
    dispute = bank.tell(name)
    if not refunded_first:
        found(refund)

    say(dispute, stage="REVERSAL", status="CLOSED", result="WON")

    assert house.book(AccountName.CUSTOMER_DEPOSIT) == -40
    assert house.book(AccountName.CUSTOMER_CREDIT) == -60
    assert house.book(AccountName.RECEIVABLE) == 60
    assert [credit.remaining for credit in CustomerCredit.objects.all()] == [Decimal("60.00")]
    house.billed(order)
    assert house.book(AccountName.CUSTOMER_DEPOSIT) == 0
    assert ledger_check() == []
