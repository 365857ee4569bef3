"""What a lost dispute asks of the customer in writing: money beyond what the payment still covers, and our fee."""

from decimal import Decimal

from django.utils import timezone

from commerce.models import User
from commerce.services import setting_set
from invoices.models import CustomerCredit, Invoice, InvoiceKind
from ledger.models import AccountName
from oropay import engine
from oropay.models import Dispute, PaymentTransaction, RefundReason
from oropay.scoped import DISPUTE_FEE
from oropay.selectors import family_of
from oropay.services import refund_lines_suggested, refund_start, refundable
from plumbing.selectors import notes_on
from tests.invoices.house import House, posted_lines
from tests.oropay.disputes.conftest import Bank, Pay, stands


def _refunded(charge: PaymentTransaction, clerk: User) -> None:
    """30.00 of it were given back."""
    refund = refund_start(
        charge=charge,
        lines=refund_lines_suggested(charge=charge, amount=Decimal("30.00")),
        reason=RefundReason.GOODS,
        note="one was broken",
        by=clerk,
        now=timezone.now(),
    )
    engine.execute(transaction_id=refund.pk, now=timezone.now())


def test_a_dispute_of_a_partly_refunded_payment_may_take_more_than_is_left(
    house: House, invoice: Invoice, charge: PaymentTransaction, bank: Bank
) -> None:
    _refunded(charge, house.clerk)
    name = bank.open(charge, amount=10000)
    bank.tell(name)
    open_limit = refundable(transaction=charge, family=family_of(payment=charge.payment)).limit
    bank.advance(name, result="LOST")

    bank.tell(name)

    assert open_limit == 0
    assert stands(invoice) == ("0.00", "0.00", "100.00")
    # 30.00 were given back before: the customer owes them beyond the invoice, in writing.
    lost = charge.payment.transactions.get(action="chargeback_lost")
    memo = Invoice.objects.get(kind=InvoiceKind.DEBIT_MEMO)
    assert (memo.cause, memo.cause_kind, memo.total) == (lost, "dispute_lost", Decimal("30.0000"))
    assert stands(memo) == ("0.00", "0.00", "30.00")
    assert posted_lines(f"transaction:{lost.pk}") == [{"receivable": "70.00", "disputes_receivable": "-70.00"}]
    assert posted_lines(f"invoice:{memo.pk}") == [{"receivable": "30.00", "disputes_receivable": "-30.00"}]
    assert house.book(AccountName.CUSTOMER_CREDIT) == 0
    assert house.book(AccountName.DISPUTES_RECEIVABLE) == 0
    assert house.book(AccountName.RECEIVABLE) == Decimal("130.00")
    assert house.book(AccountName.GATEWAY_CLEARING) == Decimal("-30.00")
    assert not CustomerCredit.objects.filter(amount__lt=0).exists()
    assert f"by debit memo {memo.number}." in list(notes_on(Dispute.objects.get()))[-1].text


def test_a_refund_of_an_invoice_that_was_under_way_when_its_dispute_was_lost_is_owed_in_writing(
    house: House, invoice: Invoice, refunded_too_late: PaymentTransaction
) -> None:
    memo = Invoice.objects.get(cause=refunded_too_late)
    assert (memo.kind, memo.total) == (InvoiceKind.DEBIT_MEMO, Decimal("60.00"))
    paid_on = house.seller.today(refunded_too_late.payment.created_at).isoformat()
    assert memo.lines.get().name == f"Card payment of {paid_on}: what its bank took back, and we gave back as well"
    assert stands(invoice) == ("0.00", "0.00", "100.00")
    assert house.book(AccountName.RECEIVABLE) == 160
    assert house.book(AccountName.CUSTOMER_CREDIT) == 0
    assert house.book(AccountName.DISPUTES_RECEIVABLE) == 0
    assert not CustomerCredit.objects.exists()


def test_a_lost_dispute_of_a_partly_refunded_order_takes_what_is_left_of_its_deposit(
    house: House, pay: Pay, bank: Bank
) -> None:
    order = house.order("100.00")
    charge = pay({order.payable: "100.00"})
    _refunded(charge, house.clerk)
    name = bank.open(charge, amount=10000)
    bank.advance(name, result="LOST")

    bank.tell(name)

    order.payable.refresh_from_db()
    memo = Invoice.objects.get(kind=InvoiceKind.DEBIT_MEMO)
    assert (order.payable.paid, memo.total) == (Decimal(0), Decimal("30.0000"))
    assert house.book(AccountName.CUSTOMER_DEPOSIT) == 0
    assert house.book(AccountName.RECEIVABLE) == Decimal("30.00")
    assert house.book(AccountName.DISPUTES_RECEIVABLE) == 0


def test_a_dispute_of_less_than_is_left_of_a_deposit_makes_no_memo(house: House, pay: Pay, bank: Bank) -> None:
    order = house.order("100.00")
    charge = pay({order.payable: "100.00"})
    name = bank.open(charge, amount=4000)
    bank.advance(name, result="LOST")

    bank.tell(name)

    order.payable.refresh_from_db()
    assert (order.payable.paid, order.payable.payable_now) == (Decimal(60), Decimal(40))
    assert house.book(AccountName.CUSTOMER_DEPOSIT) == Decimal("-60.00")
    assert not Invoice.objects.filter(kind=InvoiceKind.DEBIT_MEMO).exists()


def test_the_fee_of_a_lost_dispute_is_passed_on_once_where_the_seller_wants_it(
    house: House, invoice: Invoice, charge: PaymentTransaction, bank: Bank
) -> None:
    setting_set(key=DISPUTE_FEE.key, value=Decimal("15.00"), organization=house.seller)
    name = bank.open(charge)
    bank.tell(name)
    bank.advance(name, result="LOST")

    bank.tell(name)
    bank.tell(name)

    memo = Invoice.objects.get(kind=InvoiceKind.DEBIT_MEMO)
    assert (memo.cause_kind, memo.total) == ("dispute_fee", Decimal("15.0000"))
    assert stands(memo) == ("0.00", "0.00", "15.00")
    assert posted_lines(f"invoice:{memo.pk}") == [{"receivable": "15.00", "fee_income": "-15.00"}]
    assert stands(invoice) == ("0.00", "0.00", "100.00")
    assert house.book(AccountName.RECEIVABLE) == Decimal("115.00")


def test_a_loss_that_is_not_pursued_asks_no_fee(
    house: House, invoice: Invoice, charge: PaymentTransaction, bank: Bank, clerk: User
) -> None:
    setting_set(key=DISPUTE_FEE.key, value=Decimal("15.00"), organization=house.seller)
    name = bank.open(charge)
    dispute = bank.tell(name)
    Dispute.objects.filter(pk=dispute.pk).update(not_pursued=True)
    bank.advance(name, result="LOST")

    bank.tell(name)

    assert not Invoice.objects.filter(kind=InvoiceKind.DEBIT_MEMO).exists()
    assert house.book(AccountName.FEE_INCOME) == 0
    assert house.book(AccountName.BAD_DEBT) == Decimal("100.00")
