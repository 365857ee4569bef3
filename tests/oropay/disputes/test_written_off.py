"""Losses that are not pursued: what was given up ends when the money comes back, or when somebody fights after all."""

from decimal import Decimal

from django.utils import timezone

from commerce.models import User
from invoices.models import Invoice, InvoiceKind
from ledger.models import AccountName
from oropay import engine
from oropay.engine import disputes
from oropay.models import Dispute, PaymentTransaction
from oropay.services import PartAsked, offline_receipt_record
from oropay.services.dispute import dispute_challenge
from tests.factories import NOON
from tests.invoices.house import House, allocations, payable_of, posted_lines
from tests.oropay.disputes.conftest import Bank, Pay, moves, stands
from tests.oropay.disputes.told import say
from tests.oropay.house import refund_of

A = AccountName


def lost(charge: PaymentTransaction, bank: Bank) -> Dispute:
    name = bank.open(charge)
    bank.advance(name, result="LOST")
    return bank.tell(name)


def written_off(dispute: Dispute, by: User) -> Decimal:
    return disputes.dispute_write_off(dispute=dispute, note="the customer is gone", by=by, now=timezone.now())


def come_back(dispute: Dispute) -> PaymentTransaction:
    """The bank gives the money back after all; returns the row that says so."""
    say(dispute, stage="REVERSAL", status="CLOSED", result="WON")
    assert dispute.transaction is not None
    return dispute.transaction.payment.transactions.get(action="chargeback_reversal")


def test_a_loss_that_was_written_off_and_comes_back_is_bad_debt_no_more(
    house: House, invoice: Invoice, charge: PaymentTransaction, bank: Bank
) -> None:
    dispute = lost(charge, bank)
    written_off(dispute, house.clerk)
    assert house.book(A.BAD_DEBT) == 100

    back = come_back(dispute)

    assert posted_lines(f"transaction:{back.pk}") == [{"gateway_clearing": "100.00", "bad_debt": "-100.00"}]
    assert allocations(invoice) == [("reversed", "100.00"), ("reversed", "100.00"), ("live", "100.00")]
    assert stands(invoice) == ("100.00", "0.00", "0.00")
    assert [house.book(name) for name in (A.BAD_DEBT, A.CUSTOMER_CREDIT, A.RECEIVABLE)] == [0, 0, 0]
    assert house.book(A.GATEWAY_CLEARING) == 100


def test_of_a_loss_that_was_written_off_in_part_only_the_rest_becomes_credit(
    house: House, invoice: Invoice, charge: PaymentTransaction, bank: Bank
) -> None:
    dispute = lost(charge, bank)
    offline_receipt_record(
        parts=[PartAsked(payable_id=payable_of(invoice).pk, amount=Decimal("30.00"))],
        received_on=NOON.date(),
        document="4711",
        by=house.clerk,
        now=timezone.now(),
    )
    assert written_off(dispute, house.clerk) == Decimal("70.00")

    back = come_back(dispute)

    assert posted_lines(f"transaction:{back.pk}") == [
        {"gateway_clearing": "100.00", "bad_debt": "-70.00", "customer_credit": "-30.00"}
    ]
    assert stands(invoice) == ("100.00", "0.00", "0.00")
    assert [house.book(name) for name in (A.BAD_DEBT, A.CUSTOMER_CREDIT, A.RECEIVABLE)] == [0, -30, 0]


def test_what_a_refund_before_the_loss_made_due_is_not_given_up(
    house: House, invoice: Invoice, charge: PaymentTransaction, bank: Bank
) -> None:
    engine.execute(transaction_id=refund_of(charge, "30.00", by=house.clerk).pk, now=timezone.now())
    name = bank.open(charge, amount=10000)
    bank.advance(name, result="LOST")
    dispute = bank.tell(name)

    assert written_off(dispute, house.clerk) == Decimal("70.00")

    assert stands(invoice) == ("0.00", "0.00", "30.00")
    memo = Invoice.objects.get(kind=InvoiceKind.DEBIT_MEMO)
    assert stands(memo) == ("0.00", "0.00", "30.00")
    assert [house.book(name) for name in (A.BAD_DEBT, A.RECEIVABLE)] == [70, 60]


def test_one_disputes_money_ends_no_write_off_of_another(
    house: House, invoice: Invoice, charge: PaymentTransaction, bank: Bank
) -> None:
    first, second = (bank.open(charge, amount=amount) for amount in (4000, 6000))
    for name in (first, second):
        bank.advance(name, result="LOST")
    kept, back = bank.tell(first), bank.tell(second)
    written_off(kept, house.clerk)
    assert stands(invoice) == ("0.00", "0.00", "60.00")

    come_back(back)

    assert house.book(A.BAD_DEBT) == 40
    assert stands(invoice) == ("60.00", "0.00", "0.00")


def test_what_was_written_off_moves_with_the_loss_between_invoices(
    house: House, pay: Pay, bank: Bank, clerk: User
) -> None:
    first, second = house.posted("60.00"), house.posted("40.00")
    name = bank.open(pay({first: "60.00", second: "40.00"}), amount=5000)
    bank.advance(name, result="LOST")
    dispute = bank.tell(name)
    written_off(dispute, clerk)
    lines = {payable_of(first).pk: Decimal("50.00"), payable_of(second).pk: Decimal("0.00")}

    disputes.dispute_split(dispute=dispute, lines=lines, note="only the first", by=clerk, now=timezone.now())

    assert (stands(first), stands(second)) == (("10.00", "0.00", "0.00"), ("40.00", "0.00", "0.00"))
    assert [house.book(account) for account in (A.BAD_DEBT, A.RECEIVABLE, A.CUSTOMER_CREDIT)] == [50, 0, 0]
    assert posted_lines(f"dispute:{dispute.pk}") == [{"receivable": "20.00", "bad_debt": "-20.00"}]


def test_whoever_challenges_pursues_even_if_an_earlier_loss_was_written_off(
    house: House, invoice: Invoice, charge: PaymentTransaction, bank: Bank, clerk: User
) -> None:
    dispute = lost(charge, bank)
    written_off(dispute, clerk)
    come_back(dispute)
    say(dispute, stage="SECOND_CHARGEBACK", status="WITH_MERCHANT")
    dispute_challenge(
        dispute=dispute, evidence_ids=[], letter="The goods were delivered.", by=clerk, now=timezone.now()
    )

    say(dispute, stage="SECOND_CHARGEBACK", status="CLOSED", result="LOST")

    assert moves(charge.payment)[-1] == ("chargeback_lost", "100.00")
    assert stands(invoice) == ("0.00", "0.00", "100.00")
    assert (house.book(A.BAD_DEBT), house.book(A.RECEIVABLE)) == (Decimal(0), Decimal(100))
