"""A dispute that was linked to the wrong payment: what it booked there is undone, and it may be linked again."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import timezone

from commerce.models import User
from commerce.services import setting_set
from invoices.models import CustomerCredit, Invoice, InvoiceKind, InvoiceState
from ledger.models import AccountName
from ledger.selectors import entries_of
from oropay import engine
from oropay.engine import disputes
from oropay.exceptions import NoteRequired, UnlinkRefused
from oropay.models import Alert, AlertKind, Dispute, MoneyState, Payment, PaymentTransaction
from oropay.scoped import DISPUTE_FEE
from oropay.selectors import family_of
from oropay.services import PartAsked, offline_receipt_record, refundable
from oropay.services.dispute import dispute_answer_withdraw
from plumbing.selectors import notes_on
from reconciliation.models import Expectation
from tests.backoffice.conftest import may
from tests.factories import NOON
from tests.invoices.house import House, allocations, payable_of
from tests.oropay.disputes.conftest import Bank, Pay, accept, challenge, moves, send, stands
from tests.oropay.disputes.told import say
from tests.oropay.house import refund_of

A = AccountName
NOTE = "another Acme; the order number was misread"


def books(house: House) -> dict[str, Decimal]:
    """What every account holds that a dispute may touch."""
    touched = (
        A.RECEIVABLE,
        A.CUSTOMER_DEPOSIT,
        A.CUSTOMER_CREDIT,
        A.GATEWAY_CLEARING,
        A.DISPUTES_RECEIVABLE,
        A.BAD_DEBT,
        A.FEE_INCOME,
    )
    return {name.value: house.book(name) for name in touched}


def link(dispute: Dispute, charge: PaymentTransaction, by: User) -> Dispute:
    return disputes.dispute_link(dispute=dispute, transaction=charge, note="it must be this", by=by, now=timezone.now())


def unlink(dispute: Dispute, charge: PaymentTransaction, by: User, note: str = NOTE) -> Dispute:
    trusted = may(by, "oropay.write_off_dispute")
    return disputes.dispute_unlink(dispute=dispute, charge=charge, note=note, by=trusted, now=timezone.now())


def lost(bank: Bank, amount: str = "80.00") -> Dispute:
    """A dispute of a sale made past us that the bank decided."""
    name = bank.open_elsewhere(amount)
    bank.advance(name, result="LOST")
    return bank.tell(name)


def expected(charge: PaymentTransaction) -> list[tuple[str, str, bool]]:
    """(kind, amount, withdrawn) of what deposits should show of a payment's disputes."""
    rows = Expectation.objects.filter(transaction__payment=charge.payment).exclude(kind="sale").order_by("pk")
    return [(row.kind, f"{row.amount:.2f}", hasattr(row, "closing")) for row in rows]


def refunded(charge: PaymentTransaction, amount: str, by: User) -> None:
    refund = refund_of(charge, amount, by=by)
    engine.execute(transaction_id=refund.pk, now=timezone.now())


def test_an_open_dispute_is_taken_from_the_wrong_payment_and_linked_to_the_right_one(
    house: House, pay: Pay, invoice: Invoice, charge: PaymentTransaction, bank: Bank, clerk: User
) -> None:
    right = house.posted("100.00")
    theirs = pay({right: "100.00"})
    before = books(house)
    dispute = link(bank.tell(bank.open_elsewhere()), charge, clerk)
    held = (stands(invoice), house.book(A.DISPUTES_RECEIVABLE))

    unlink(dispute, charge, clerk)
    after = (stands(invoice), books(house))
    left = refundable(transaction=charge, family=family_of(payment=charge.payment)).limit
    link(dispute, theirs, clerk)

    assert held == (("100.00", "80.00", "0.00"), Decimal("80.00"))
    assert after == (("100.00", "0.00", "0.00"), before)
    assert left == Decimal("100.00")
    assert Payment.objects.get(pk=charge.payment_id).money_state == MoneyState.CAPTURED
    assert moves(charge.payment) == [("chargeback", "80.00"), ("chargeback_reversal", "80.00")]
    assert expected(charge) == [("chargeback", "-80.00", True), ("reversal", "80.00", True)]
    assert moves(theirs.payment) == [("chargeback", "80.00")]
    assert expected(theirs) == [("chargeback", "-80.00", False)]
    assert stands(right) == ("100.00", "80.00", "0.00")
    back = charge.payment.transactions.get(action="chargeback_reversal")
    assert [entry.memo for entry in entries_of(f"transaction:{back.pk}")] == [NOTE]
    for told in (dispute, charge.payment):
        assert any(NOTE in note.text for note in notes_on(told))


def paid_only(house: House, charge: PaymentTransaction, clerk: User) -> None:
    """The payment stands as it was made."""


def refunded_in_part(house: House, charge: PaymentTransaction, clerk: User) -> None:
    refunded(charge, "30.00", clerk)


def fee_asked(house: House, charge: PaymentTransaction, clerk: User) -> None:
    refunded(charge, "30.00", clerk)
    setting_set(key=DISPUTE_FEE.key, value=Decimal("15.00"), organization=house.seller)


@pytest.mark.parametrize(
    ("given", "memos"),
    [
        (paid_only, []),
        (refunded_in_part, ["dispute_lost"]),
        (fee_asked, ["dispute_lost", "dispute_fee"]),
    ],
)
@pytest.mark.parametrize("written_off", [False, True])
@pytest.mark.parametrize("ordered", [False, True])
def test_a_lost_dispute_leaves_the_wrong_payment_as_it_was(
    house: House,
    pay: Pay,
    bank: Bank,
    clerk: User,
    given: Callable[[House, PaymentTransaction, User], None],
    memos: list[str],
    written_off: bool,
    ordered: bool,
) -> None:
    order, invoice = house.order("100.00"), house.posted("100.00")
    payable = order.payable if ordered else payable_of(invoice)
    charge = pay({payable: "100.00"})
    given(house, charge, clerk)
    payable.refresh_from_db()
    before = (books(house), payable.paid, payable.due, payable.disputed)
    dispute = link(lost(bank), charge, clerk)
    if written_off and not ordered:
        disputes.dispute_write_off(dispute=dispute, note="gone", by=clerk, now=timezone.now())
    asked = list(Invoice.objects.filter(kind=InvoiceKind.DEBIT_MEMO).order_by("pk"))

    unlink(dispute, charge, clerk)

    payable.refresh_from_db()
    dispute.refresh_from_db()
    assert [memo.cause_kind for memo in asked] == memos
    assert (books(house), payable.paid, payable.due, payable.disputed) == before
    assert {memo.state for memo in Invoice.objects.filter(kind=InvoiceKind.DEBIT_MEMO)} <= {InvoiceState.VOID}
    assert not CustomerCredit.objects.exclude(remaining=0).exists()
    assert (dispute.transaction, dispute.not_pursued) == (None, False)


def test_the_link_of_a_lost_dispute_is_not_undone_by_who_may_not_write_off(
    house: House, invoice: Invoice, charge: PaymentTransaction, bank: Bank, finance: User
) -> None:
    dispute = link(lost(bank), charge, finance)

    with pytest.raises(UnlinkRefused, match="only who may write a loss off may undo its link"):
        disputes.dispute_unlink(dispute=dispute, charge=charge, note=NOTE, by=finance, now=timezone.now())

    dispute.refresh_from_db()
    assert dispute.transaction == charge
    assert stands(invoice) == ("20.00", "0.00", "80.00")


def test_a_fee_of_a_dispute_that_was_won_in_the_end_is_named_before_it_is_void(
    house: House, invoice: Invoice, charge: PaymentTransaction, bank: Bank, clerk: User
) -> None:
    setting_set(key=DISPUTE_FEE.key, value=Decimal("15.00"), organization=house.seller)
    dispute = link(lost(bank), charge, clerk)
    say(dispute, stage="REVERSAL", status="CLOSED", result="WON")
    memo = Invoice.objects.get(kind=InvoiceKind.DEBIT_MEMO)

    told = disputes.undoing_of(dispute=dispute)
    unlink(dispute, charge, clerk)

    assert [(one.payable.number, one.amount) for one in told.memos] == [(memo.number, Decimal(15))]
    memo.refresh_from_db()
    assert memo.state == InvoiceState.VOID


def test_an_invoice_that_was_paid_again_meanwhile_keeps_that_and_leaves_credit(
    house: House, invoice: Invoice, charge: PaymentTransaction, bank: Bank, clerk: User
) -> None:
    dispute = link(lost(bank), charge, clerk)
    offline_receipt_record(
        parts=[PartAsked(payable_id=payable_of(invoice).pk, amount=Decimal("80.00"))],
        received_on=NOON.date(),
        document="4711",
        by=clerk,
        now=timezone.now(),
    )

    unlink(dispute, charge, clerk)

    assert stands(invoice) == ("100.00", "0.00", "0.00")
    assert [credit.remaining for credit in CustomerCredit.objects.all()] == [Decimal("80.00")]
    assert house.book(A.CUSTOMER_CREDIT) == -80


def test_a_memo_of_a_refund_that_came_after_the_loss_is_void_too(
    house: House, invoice: Invoice, refunded_too_late: PaymentTransaction, clerk: User
) -> None:
    dispute = Dispute.objects.get()
    assert dispute.transaction is not None

    unlink(dispute, dispute.transaction, clerk)

    assert Invoice.objects.get(cause=refunded_too_late).state == InvoiceState.VOID
    assert stands(invoice) == ("40.00", "0.00", "60.00")
    assert (house.book(A.CUSTOMER_CREDIT), house.book(A.DISPUTES_RECEIVABLE)) == (Decimal(0), Decimal(0))


def test_a_memo_that_is_paid_keeps_the_dispute_where_it_is(
    house: House, charge: PaymentTransaction, invoice: Invoice, bank: Bank, clerk: User
) -> None:
    refunded(charge, "30.00", clerk)
    dispute = link(lost(bank), charge, clerk)
    memo = Invoice.objects.get(kind=InvoiceKind.DEBIT_MEMO)
    offline_receipt_record(
        parts=[PartAsked(payable_id=payable_of(memo).pk, amount=Decimal("10.00"))],
        received_on=NOON.date(),
        document="4712",
        by=clerk,
        now=timezone.now(),
    )
    before = (books(house), moves(charge.payment), stands(invoice))

    with pytest.raises(UnlinkRefused, match=rf"Debit memo {memo.number} .* something is paid on it; refund that first"):
        unlink(dispute, charge, clerk)

    dispute.refresh_from_db()
    assert dispute.transaction == charge
    assert (books(house), moves(charge.payment), stands(invoice)) == before


def test_what_finance_said_of_the_wrong_payment_is_forgotten(house: House, pay: Pay, bank: Bank, clerk: User) -> None:
    first, second = house.posted("60.00"), house.posted("40.00")
    charge = pay({first: "60.00", second: "40.00"})
    dispute = link(lost(bank, "50.00"), charge, clerk)
    lines = {payable_of(first).pk: Decimal("50.00"), payable_of(second).pk: Decimal("0.00")}
    disputes.dispute_split(dispute=dispute, lines=lines, note="only the first", by=clerk, now=timezone.now())
    disputes.dispute_write_off(dispute=dispute, note="gone", by=clerk, now=timezone.now())

    unlink(dispute, charge, clerk)

    assert dispute.lines.count() == 0
    assert dispute.not_pursued is False
    assert (stands(first), stands(second)) == (("60.00", "0.00", "0.00"), ("40.00", "0.00", "0.00"))
    assert house.book(A.BAD_DEBT) == 0


def test_a_dispute_that_was_won_leaves_nothing_to_undo(
    house: House, charge: PaymentTransaction, bank: Bank, clerk: User
) -> None:
    name = bank.open_elsewhere()
    dispute = link(bank.tell(name), charge, clerk)
    bank.advance(name, result="WON")
    dispute = bank.tell(name)
    before = (books(house), moves(charge.payment), expected(charge))

    unlink(dispute, charge, clerk)

    assert (books(house), moves(charge.payment), expected(charge)) == before
    assert expected(charge) == [("chargeback", "-80.00", False), ("reversal", "80.00", False)]


def test_only_the_chargeback_that_stands_is_expected_no_more(
    charge: PaymentTransaction, bank: Bank, clerk: User
) -> None:
    name = bank.open_elsewhere()
    dispute = link(bank.tell(name), charge, clerk)
    bank.advance(name, result="WON")
    bank.tell(name)
    bank.advance(name, stage="SECOND_CHARGEBACK")
    dispute = bank.tell(name)

    unlink(dispute, charge, clerk)

    assert [withdrawn for _kind, _amount, withdrawn in expected(charge)] == [False, False, True, True]


def test_a_payment_that_finance_ruled_out_is_not_found_again(
    charge: PaymentTransaction, invoice: Invoice, bank: Bank, clerk: User
) -> None:
    name = bank.open(charge)
    dispute = bank.tell(name)
    unlink(dispute, charge, clerk)
    bank.advance(name, result="LOST")

    bank.tell(name)
    bank.pull()

    dispute.refresh_from_db()
    assert (dispute.transaction, dispute.result) == (None, "LOST")
    assert stands(invoice) == ("100.00", "0.00", "0.00")
    link(dispute, charge, clerk)
    assert stands(invoice) == ("0.00", "0.00", "100.00")


def test_the_alerts_of_a_dispute_end_with_its_link(house: House, bank: Bank, pay: Pay, clerk: User) -> None:
    charge = pay({house.posted("100.00"): "100.00"})
    dispute = link(bank.tell(bank.open_elsewhere()), charge, clerk)
    for text in (f"Dispute {dispute.gateway_id} over $80.00 is larger", "The gateway approved another amount"):
        Alert.objects.filter(resolved_at=None).update(resolved_at=timezone.now())
        Alert.objects.create(transaction=charge, kind=AlertKind.AMOUNT_DIFFERS, text=text, raised_at=timezone.now())
    Alert.objects.filter(text__startswith="Dispute").update(kind=AlertKind.DISPUTE_UNANSWERED, resolved_at=None)

    unlink(dispute, charge, clerk)

    assert [alert.text for alert in Alert.objects.filter(resolved_at=None)] == ["The gateway approved another amount"]


def test_a_link_is_undone_once(charge: PaymentTransaction, bank: Bank, clerk: User) -> None:
    dispute = link(bank.tell(bank.open_elsewhere()), charge, clerk)
    unlink(dispute, charge, clerk)

    with pytest.raises(UnlinkRefused, match=r"Nothing was undone\. It has no payment"):
        unlink(dispute, charge, clerk)

    assert len(moves(charge.payment)) == 2


def test_a_page_that_is_old_undoes_no_other_link(
    house: House, pay: Pay, charge: PaymentTransaction, bank: Bank, clerk: User
) -> None:
    theirs = pay({house.posted("100.00"): "100.00"})
    dispute = link(bank.tell(bank.open_elsewhere()), charge, clerk)
    unlink(dispute, charge, clerk)
    link(dispute, theirs, clerk)

    with pytest.raises(UnlinkRefused, match="It is linked to another charge by now"):
        unlink(dispute, charge, clerk)

    assert moves(theirs.payment) == [("chargeback", "80.00")]


def test_a_link_is_not_undone_without_a_word(charge: PaymentTransaction, bank: Bank, clerk: User) -> None:
    dispute = link(bank.tell(bank.open_elsewhere()), charge, clerk)

    with pytest.raises(NoteRequired):
        unlink(dispute, charge, clerk, note=" ")

    dispute.refresh_from_db()
    assert dispute.transaction == charge


def test_a_link_stays_while_an_answer_is_under_way(charge: PaymentTransaction, bank: Bank, clerk: User) -> None:
    dispute = link(bank.tell(bank.open_elsewhere()), charge, clerk)
    request = challenge(dispute, clerk)
    with pytest.raises(UnlinkRefused, match="An answer is on its way: withdraw it if it waits"):
        unlink(dispute, charge, clerk)
    dispute_answer_withdraw(dispute=dispute, note="wrong payment", by=clerk, now=timezone.now())

    unlink(dispute, charge, clerk)

    assert send(request).state == "withdrawn"
    assert moves(charge.payment)[-1] == ("chargeback_reversal", "80.00")


def test_a_loss_that_was_accepted_is_taken_from_the_right_payment(
    house: House, pay: Pay, invoice: Invoice, charge: PaymentTransaction, bank: Bank, clerk: User
) -> None:
    right = house.posted("100.00")
    theirs = pay({right: "100.00"})
    dispute = link(bank.tell(bank.open_elsewhere()), charge, clerk)
    send(accept(dispute, clerk, not_pursued=True))
    assert house.book(A.BAD_DEBT) == 80

    dispute.refresh_from_db()
    unlink(dispute, charge, clerk)
    link(dispute, theirs, clerk)

    assert stands(invoice) == ("100.00", "0.00", "0.00")
    assert allocations(right)[-1] == ("live", "20.00")
    assert stands(right) == ("20.00", "0.00", "80.00")
    assert house.book(A.BAD_DEBT) == 0


def test_money_that_comes_back_later_is_the_right_payments(
    house: House, pay: Pay, invoice: Invoice, charge: PaymentTransaction, bank: Bank, clerk: User
) -> None:
    right = house.posted("100.00")
    theirs = pay({right: "100.00"})
    dispute = link(lost(bank), charge, clerk)
    unlink(dispute, charge, clerk)
    link(dispute, theirs, clerk)

    say(dispute, stage="REVERSAL", status="CLOSED", result="WON")

    assert stands(right) == ("100.00", "0.00", "0.00")
    assert stands(invoice) == ("100.00", "0.00", "0.00")
    assert len(moves(charge.payment)) == 3
