"""Disputes of a hold captured in parts: on the capture that can bear it, and never more given back than was taken."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from moneyed import Money

from invoices.models import Invoice, InvoiceKind
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay import engine
from oropay.engine import disputes
from oropay.exceptions import LinkRefused, RefundTooLarge
from oropay.models import Alert, AlertKind, PaymentTransaction, ProviderAccount
from oropay.selectors import family_of
from oropay.services import Share, capture_start, own_sums, refundable
from plumbing.selectors import notes_on
from tests.contract.sandbox import VISA
from tests.invoices.house import House, posted_lines
from tests.oropay.disputes.conftest import Bank, Pay, moves
from tests.oropay.disputes.told import recorded, say
from tests.oropay.house import refund_of

Take = Callable[[str], PaymentTransaction]


@pytest.fixture
def hold(house: House, bank: Bank, pay: Pay) -> PaymentTransaction:
    """A hold of 100.00 for an order that may be captured in parts."""
    ProviderAccount.objects.filter(pk=bank.account.pk).update(multi_capture=True)
    house.integration.several_captures = True
    house.hold_at_checkout()
    return pay({house.order("100.00").payable: "100.00"})


@pytest.fixture
def take(house: House, hold: PaymentTransaction) -> Take:
    def take(amount: str) -> PaymentTransaction:
        row = capture_start(hold=hold, amount=Decimal(amount), by=house.clerk, now=timezone.now())
        return _sent(row)

    return take


def _sent(row: PaymentTransaction) -> PaymentTransaction:
    engine.execute(transaction_id=row.pk, now=timezone.now())
    return PaymentTransaction.objects.get(pk=row.pk, state="approved")


def _refundable(capture: PaymentTransaction) -> Decimal:
    return refundable(transaction=capture, family=family_of(payment=capture.payment)).limit


def test_a_dispute_is_of_the_capture_that_was_not_refunded(
    house: House, take: Take, hold: PaymentTransaction, bank: Bank
) -> None:
    refunded, whole = take("50.00"), take("40.00")
    _sent(refund_of(refunded, "30.00", by=house.clerk))

    dispute = bank.tell(bank.open(hold, amount=3500))

    assert dispute.transaction == whole
    assert (_refundable(refunded), _refundable(whole)) == (Decimal("20.00"), Decimal("5.00"))
    with pytest.raises(RefundTooLarge):
        refund_of(whole, "5.01", by=house.clerk)
    assert not Alert.objects.exists()


def test_of_captures_that_have_enough_left_it_is_the_one_worth_as_much(
    take: Take, hold: PaymentTransaction, bank: Bank
) -> None:
    _larger, same = take("60.00"), take("40.00")

    dispute = bank.tell(bank.open(hold, amount=4000))

    assert dispute.transaction == same


def test_a_dispute_larger_than_each_capture_is_booked_whole_and_the_others_give_no_more_back(
    house: House, take: Take, hold: PaymentTransaction, bank: Bank
) -> None:
    refunded, whole = take("50.00"), take("40.00")
    _sent(refund_of(refunded, "30.00", by=house.clerk))

    name = bank.open(hold, amount=6000)
    dispute = bank.tell(name)
    bank.tell(name)

    assert dispute.transaction == whole
    assert moves(hold.payment) == [("chargeback", "60.00")]
    row = hold.payment.transactions.get(action="chargeback")
    assert posted_lines(f"transaction:{row.pk}") == [{"disputes_receivable": "60.00", "gateway_clearing": "-60.00"}]
    assert house.book(AccountName.GATEWAY_CLEARING) == 0
    assert (_refundable(refunded), _refundable(whole)) == (Decimal(0), Decimal(0))
    with pytest.raises(RefundTooLarge, match="a dispute or refund of another capture took the rest"):
        refund_of(refunded, "0.01", by=house.clerk)
    alert = Alert.objects.get()
    assert (alert.kind, alert.transaction) == (AlertKind.AMOUNT_DIFFERS, whole)
    assert f"Dispute {name} over $60.00 is larger than this capture of $40.00" in alert.text
    assert [note.text for note in notes_on(dispute)] == [alert.text]


def test_what_a_dispute_took_of_several_captures_may_be_refunded_once_it_is_won(
    take: Take, hold: PaymentTransaction, bank: Bank
) -> None:
    small, large = take("40.00"), take("60.00")
    name = bank.open(hold, amount=10000)
    bank.tell(name)
    meanwhile = (_refundable(small), _refundable(large))
    bank.advance(name, result="WON")

    bank.tell(name)

    assert meanwhile == (Decimal(0), Decimal(0))
    assert (_refundable(small), _refundable(large)) == (Decimal("40.00"), Decimal("60.00"))


def test_a_lost_dispute_of_several_captures_takes_their_whole_deposit(
    house: House, take: Take, hold: PaymentTransaction, bank: Bank
) -> None:
    small, large = take("40.00"), take("60.00")
    name = bank.open(hold, amount=10000)
    bank.advance(name, result="LOST")

    bank.tell(name)

    assert moves(hold.payment) == [("chargeback", "100.00"), ("chargeback_lost", "100.00")]
    assert house.book(AccountName.CUSTOMER_DEPOSIT) == 0
    assert (_refundable(small), _refundable(large)) == (Decimal(0), Decimal(0))


def test_a_dispute_larger_than_the_whole_payment_is_a_case_that_says_why_and_what_to_do(
    house: House, take: Take, hold: PaymentTransaction, bank: Bank
) -> None:
    first, _second = take("50.00"), take("40.00")

    dispute = recorded(bank.account, hold, amount=Money("90.01", "USD"), last4=VISA[-4:])

    assert dispute.transaction is None
    assert moves(hold.payment) == []
    alert = Alert.objects.get()
    assert (alert.kind, alert.transaction) == (AlertKind.AMOUNT_DIFFERS, first)
    assert alert.text == (
        "Dispute DIS_1 over $90.01 names this payment, which took $90.00 in all. Nothing was booked. Ask the gateway "
        "what it is about, and link it on its page to the payment that took as much."
    )
    assert [note.text for note in notes_on(dispute)] == [alert.text]


def test_finance_links_a_dispute_by_hand_to_any_capture_of_a_payment_that_took_as_much(
    house: House, take: Take, bank: Bank
) -> None:
    first, second = take("50.00"), take("40.00")
    fitting = recorded(bank.account, None, amount=Money("90.00", "USD"))
    larger = recorded(bank.account, None, amount=Money("90.01", "USD"), name="DIS_2", arn="1")
    shown = list(disputes.link_candidates(dispute=fitting))

    linked = disputes.dispute_link(
        dispute=fitting, transaction=first, note="by the shop", by=house.clerk, now=timezone.now()
    )

    assert shown == [second, first]
    assert linked.transaction == first
    assert moves(first.payment) == [("chargeback", "90.00")]
    assert (_refundable(first), _refundable(second)) == (Decimal(0), Decimal(0))
    with pytest.raises(LinkRefused, match=r"of a payment that took at least \$90.01"):
        disputes.dispute_link(dispute=larger, transaction=first, note="this?", by=house.clerk, now=timezone.now())


def test_what_is_captured_after_a_loss_beyond_what_was_left_pays_in_full(
    house: House, take: Take, hold: PaymentTransaction, bank: Bank
) -> None:
    """The customer owes by debit memo what went back twice; the order does not ask for it as well."""
    first = take("40.00")
    name = bank.open(hold, amount=3000)
    _sent(refund_of(first, "40.00", by=house.clerk))
    bank.advance(name, result="LOST")
    bank.tell(name)
    [memo] = Invoice.objects.filter(kind=InvoiceKind.DEBIT_MEMO)

    take("60.00")

    order = hold.payment.parts.get().payable
    assert (memo.total, order.paid, order.due) == (Decimal(30), Decimal(60), Decimal(40))
    assert house.book(AccountName.CUSTOMER_DEPOSIT) == -60
    assert ledger_check() == []


def test_a_clock_that_is_fast_puts_no_refund_before_its_charge(house: House, take: Take, bank: Bank) -> None:
    first = take("40.00")
    _sent(refund_of(first, "30.00", by=house.clerk))
    part, family = first.payment.parts.get(), family_of(payment=first.payment)
    for row in family:
        if row == first:
            row.ended_at = timezone.now() + timedelta(minutes=1)
    share = Share(
        payment_id=first.payment_id, method="card", part=part.amount, whole=part.amount, transactions=list(family)
    )

    assert own_sums(payable=part.payable, rows=[share]).net == 10


def test_what_a_lost_dispute_gives_back_is_first_for_the_memo_and_then_for_the_order(
    house: House, take: Take, hold: PaymentTransaction, bank: Bank
) -> None:
    first = take("40.00")
    name = bank.open(hold, amount=3000)
    _sent(refund_of(first, "20.00", by=house.clerk))
    bank.advance(name, result="LOST")
    dispute = bank.tell(name)
    take("60.00")

    say(dispute, stage="REVERSAL", status="CLOSED", result="WON")

    order = hold.payment.parts.get().payable
    assert (order.paid, order.due) == (Decimal(80), Decimal(20))
    assert house.book(AccountName.CUSTOMER_CREDIT) == -10
    assert ledger_check() == []
