"""Two connections meet over one charge, one hold, one person's limit: the locks let exactly one have it."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import timezone

from commerce.models import Order, User
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay.exceptions import CaptureRefused, FollowUpRunning, RefundTooLarge
from oropay.models import (
    Action,
    Approval,
    Integration,
    Payment,
    PaymentAction,
    PaymentTransaction,
    ProviderAccount,
    RefundLimit,
    TransactionState,
)
from oropay.services import capture_start
from tests.invoices.test_parallel import together
from tests.oropay.house import given_back

S = TransactionState
Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]

pytestmark = pytest.mark.django_db(transaction=True)


def kinds(results: list[object]) -> set[type]:
    return {type(result) for result in results}


def children(parent: PaymentTransaction) -> list[tuple[str, str, str]]:
    return [(row.action, f"{row.amount:.2f}", row.state) for row in parent.children.order_by("pk")]


def test_of_two_refunds_that_are_too_much_together_one_is_sent_and_the_other_told(
    charge: PaymentTransaction, clerk: User, run: Run, books: Books
) -> None:
    results = together(*[lambda: given_back(charge, "60.00", clerk)] * 2)

    assert kinds(results) == {PaymentTransaction, FollowUpRunning}
    assert children(charge) == [("refund", "60.00", "queued")]

    run(charge.children.get())
    late = together(*[lambda: given_back(charge, "60.00", clerk)] * 2)

    assert kinds(late) == {RefundTooLarge}
    assert children(charge) == [("refund", "60.00", "approved")]
    assert (books(AccountName.GATEWAY_CLEARING), books(AccountName.CUSTOMER_DEPOSIT)) == (Decimal(40), Decimal(-40))
    assert ledger_check() == []


@pytest.mark.parametrize("several", [False, True])
def test_of_two_captures_that_are_too_much_together_one_is_sent_and_the_other_told(
    start: Start,
    run: Run,
    integration: Integration,
    account: ProviderAccount,
    clerk: User,
    books: Books,
    several: bool,
) -> None:
    ProviderAccount.objects.filter(pk=account.pk).update(multi_capture=several)
    Integration.objects.filter(pk=integration.pk).update(
        payment_action=PaymentAction.MANUAL, echeck=False, several_captures=several
    )
    hold = run(start())

    def take() -> PaymentTransaction:
        return capture_start(hold=hold, amount=Decimal(60), by=clerk, now=timezone.now())

    results = together(take, take)

    assert kinds(results) == {PaymentTransaction, FollowUpRunning}
    assert children(hold) == [("capture", "60.00", "queued")]

    run(hold.children.get())
    late = together(take, take)

    assert kinds(late) == {CaptureRefused}
    assert [one for one in children(hold) if one[0] == Action.CAPTURE] == [("capture", "60.00", "approved")]
    assert (books(AccountName.GATEWAY_CLEARING), books(AccountName.CUSTOMER_DEPOSIT)) == (Decimal(60), Decimal(-60))
    assert ledger_check() == []


@pytest.mark.parametrize("counted", ["per_customer", "per_day"])
def test_two_windows_of_one_person_do_not_share_a_limit(
    start: Start, run: Run, order: Order, clerk: User, account: ProviderAccount, books: Books, counted: str
) -> None:
    limits = {"per_charge": None, "per_customer": None, "per_day": None, counted: Decimal(60)}
    RefundLimit.objects.filter(organization=order.organization, currency="USD").update(**limits)
    charges = [run(start(amount="50.00")), run(start(amount="50.00"))]

    results = together(*(lambda charge=charge: given_back(charge, "40.00", clerk) for charge in charges))

    assert kinds(results) == {PaymentTransaction}
    assert sorted(row.state for row in results if isinstance(row, PaymentTransaction)) == [
        S.AWAITING_APPROVAL,
        S.QUEUED,
    ]
    asked = Approval.objects.get()
    assert "may give back $60.00" in asked.why
    assert asked.why.endswith("alone, and gave $40.00 already.")

    for charge in charges:
        run(charge.children.get())

    assert sorted(state for charge in charges for _action, _amount, state in children(charge)) == [
        S.APPROVED,
        S.AWAITING_APPROVAL,
    ]
    assert (books(AccountName.GATEWAY_CLEARING), books(AccountName.CUSTOMER_DEPOSIT)) == (Decimal(60), Decimal(-60))
