"""A payment that paid several things: of each goes back at most what it took for it."""

from decimal import Decimal

import pytest

from invoices.models import Invoice, InvoiceKind
from oropay.exceptions import RefundRefused
from oropay.gateway.port import Verdict
from oropay.models import Action, Payment, PaymentTransaction, RefundLine, RefundSource, TransactionState
from oropay.services import RefundLineAsked, refund_lines_suggested
from tests.invoices.house import House, payable_of


@pytest.fixture
def orders(house: House) -> Payment:
    """Two orders, of 60.00 and 40.00, paid by one charge."""
    first, second = house.order("60.00").payable, house.order("40.00").payable
    return house.paid(first, second, amounts=["60.00", "40.00"])


def suggested(payment: Payment, amount: str) -> list[tuple[str, str]]:
    charge = payment.transactions.get(action=Action.CHARGE)
    lines = refund_lines_suggested(charge=charge, amount=Decimal(amount))
    totals = {part.payable_id: f"{part.amount:.2f}" for part in payment.parts.all()}
    return [(totals[line.payable_id or 0], f"{line.amount:.2f}") for line in lines]


def test_a_line_takes_no_more_of_an_order_than_was_paid_for_it(house: House, orders: Payment) -> None:
    first = orders.parts.get(amount=60).payable
    house.refunded(orders, "50.00", payable=first, source=RefundSource.DEPOSIT)

    with pytest.raises(RefundRefused, match=rf"At most \$10.00 that was paid for Order {first.number} is left"):
        house.refund(orders, "20.00", payable=first, source=RefundSource.DEPOSIT)

    house.refunded(orders, "10.00", payable=first, source=RefundSource.DEPOSIT)
    assert not Invoice.objects.filter(kind=InvoiceKind.DEBIT_MEMO).exists()


def test_a_refund_under_way_counts_and_one_that_failed_does_not(house: House, orders: Payment) -> None:
    first = orders.parts.get(amount=60).payable
    waiting = house.refund(orders, "60.00", payable=first, source=RefundSource.DEPOSIT)
    assert suggested(orders, "40.00") == [("40.00", "40.00")]

    PaymentTransaction.objects.filter(pk=waiting.pk).update(state=TransactionState.SENDING)
    house.says(orders, Verdict.DECLINED)

    house.refund(orders, "60.00", payable=first, source=RefundSource.DEPOSIT)


def test_what_is_suggested_is_what_is_left_of_each(house: House, orders: Payment) -> None:
    first = orders.parts.get(amount=60).payable
    house.refunded(orders, "50.00", payable=first, source=RefundSource.DEPOSIT)

    assert suggested(orders, "50.00") == [("60.00", "10.00"), ("40.00", "40.00")]
    assert suggested(orders, "25.00") == [("60.00", "5.00"), ("40.00", "20.00")]


def test_small_refunds_as_suggested_never_take_more_of_a_part_than_it_was(house: House) -> None:
    payables = [house.order("0.01").payable, house.order("0.02").payable]
    payment = house.paid(*payables, amounts=["0.01", "0.02"])

    for _ in range(3):
        [line] = refund_lines_suggested(charge=payment.transactions.get(action=Action.CHARGE), amount=Decimal("0.01"))
        assert line.payable_id is not None
        payable = next(one for one in payables if one.pk == line.payable_id)
        house.refunded(payment, "0.01", payable=payable, source=RefundSource.DEPOSIT)

    assert not Invoice.objects.filter(kind=InvoiceKind.DEBIT_MEMO).exists()


def test_an_order_that_was_billed_since_gives_as_its_invoice(house: House, orders: Payment) -> None:
    first = orders.parts.get(amount=60).payable
    house.refunded(orders, "50.00", payable=first, source=RefundSource.DEPOSIT)
    assert first.order is not None
    invoice = house.billed(first.order)

    with pytest.raises(RefundRefused, match=r"At most \$10.00 that was paid for Invoice"):
        house.refund(orders, "20.00", payable=payable_of(invoice))

    house.refunded(orders, "10.00", payable=payable_of(invoice))
    assert RefundLineAsked(RefundSource.DEPOSIT, Decimal("40.00"), orders.parts.get(amount=40).payable_id) in (
        refund_lines_suggested(charge=orders.transactions.get(action=Action.CHARGE), amount=Decimal("40.00"))
    )


def test_what_was_given_back_too_often_of_one_thing_does_not_hold_up_the_others(house: House, orders: Payment) -> None:
    first, second = orders.parts.get(amount=60).payable, orders.parts.get(amount=40).payable
    twice = house.refunded(orders, "50.00", payable=first, source=RefundSource.DEPOSIT)
    RefundLine.objects.create(refund=twice, source=RefundSource.DEPOSIT, payable=first, amount=Decimal("20.00"))

    refund = house.refund(orders, "40.00", payable=second, source=RefundSource.DEPOSIT)

    assert [(line.payable, line.amount) for line in RefundLine.objects.filter(refund=refund)] == [(second, Decimal(40))]
