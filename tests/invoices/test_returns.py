"""A bank debit that paid invoices comes back: what it paid is owed again, with what was forgiven for it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from invoices.exceptions import VoidRefused
from invoices.models import Allocation, AllocationKind, AllocationState, Invoice, InvoiceKind, InvoiceState
from invoices.services import invoice_document_make, invoice_void
from ledger import postings
from ledger.models import AccountName, EntryKind
from ledger.services import Line, entry_post, ledger_check, period_hold
from oropay.gateway.port import Verdict
from oropay.models import Action, Alert, AlertKind, Payment, PaymentTransaction
from oropay.ports import DEBTS, DebtKind, debts
from oropay.services import PartAsked, offline_receipt_record, payable_recompute
from tests.factories import NOON
from tests.invoices.house import House, allocations, payable_of, posted_lines


def settled(house: House, *invoices: Invoice, amounts: list[str]) -> Payment:
    """A bank debit that paid these invoices."""
    payment = house.pay(*(payable_of(invoice) for invoice in invoices), amounts=amounts, bank=True)
    house.says(payment, Verdict.PENDING)
    house.says(payment, Verdict.APPROVED)
    return payment


def comes_back(house: House, payment: Payment, code: str = "R01") -> PaymentTransaction:
    house.sent_back(payment, code)
    return payment.transactions.get(action=Action.RETURN)


def test_a_returned_debit_reopens_every_invoice_it_paid(house: House) -> None:
    first, second = house.posted("60.00"), house.posted("40.00")
    payment = settled(house, first, second, amounts=["60.00", "30.00"])

    back = comes_back(house, payment)

    assert (payable_of(first).due, payable_of(second).due) == (Decimal(60), Decimal(40))
    assert allocations(first)[-1] == ("reversed", "60.00")
    assert posted_lines(f"transaction:{back.pk}") == [{"gateway_clearing": "-90.00", "receivable": "90.00"}]
    assert not Invoice.objects.filter(kind=InvoiceKind.DEBIT_MEMO).exists()
    assert ledger_check() == []


def test_what_a_debit_left_as_credit_is_taken_back_before_anything_is_owed(house: House) -> None:
    invoice = house.posted("100.00")
    payment = house.pay(payable_of(invoice), amounts=["100.00"], bank=True)
    house.says(payment, Verdict.PENDING)
    offline_receipt_record(
        parts=[PartAsked(payable_id=payable_of(invoice).pk, amount=Decimal("30.00"))],
        received_on=NOON.date(),
        document="4711",
        by=house.clerk,
        now=NOON,
    )
    house.says(payment, Verdict.APPROVED)
    assert house.book(AccountName.CUSTOMER_CREDIT) == Decimal(-30)
    told = Alert.objects.get(kind=AlertKind.CREDIT_CREATED)
    assert told.text == f"$30.00 was more than invoice {invoice.number} still owed and is customer credit now."

    comes_back(house, payment)

    assert payable_of(invoice).due == Decimal(70)
    assert house.book(AccountName.CUSTOMER_CREDIT) == 0
    assert ledger_check() == []


@pytest.mark.parametrize(
    ("kind", "account", "entry"),
    [
        (AllocationKind.DISCOUNT, AccountName.DISCOUNTS_GIVEN, EntryKind.DISCOUNT_TAKEN),
        (AllocationKind.SMALL_DIFFERENCE, AccountName.SMALL_DIFFERENCES, EntryKind.SMALL_DIFFERENCE),
    ],
)
def test_what_was_forgiven_together_with_the_debit_is_owed_again_too(
    house: House, kind: AllocationKind, account: AccountName, entry: EntryKind
) -> None:
    invoice = house.posted("100.00")
    payment = settled(house, invoice, amounts=["98.00"])
    forgive(house, invoice, payment, kind=kind, account=account, entry=entry, amount="2.00")
    assert payable_of(invoice).due == 0

    back = comes_back(house, payment)

    assert payable_of(invoice).due == Decimal(100)
    assert house.book(account) == 0
    assert posted_lines(f"transaction:{back.pk}") == [
        {"gateway_clearing": "-98.00", "receivable": "100.00", account.value: "-2.00"}
    ]
    assert ledger_check() == []


def forgive(
    house: House,
    invoice: Invoice,
    payment: Payment,
    *,
    kind: AllocationKind,
    account: AccountName,
    entry: EntryKind,
    amount: str,
) -> None:
    """Give a rest up together with a payment."""
    Allocation.objects.create(
        invoice=invoice,
        kind=kind,
        state=AllocationState.LIVE,
        amount=Decimal(amount),
        payment=payment,
        transaction=payment.transactions.get(action=Action.CHARGE),
        occurred_on=NOON.date(),
        created_at=NOON,
    )
    entry_post(
        organization_id=house.seller.pk,
        currency="USD",
        kind=entry,
        lines=[Line(account=account, amount=Decimal(amount)), Line.credit(AccountName.RECEIVABLE, Decimal(amount))],
        occurred_on=NOON.date(),
        source=f"invoice:{invoice.pk}",
        now=NOON,
    )
    payable_recompute(payable=payable_of(invoice))


def test_a_return_may_credit_what_it_takes_back_and_nothing_else() -> None:
    sides = postings.SIDES[EntryKind.RETURNED]

    assert AccountName.DISCOUNTS_GIVEN in sides.credit
    assert AccountName.FEE_INCOME not in sides.debit | sides.credit


def memo_of(house: House, payment: Payment, kind: DebtKind, amount: str) -> Invoice:
    period_hold(organization_id=house.seller.pk, day=NOON.date())
    payable = debts.get(DEBTS).owe(
        transaction=payment.transactions.get(action=Action.CHARGE),
        kind=kind,
        amount=Decimal(amount),
        occurred_on=NOON.date(),
        now=NOON,
    )
    return Invoice.objects.get(payable=payable)


def test_a_debit_memo_is_numbered_posted_drawn_and_paid_like_an_invoice(house: House) -> None:
    payment = settled(house, house.posted("100.00"), amounts=["100.00"])

    memo = memo_of(house, payment, DebtKind.RETURN_FEE, "25.00")

    assert (memo.number, memo.state, memo.due_on) == ("DM-2026-11-00001", InvoiceState.POSTED, NOON.date())
    assert house.book(AccountName.FEE_INCOME) == Decimal(-25)
    drawn = invoice_document_make(invoice_id=memo.pk, now=NOON)
    assert drawn.document is not None
    assert bytes(drawn.document.content).startswith(b"%PDF")
    house.paid(payable_of(memo), amounts=["25.00"])
    assert payable_of(memo).due == 0
    assert ledger_check() == []


def test_a_memo_names_the_day_of_the_debit_as_the_seller_saw_it(house: House) -> None:
    payment = settled(house, house.posted("100.00"), amounts=["100.00"])
    Payment.objects.filter(pk=payment.pk).update(created_at=datetime(2026, 11, 17, 3, 0, tzinfo=UTC))

    memo = memo_of(house, payment, DebtKind.RETURN_FEE, "25.00")

    assert memo.lines.get().name == "Fee for the returned bank debit of 2026-11-16"


def test_the_same_debt_is_posted_once(house: House) -> None:
    payment = settled(house, house.posted("100.00"), amounts=["100.00"])

    first = memo_of(house, payment, DebtKind.RETURN_FEE, "25.00")
    second = memo_of(house, payment, DebtKind.RETURN_FEE, "25.00")

    assert first == second
    assert house.book(AccountName.FEE_INCOME) == Decimal(-25)


def test_a_fee_may_be_waived_by_voiding_its_memo(house: House) -> None:
    payment = settled(house, house.posted("100.00"), amounts=["100.00"])
    memo = memo_of(house, payment, DebtKind.RETURN_FEE, "25.00")

    invoice_void(invoice=memo, note="a good customer", by=house.clerk, now=NOON)

    assert house.book(AccountName.FEE_INCOME) == 0
    assert ledger_check() == []


@pytest.mark.parametrize("kind", [DebtKind.RETURNED, DebtKind.DISPUTE_LOST])
def test_a_memo_over_money_that_the_bank_took_is_never_void(house: House, kind: DebtKind) -> None:
    payment = settled(house, house.posted("100.00"), amounts=["100.00"])
    memo = memo_of(house, payment, kind, "40.00")

    with pytest.raises(VoidRefused, match="the bank did take this money"):
        invoice_void(invoice=memo, note="please", by=house.clerk, now=NOON)

    memo.refresh_from_db()
    assert memo.state == InvoiceState.POSTED
