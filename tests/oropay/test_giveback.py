"""Giving money back by the way that fits: a void while nothing has settled, a refund afterwards."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import timezone

from backoffice.groups import groups_ensure
from commerce.models import User
from ledger.models import AccountName
from oropay import engine
from oropay.exceptions import FollowUpRunning, RefundRefused, WayBackChanged
from oropay.gateway.port import Answer, Verdict
from oropay.models import (
    Action,
    Approval,
    FailureReason,
    MoneyState,
    Payable,
    Payment,
    PaymentTransaction,
    ProviderAccount,
    RefundLimit,
    RefundReason,
    TransactionState,
)
from oropay.ports import approval_handlers
from oropay.services import (
    SettledKind,
    SettledNote,
    WayBack,
    capture_start,
    give_back_start,
    refund_lines_suggested,
    settlement_note,
    ways_back,
)
from oropay.services.followup import reversal_queue
from plumbing.models import Mail, Note
from tests.contract.sandbox import Sandbox
from tests.oropay.house import reload, sending

Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]


def back(charge: PaymentTransaction, amount: str, clerk: User, *, shown: WayBack) -> PaymentTransaction:
    return give_back_start(
        charge=charge,
        lines=refund_lines_suggested(charge=charge, amount=Decimal(amount)),
        shown=shown,
        reason=RefundReason.DUPLICATE,
        note="ordered twice",
        by=clerk,
        now=timezone.now(),
    )


def settle(charge: PaymentTransaction, account: ProviderAccount, sandbox: Sandbox) -> None:
    """The gateway closes its batch, and its settlement reaches us."""
    sandbox.control("/settlement/run", {})
    note = SettledNote(gateway_id=charge.gateway_id, kind=SettledKind.SALE, batch_id="", deposit_id="DEP_1")
    settlement_note(provider_account=account, notes=[note], now=timezone.now())


def decline(row: PaymentTransaction) -> None:
    """Its bank says no."""
    sending(row)
    answer = Answer(verdict=Verdict.DECLINED, http_status=200, gateway_id="TRN_declined")
    engine.record(transaction_id=row.pk, answer=answer, kind="send")


def rows(charge: PaymentTransaction) -> list[tuple[str, str]]:
    return [(row.action, row.state) for row in charge.children.order_by("pk")]


def test_all_of_what_has_not_settled_is_voided(
    charge: PaymentTransaction, run: Run, clerk: User, payable: Payable, books: Books, sandbox: Sandbox
) -> None:
    row = run(back(charge, "100.00", clerk, shown=WayBack.VOID))

    assert (row.action, row.state, row.amount) == (Action.CANCEL, TransactionState.APPROVED, Decimal("100.0000"))
    assert [one.status for one in sandbox.gateway().find_by_reference(reference=charge.reference).found] == ["REVERSED"]
    assert Payment.objects.get(pk=charge.payment_id).money_state == MoneyState.CANCELED
    assert (books(AccountName.GATEWAY_CLEARING), books(AccountName.CUSTOMER_DEPOSIT)) == (Decimal(0), Decimal(0))
    assert (reload(payable).paid, reload(payable).payable_now) == (Decimal(0), Decimal(100))


def test_a_part_of_what_has_not_settled_is_refunded(
    charge: PaymentTransaction, run: Run, clerk: User, payable: Payable
) -> None:
    row = run(back(charge, "40.00", clerk, shown=WayBack.REFUND))

    assert (row.action, row.state) == (Action.REFUND, TransactionState.APPROVED)
    assert (reload(payable).paid, reload(payable).refunded) == (Decimal(60), Decimal(40))


def test_all_of_what_settled_is_refunded(
    charge: PaymentTransaction, run: Run, clerk: User, account: ProviderAccount, sandbox: Sandbox, books: Books
) -> None:
    settle(charge, account, sandbox)

    row = run(back(charge, "100.00", clerk, shown=WayBack.REFUND))

    assert (row.action, row.state) == (Action.REFUND, TransactionState.APPROVED)
    assert Payment.objects.get(pk=charge.payment_id).money_state == MoneyState.REFUNDED
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_what_settled_between_showing_and_clicking_moves_nothing_until_the_person_has_read_it(
    charge: PaymentTransaction, clerk: User, account: ProviderAccount, sandbox: Sandbox, books: Books
) -> None:
    settle(charge, account, sandbox)

    with pytest.raises(
        WayBackChanged,
        match=r"\$100.00 would be refunded now, no longer voided. It is settled; refund it instead.",
    ):
        back(charge, "100.00", clerk, shown=WayBack.VOID)

    assert rows(charge) == []
    assert Note.objects.count() == 0
    assert books(AccountName.GATEWAY_CLEARING) == 100


def test_a_batch_that_closed_before_we_heard_of_it_ends_in_a_refund_of_the_same_amount(
    charge: PaymentTransaction, run: Run, clerk: User, sandbox: Sandbox, books: Books
) -> None:
    sandbox.control("/settlement/run", {})

    void = run(back(charge, "100.00", clerk, shown=WayBack.VOID))
    run(charge.children.get(action=Action.REFUND))

    assert void.failure_reason == FailureReason.BATCH_CLOSED
    assert rows(charge) == [("cancel", "failed"), ("refund", "approved")]
    assert set(charge.children.values_list("reason", flat=True)) == {RefundReason.DUPLICATE}
    assert books(AccountName.GATEWAY_CLEARING) == 0


@pytest.mark.parametrize("declined", [False, True])
def test_a_void_that_came_too_late_counts_for_the_refund_in_its_place(
    start: Callable[..., Payment], run: Run, account: ProviderAccount, clerk: User, sandbox: Sandbox, declined: bool
) -> None:
    limits = {"per_charge": None, "per_customer": None, "per_day": 60}
    RefundLimit.objects.filter(organization=account.organization).update(**limits)
    first, second = run(start(amount="50.00")), run(start(amount="50.00"))
    sandbox.control("/settlement/run", {})

    void = run(back(first, "50.00", clerk, shown=WayBack.VOID))
    refund = first.children.get(action=Action.REFUND)

    assert (void.state, refund.created_by, refund.state) == (TransactionState.FAILED, None, TransactionState.QUEUED)
    if declined:
        decline(refund)
    again = back(second, "50.00", clerk, shown=WayBack.VOID)
    assert (again.state == TransactionState.QUEUED) is declined


def test_voids_that_came_too_late_one_after_the_other_count_once(
    start: Callable[..., Payment], run: Run, account: ProviderAccount, clerk: User, sandbox: Sandbox
) -> None:
    limits = {"per_charge": None, "per_customer": None, "per_day": 100}
    RefundLimit.objects.filter(organization=account.organization).update(**limits)
    first, second = run(start(amount="50.00")), run(start(amount="50.00"))
    sandbox.control("/settlement/run", {})
    run(back(first, "50.00", clerk, shown=WayBack.VOID))
    decline(first.children.get(action=Action.REFUND))
    run(back(first, "50.00", clerk, shown=WayBack.VOID))

    again = back(second, "50.00", clerk, shown=WayBack.VOID)

    assert rows(first) == [("cancel", "failed"), ("refund", "declined"), ("cancel", "failed"), ("refund", "queued")]
    assert again.state == TransactionState.QUEUED


def test_a_reversal_of_our_own_takes_nothing_off_what_a_person_gave_back(
    start: Callable[..., Payment], run: Run, account: ProviderAccount, clerk: User, sandbox: Sandbox
) -> None:
    limits = {"per_charge": None, "per_customer": None, "per_day": 50}
    RefundLimit.objects.filter(organization=account.organization).update(**limits)
    first, second = run(start(amount="50.00")), run(start(amount="50.00"))
    sandbox.control("/settlement/run", {})
    run(back(first, "50.00", clerk, shown=WayBack.VOID))
    decline(first.children.get(action=Action.REFUND))
    run(reversal_queue(lost=first, now=timezone.now()))

    again = back(second, "50.00", clerk, shown=WayBack.VOID)

    assert rows(first) == [("cancel", "failed"), ("refund", "declined"), ("cancel", "failed"), ("refund", "queued")]
    assert again.state == TransactionState.AWAITING_APPROVAL


def test_all_of_what_was_captured_of_a_hold_and_has_not_settled_is_voided(
    held: PaymentTransaction, run: Run, clerk: User, payable: Payable, books: Books, sandbox: Sandbox
) -> None:
    captured = run(capture_start(hold=held, amount=Decimal(100), by=clerk, now=timezone.now()))

    row = run(back(captured, "100.00", clerk, shown=WayBack.VOID))

    assert (row.action, row.state, row.parent_id) == (Action.CANCEL, TransactionState.APPROVED, captured.pk)
    assert (row.amount, row.reason) == (Decimal("100.0000"), RefundReason.DUPLICATE)
    assert [one.status for one in sandbox.gateway().find_by_reference(reference=held.reference).found] == ["REVERSED"]
    assert Payment.objects.get(pk=held.payment_id).money_state == MoneyState.CANCELED
    assert (books(AccountName.GATEWAY_CLEARING), books(AccountName.CUSTOMER_DEPOSIT)) == (Decimal(0), Decimal(0))
    shown = reload(payable)
    assert (shown.paid, shown.held, shown.payable_now) == (Decimal(0), Decimal(0), Decimal(100))


def test_a_part_of_what_was_captured_is_refunded(held: PaymentTransaction, run: Run, clerk: User) -> None:
    captured = run(capture_start(hold=held, amount=Decimal(100), by=clerk, now=timezone.now()))

    row = run(back(captured, "40.00", clerk, shown=WayBack.REFUND))

    assert (row.action, row.state) == (Action.REFUND, TransactionState.APPROVED)


def test_what_was_captured_of_a_hold_is_refunded_once_it_settled(
    held: PaymentTransaction, run: Run, clerk: User, account: ProviderAccount, sandbox: Sandbox
) -> None:
    captured = run(capture_start(hold=held, amount=Decimal(100), by=clerk, now=timezone.now()))
    settle(held, account, sandbox)
    captured.refresh_from_db()

    ways = ways_back(charge=captured, family=list(held.payment.transactions.order_by("pk")))
    row = run(back(captured, "100.00", clerk, shown=WayBack.REFUND))

    assert ways.why(Decimal(100)) == "It is settled; refund it instead."
    assert (row.action, row.state) == (Action.REFUND, TransactionState.APPROVED)


def test_each_of_several_captures_of_a_hold_is_refunded(several: PaymentTransaction, run: Run, clerk: User) -> None:
    first = run(capture_start(hold=several, amount=Decimal(60), by=clerk, now=timezone.now()))
    run(capture_start(hold=several, amount=Decimal(40), by=clerk, now=timezone.now()))

    ways = ways_back(charge=first, family=list(several.payment.transactions.order_by("pk")))
    row = run(back(first, "60.00", clerk, shown=WayBack.REFUND))

    assert ways.void.limit == 0
    assert ways.why(Decimal(60)) == "Its hold was captured several times, and a void would take back all of that."
    assert (row.action, row.state) == (Action.REFUND, TransactionState.APPROVED)


def test_a_hold_is_not_given_back_but_released(held: PaymentTransaction, clerk: User) -> None:
    lines = refund_lines_suggested(charge=held, amount=Decimal(100))

    with pytest.raises(RefundRefused, match="Only approved charges and captures can be refunded"):
        give_back_start(
            charge=held,
            lines=lines,
            shown=WayBack.REFUND,
            reason=RefundReason.OTHER,
            note="wrong button",
            by=clerk,
            now=timezone.now(),
        )

    assert rows(held) == []


def test_a_debit_under_way_is_voided_in_full_only(
    debit: PaymentTransaction, run: Run, clerk: User, payable: Payable
) -> None:
    with pytest.raises(RefundRefused, match="It has not settled yet; void it while its batch is open"):
        back(debit, "40.00", clerk, shown=WayBack.REFUND)
    row = run(back(debit, "100.00", clerk, shown=WayBack.VOID))

    assert rows(debit) == [("cancel", "approved")]
    assert (row.amount, reload(payable).payable_now) == (Decimal("100.0000"), Decimal(100))


def test_what_is_being_voided_is_not_given_back_again(charge: PaymentTransaction, clerk: User) -> None:
    back(charge, "100.00", clerk, shown=WayBack.VOID)

    with pytest.raises(FollowUpRunning):
        back(charge, "100.00", clerk, shown=WayBack.VOID)

    assert rows(charge) == [("cancel", "queued")]


def test_the_second_person_reads_the_reason_of_a_void_on_the_page_and_in_the_mail(
    charge: PaymentTransaction, clerk: User, second: User
) -> None:
    RefundLimit.objects.update_or_create(
        organization=charge.payment.organization, currency="USD", defaults={"per_charge": 30}
    )

    second.groups.add(groups_ensure()["Administrator"])

    void = back(charge, "100.00", clerk, shown=WayBack.VOID)

    approval = Approval.objects.get(transaction=void)
    assert (void.state, void.reason) == (TransactionState.AWAITING_APPROVAL, RefundReason.DUPLICATE)
    assert approval_handlers.get(approval.kind).details(approval=approval) == [("Reason", "Paid twice")]
    assert "Reason: Paid twice" in Mail.objects.get(to=second.email).text
