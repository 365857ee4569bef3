"""What a dispute does to ledger, invoice, payment and expected money, driven by the card holder's bank."""

from decimal import Decimal

import pytest
from django.utils import timezone

from commerce.models import User
from invoices.models import Invoice
from ledger.models import AccountName
from oropay.engine import disputes
from oropay.engine.follow.dispute import EFFECTS, Effect, effect_of
from oropay.exceptions import SplitRefused, WriteOffRefused
from oropay.gateway.port import Funding
from oropay.models import (
    Dispute,
    DisputeResult,
    DisputeStage,
    DisputeStatus,
    MoneyState,
    Payment,
    PaymentTransaction,
)
from oropay.selectors import family_of
from oropay.services import refundable
from plumbing.selectors import notes_on
from reconciliation.models import Expectation
from tests.invoices.house import House, allocations, payable_of, posted_lines
from tests.oropay.disputes.conftest import Bank, Pay, moves, stands
from tests.oropay.disputes.told import say

S, T, R, E = DisputeStage, DisputeStatus, DisputeResult, Effect


def test_an_opened_chargeback_is_disputed_and_the_invoice_stays_paid(
    house: House, invoice: Invoice, charge: PaymentTransaction, bank: Bank
) -> None:
    name = bank.open(charge)

    dispute = bank.tell(name)

    assert (dispute.transaction, dispute.stage, dispute.status) == (charge, S.CHARGEBACK, T.WITH_MERCHANT)
    assert (dispute.reason_code, dispute.last4, dispute.amount) == ("104", "5262", Decimal("100.00"))
    assert moves(charge.payment) == [("chargeback", "100.00")]
    assert stands(invoice) == ("100.00", "100.00", "0.00")
    assert Payment.objects.get(pk=charge.payment_id).money_state == MoneyState.DISPUTED
    assert house.book(AccountName.DISPUTES_RECEIVABLE) == Decimal("100.00")
    assert house.book(AccountName.GATEWAY_CLEARING) == 0
    assert refundable(transaction=charge, family=family_of(payment=charge.payment)).limit == 0
    expected = Expectation.objects.get(gateway_id=name)
    assert (expected.kind, expected.amount) == ("chargeback", Decimal("-100.00"))


def test_a_won_dispute_leaves_everything_as_before(
    house: House, invoice: Invoice, charge: PaymentTransaction, bank: Bank
) -> None:
    name = bank.open(charge)
    bank.tell(name)
    bank.advance(name, result="WON")

    bank.tell(name)

    assert moves(charge.payment) == [("chargeback", "100.00"), ("chargeback_reversal", "100.00")]
    assert stands(invoice) == ("100.00", "0.00", "0.00")
    assert Payment.objects.get(pk=charge.payment_id).money_state == MoneyState.CAPTURED
    assert house.book(AccountName.DISPUTES_RECEIVABLE) == 0
    assert house.book(AccountName.GATEWAY_CLEARING) == Decimal("100.00")
    assert refundable(transaction=charge, family=family_of(payment=charge.payment)).limit == Decimal("100.00")
    assert [row.kind for row in Expectation.objects.filter(gateway_id=name).order_by("pk")] == [
        "chargeback",
        "reversal",
    ]


def test_a_lost_dispute_makes_the_invoice_due_again(
    house: House, invoice: Invoice, charge: PaymentTransaction, bank: Bank
) -> None:
    name = bank.open(charge)
    bank.tell(name)
    bank.advance(name, result="LOST")

    bank.tell(name)

    assert moves(charge.payment) == [("chargeback", "100.00"), ("chargeback_lost", "100.00")]
    assert stands(invoice) == ("0.00", "0.00", "100.00")
    assert allocations(invoice) == [("reversed", "100.00")]
    assert Payment.objects.get(pk=charge.payment_id).money_state == MoneyState.RETURNED
    assert house.book(AccountName.DISPUTES_RECEIVABLE) == 0
    assert house.book(AccountName.RECEIVABLE) == Decimal("100.00")
    lost = charge.payment.transactions.get(action="chargeback_lost")
    assert posted_lines(f"transaction:{lost.pk}") == [{"receivable": "100.00", "disputes_receivable": "-100.00"}]


def test_the_same_word_twice_books_once(invoice: Invoice, charge: PaymentTransaction, bank: Bank) -> None:
    name = bank.open(charge)
    bank.tell(name)

    bank.tell(name)
    pulled = bank.pull()

    assert (pulled.read, pulled.new) == (1, 0)
    assert moves(charge.payment) == [("chargeback", "100.00")]
    assert Dispute.objects.get().steps.count() == 1


def test_a_dispute_seen_only_after_it_was_lost_is_booked_whole(
    invoice: Invoice, charge: PaymentTransaction, bank: Bank
) -> None:
    name = bank.open(charge)
    bank.advance(name, result="LOST")

    pulled = bank.pull()

    assert (pulled.read, pulled.new) == (1, 1)
    assert moves(charge.payment) == [("chargeback", "100.00"), ("chargeback_lost", "100.00")]
    assert stands(invoice) == ("0.00", "0.00", "100.00")


def test_a_retrieval_request_moves_no_money(invoice: Invoice, charge: PaymentTransaction, bank: Bank) -> None:
    name = bank.open(charge, stage="RETRIEVAL")

    bank.tell(name)
    bank.advance(name, result="LOST")
    bank.tell(name)

    assert moves(charge.payment) == []
    assert stands(invoice) == ("100.00", "0.00", "0.00")
    assert Payment.objects.get(pk=charge.payment_id).money_state == MoneyState.CAPTURED


def test_a_second_chargeback_after_winning_takes_it_again(
    invoice: Invoice, charge: PaymentTransaction, bank: Bank
) -> None:
    name = bank.open(charge)
    bank.tell(name)
    bank.advance(name, result="WON")
    bank.tell(name)
    bank.advance(name, stage="SECOND_CHARGEBACK")
    bank.tell(name)
    bank.advance(name, result="LOST")

    bank.tell(name)

    assert moves(charge.payment) == [
        ("chargeback", "100.00"),
        ("chargeback_reversal", "100.00"),
        ("chargeback", "100.00"),
        ("chargeback_lost", "100.00"),
    ]
    assert stands(invoice) == ("0.00", "0.00", "100.00")


def test_pre_arbitration_after_winning_takes_nothing_until_it_is_lost(
    invoice: Invoice, charge: PaymentTransaction, bank: Bank
) -> None:
    name = bank.open(charge)
    bank.advance(name, result="WON")
    bank.advance(name, stage="PRE_ARBITRATION")
    bank.tell(name)
    waiting = moves(charge.payment)
    bank.advance(name, result="LOST")

    bank.tell(name)

    assert waiting == []
    assert moves(charge.payment) == [("chargeback", "100.00"), ("chargeback_lost", "100.00")]


def test_a_partial_dispute_of_two_invoices_is_taken_pro_rata(house: House, pay: Pay, bank: Bank) -> None:
    first, second = house.posted("60.00"), house.posted("40.00")
    charge = pay({first: "60.00", second: "40.00"})
    name = bank.open(charge, amount=5000)
    bank.tell(name)
    opened = stands(first), stands(second)
    bank.advance(name, result="LOST")

    bank.tell(name)

    assert opened == (("60.00", "30.00", "0.00"), ("40.00", "20.00", "0.00"))
    assert (stands(first), stands(second)) == (("30.00", "0.00", "30.00"), ("20.00", "0.00", "20.00"))
    assert house.book(AccountName.RECEIVABLE) == Decimal("50.00")
    assert refundable(transaction=charge, family=family_of(payment=charge.payment)).limit == Decimal("50.00")


def test_finance_says_beforehand_what_a_loss_is_taken_from(house: House, pay: Pay, bank: Bank, clerk: User) -> None:
    first, second = house.posted("60.00"), house.posted("40.00")
    charge = pay({first: "60.00", second: "40.00"})
    name = bank.open(charge, amount=5000)
    dispute = bank.tell(name)
    lines = {payable_of(first).pk: Decimal("50.00"), payable_of(second).pk: Decimal("0.00")}
    disputes.dispute_split(dispute=dispute, lines=lines, note="only the first", by=clerk, now=timezone.now())
    bank.advance(name, result="LOST")

    bank.tell(name)

    assert (stands(first), stands(second)) == (("10.00", "0.00", "50.00"), ("40.00", "0.00", "0.00"))


def test_finance_moves_a_loss_to_another_invoice_afterwards(house: House, pay: Pay, bank: Bank, clerk: User) -> None:
    first, second = house.posted("60.00"), house.posted("40.00")
    charge = pay({first: "60.00", second: "40.00"})
    name = bank.open(charge, amount=5000)
    bank.advance(name, result="LOST")
    dispute = bank.tell(name)
    lines = {payable_of(first).pk: Decimal("10.00"), payable_of(second).pk: Decimal("40.00")}

    disputes.dispute_split(
        dispute=dispute, lines=lines, note="the second was not delivered", by=clerk, now=timezone.now()
    )

    assert (stands(first), stands(second)) == (("50.00", "0.00", "10.00"), ("0.00", "0.00", "40.00"))
    assert house.book(AccountName.RECEIVABLE) == Decimal("50.00")


def test_lines_that_do_not_come_to_the_dispute_move_nothing(
    invoice: Invoice, charge: PaymentTransaction, bank: Bank, clerk: User
) -> None:
    dispute = bank.tell(bank.open(charge))

    with pytest.raises(SplitRefused, match=r"The lines come to \$90.00; the dispute is about \$100.00"):
        disputes.dispute_split(
            dispute=dispute, lines={payable_of(invoice).pk: Decimal("90.00")}, note="x", by=clerk, now=timezone.now()
        )

    assert dispute.lines.count() == 0


def test_a_loss_is_written_off_once(
    house: House, invoice: Invoice, charge: PaymentTransaction, bank: Bank, clerk: User
) -> None:
    name = bank.open(charge)
    bank.advance(name, result="LOST")
    dispute = bank.tell(name)

    given_up = disputes.dispute_write_off(dispute=dispute, note="the customer is gone", by=clerk, now=timezone.now())
    with pytest.raises(WriteOffRefused, match="Nothing was written off"):
        disputes.dispute_write_off(dispute=dispute, note="again", by=clerk, now=timezone.now())

    assert given_up == Decimal("100.00")
    assert stands(invoice) == ("0.00", "0.00", "0.00")
    assert house.book(AccountName.BAD_DEBT) == Decimal("100.00")
    assert house.book(AccountName.RECEIVABLE) == 0


def test_a_disputed_order_that_is_not_billed_is_owed_again(house: House, pay: Pay, bank: Bank) -> None:
    order = house.order("100.00")
    charge = pay({order.payable: "100.00"})
    name = bank.open(charge)
    bank.tell(name)
    open_paid = order.payable.__class__.objects.get(pk=order.payable.pk).paid
    bank.advance(name, result="LOST")

    bank.tell(name)

    order.payable.refresh_from_db()
    assert (open_paid, order.payable.paid, order.payable.disputed) == (Decimal("100.00"), 0, 0)
    assert house.book(AccountName.CUSTOMER_DEPOSIT) == 0


def test_money_that_was_lost_and_comes_back_pays_again(
    house: House, invoice: Invoice, charge: PaymentTransaction, bank: Bank
) -> None:
    name = bank.open(charge, stage="RETRIEVAL")
    bank.advance(name, result="LOST")
    bank.advance(name, stage="CHARGEBACK")
    dispute = bank.tell(name)
    say(dispute, status=T.CLOSED, result=R.LOST)
    owed = stands(invoice)

    say(dispute, stage=S.REVERSAL, status=T.CLOSED, result=R.WON)

    assert owed == ("0.00", "0.00", "100.00")
    assert moves(charge.payment)[-1] == ("chargeback_reversal", "100.00")
    assert stands(invoice) == ("100.00", "0.00", "0.00")
    assert house.book(AccountName.GATEWAY_CLEARING) == Decimal("100.00")


OPEN_ENDS = [T.WITH_MERCHANT, T.UNDER_REVIEW]
AT_ONCE = [S.CHARGEBACK, S.SECOND_CHARGEBACK]
WHEN_LOST = [S.PRE_ARBITRATION, S.ARBITRATION, S.PRE_COMPLIANCE, S.COMPLIANCE, S.GOODFAITH]

ROWS = [
    *((S.RETRIEVAL, status, R.PENDING, Funding.NONE, E.NONE) for status in OPEN_ENDS),
    *((S.RETRIEVAL, T.CLOSED, result, Funding.NONE, E.NONE) for result in (R.FULFILLED, R.ACCEPTED, R.LOST, R.WON)),
    *((stage, status, R.PENDING, Funding.TAKEN, E.TAKEN) for stage in AT_ONCE for status in OPEN_ENDS),
    *((stage, status, R.PENDING, Funding.TAKEN, E.TAKEN) for stage in WHEN_LOST for status in OPEN_ENDS),
    *((stage, status, R.PENDING, Funding.RETURNED, E.NONE) for stage in WHEN_LOST for status in OPEN_ENDS),
    *((stage, status, R.PENDING, Funding.NONE, E.NONE) for stage in WHEN_LOST for status in OPEN_ENDS),
    *((stage, T.CLOSED, R.WON, Funding.RETURNED, E.NONE) for stage in [*AT_ONCE, *WHEN_LOST]),
    *((stage, T.CLOSED, R.LOST, Funding.TAKEN, E.LOST) for stage in [*AT_ONCE, *WHEN_LOST]),
    *((stage, T.CLOSED, R.ACCEPTED, Funding.TAKEN, E.LOST) for stage in [*AT_ONCE, *WHEN_LOST]),
    *((stage, T.CLOSED, R.FULFILLED, Funding.TAKEN, E.TAKEN) for stage in [*AT_ONCE, *WHEN_LOST]),
    *((stage, T.CLOSED, R.FULFILLED, Funding.NONE, E.NONE) for stage in [*AT_ONCE, *WHEN_LOST]),
    (S.REVERSAL, T.CLOSED, R.WON, Funding.RETURNED, E.NONE),
]


@pytest.mark.parametrize(("stage", "status", "result", "funding", "effect"), ROWS)
def test_every_word_of_the_gateway_says_where_the_money_is(
    stage: str, status: str, result: str, funding: Funding, effect: Effect
) -> None:
    assert effect_of(stage=stage, status=status, result=result, funding=funding) == effect


def test_the_table_has_no_row_without_a_test() -> None:
    assert set(EFFECTS) == {(stage, status, result) for stage, status, result, _funding, _effect in ROWS}


def test_a_word_we_do_not_know_books_nothing_and_asks_a_person(
    invoice: Invoice, charge: PaymentTransaction, bank: Bank
) -> None:
    dispute = bank.tell(bank.open(charge))

    say(dispute, stage="MEDIATION", status=T.UNDER_REVIEW)

    assert moves(charge.payment) == [("chargeback", "100.00")]
    assert [note.text for note in notes_on(dispute)] == [
        "The gateway says MEDIATION, UNDER_REVIEW, PENDING, which we do not know. No money was booked; look at it."
    ]
