"""Standalone credits: money without an earlier charge, always by two persons, never sent twice."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from commerce.models import Order, User
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay import engine
from oropay.exceptions import ApprovalChanged, CreditRefused, NoteRequired
from oropay.models import (
    Alert,
    AlertKind,
    Approval,
    ApprovalState,
    DriftFinding,
    DriftKind,
    Instrument,
    MoneyState,
    Payment,
    PaymentTransaction,
    ProviderAccount,
    RefundReason,
    TransactionState,
)
from oropay.services import approval_agree, approval_refuse, credit_start
from reconciliation.models import Expectation
from tests.contract.sandbox import Sandbox
from tests.factories import StaffFactory
from tests.oropay.books import aged, disguised, portal
from tests.oropay.house import bank, overdue

S = TransactionState
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Start = Callable[..., Payment]
Books = Callable[[AccountName], Decimal]
Give = Callable[..., PaymentTransaction]
Compare = Callable[[], list[tuple[str, bool]]]


@pytest.fixture
def maker(order: Order) -> User:
    person: User = StaffFactory.create(organization=order.organization)
    return person


@pytest.fixture
def second(order: Order) -> User:
    person: User = StaffFactory.create(organization=order.organization, is_superuser=True)
    return person


@pytest.fixture
def card(start: Start, run: Run) -> Instrument:
    """A card saved with a payment of 60.00."""
    payment = start(keep=True, amount="60.00")
    run(payment)
    return Instrument.objects.get(payments=payment)


@pytest.fixture
def give(card: Instrument, maker: User) -> Give:
    def give(amount: str = "25.00", *, to: Instrument | None = None, note: str = "goodwill") -> PaymentTransaction:
        return credit_start(
            instrument=to or card,
            amount=Decimal(amount),
            reason=RefundReason.OTHER,
            note=note,
            by=maker,
            now=timezone.now(),
        )

    return give


@pytest.fixture
def agreed(give: Give, second: User) -> PaymentTransaction:
    """A credit of 25.00 to which a second person agreed."""
    row = give()
    approval_agree(approval=Approval.objects.get(transaction=row), by=second, now=timezone.now())
    row.refresh_from_db()
    return row


def test_a_credit_always_waits_for_a_second_person(give: Give, run: Run, books: Books) -> None:
    row = run(give())

    assert (row.state, row.gateway_id) == (S.AWAITING_APPROVAL, "")
    assert books(AccountName.ALLOWANCES) == 0


def test_an_agreed_credit_reaches_the_card_and_lowers_what_we_earned(
    agreed: PaymentTransaction, run: Run, books: Books, sandbox: Sandbox
) -> None:
    row = run(agreed)

    row.payment.refresh_from_db()
    found = sandbox.gateway().look_up(gateway_id=row.gateway_id)
    assert (row.state, found.type, found.status) == (S.APPROVED, "REFUND", "CAPTURED")
    assert books(AccountName.ALLOWANCES) == 25
    assert books(AccountName.GATEWAY_CLEARING) == 35
    assert Expectation.objects.get(transaction=row).amount == -25
    assert row.payment.money_state == MoneyState.REFUNDED
    assert ledger_check() == []


def test_a_refused_credit_is_never_sent(give: Give, second: User, run: Run, books: Books) -> None:
    row = give()

    approval_refuse(approval=Approval.objects.get(transaction=row), remark="no", by=second, now=timezone.now())

    row.refresh_from_db()
    row.payment.refresh_from_db()
    assert (run(row).state, row.payment.money_state) == (S.CANCELED, MoneyState.CANCELED)
    assert books(AccountName.ALLOWANCES) == 0


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_credit_whose_answer_was_lost_is_only_looked_up(
    agreed: PaymentTransaction, run: Run, sandbox: Sandbox, books: Books, when: str
) -> None:
    rule = {"match": {"endpoint": "/transactions", "method": "POST"}, "action": {"drop": {"when": when}}}
    sandbox.control("/rules", rule)
    assert run(agreed).state == S.UNKNOWN

    overdue(agreed)
    for _ in range(3):
        engine.look(transaction_id=agreed.pk, now=timezone.now())

    agreed.refresh_from_db()
    found = sandbox.gateway().find_by_reference(reference=agreed.reference).found
    assert (agreed.state, len(found)) == ((S.APPROVED, 1) if when == "after" else (S.UNKNOWN, 0))
    assert not agreed.children.exists()
    assert books(AccountName.ALLOWANCES) == (25 if when == "after" else 0)


def test_nothing_is_given_to_a_card_that_was_used_once(card: Instrument, give: Give) -> None:
    Instrument.objects.update(state="once")

    with pytest.raises(CreditRefused, match=r"Nothing was given\. Only a saved card"):
        give()

    assert not Approval.objects.exists()


def test_a_credit_without_note_or_amount_is_refused(give: Give) -> None:
    with pytest.raises(NoteRequired):
        give(note=" ")
    with pytest.raises(CreditRefused, match="more than nothing"):
        give("0.00")

    assert not Approval.objects.exists()


def test_a_bank_account_is_given_money_only_where_the_gateway_account_allows_it(
    start: Start, run: Run, give: Give, account: ProviderAccount, second: User, sandbox: Sandbox, books: Books
) -> None:
    payment = start(source=bank(keep=True), amount="10.00")
    run(payment)
    saved = Instrument.objects.get(payments=payment)
    with pytest.raises(CreditRefused, match="no money to bank accounts"):
        give(to=saved)
    ProviderAccount.objects.filter(pk=account.pk).update(bank_credits=True)

    row = give(to=saved)
    approval_agree(approval=Approval.objects.get(transaction=row), by=second, now=timezone.now())
    accepted = run(row)
    booked = books(AccountName.ALLOWANCES)
    sandbox.control("/settlement/run", {})
    engine.reread(transaction_id=row.pk, now=timezone.now())

    row.refresh_from_db()
    assert (accepted.state, booked) == (S.PENDING, Decimal(0))
    assert (row.state, books(AccountName.ALLOWANCES)) == (S.APPROVED, Decimal(25))
    assert Expectation.objects.filter(transaction=row, amount=-25).count() == 1


def test_a_card_that_was_replaced_meanwhile_voids_the_credit(give: Give, card: Instrument, second: User) -> None:
    row = give()
    Instrument.objects.filter(pk=card.pk).update(token="PMT_another")

    with pytest.raises(ApprovalChanged):
        approval_agree(approval=Approval.objects.get(transaction=row), by=second, now=timezone.now())

    assert Approval.objects.get(transaction=row).state == ApprovalState.VOID


def test_a_credit_approved_for_another_amount_is_not_booked(
    agreed: PaymentTransaction, run: Run, books: Books, sandbox: Sandbox
) -> None:
    body = {
        "id": "TRN_given",
        "type": "REFUND",
        "status": "CAPTURED",
        "amount": "250",
        "currency": "USD",
        "payment_method": {"result": "00", "card": {"brand": "VISA"}},
        "action": {"result_code": "SUCCESS"},
    }
    wrong = {"status": 200, "body": body}
    sandbox.control("/rules", {"match": {"reference": agreed.reference}, "action": {"http": wrong}, "times": 1})

    row = run(agreed)

    assert row.state == S.UNKNOWN
    assert books(AccountName.ALLOWANCES) == 0
    assert not row.children.exists()
    assert Alert.objects.get(transaction=row).kind == AlertKind.AMOUNT_DIFFERS


@pytest.mark.usefixtures("empty_gateway")
def test_the_nightly_comparison_tells_of_a_credit_of_another_amount(
    agreed: PaymentTransaction, run: Run, compare: Compare
) -> None:
    row = run(agreed)
    assert compare() == []
    disguised(row, amount="20")

    assert compare() == [(DriftKind.AMOUNT_DIFFERS, False)]
    assert "$20.00 with us, $25.00 at the gateway" in DriftFinding.objects.get().text


@pytest.mark.usefixtures("empty_gateway")
def test_a_credit_reversed_in_the_portal_is_for_people(
    agreed: PaymentTransaction, run: Run, compare: Compare, sandbox: Sandbox, books: Books
) -> None:
    sandbox.gateway().cancel(portal(run(agreed).gateway_id))

    assert compare() == [(DriftKind.STATE_DIFFERS, False)]
    assert books(AccountName.ALLOWANCES) == 25


@pytest.mark.usefixtures("empty_gateway")
def test_a_credit_that_the_gateway_no_longer_knows_is_missing(
    agreed: PaymentTransaction, run: Run, compare: Compare, sandbox: Sandbox
) -> None:
    row = run(agreed)
    aged(row, timedelta(hours=1))
    sandbox.control("/reset", {})

    assert compare() == [(DriftKind.MISSING, False)]
    assert DriftFinding.objects.get().transaction_id == row.pk
