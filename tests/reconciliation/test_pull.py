"""The way of a settlement: read, stored once, booked once, matched, noted on the payment; the books stay right."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from commerce.models import User
from ledger.models import AccountName, Entry, EntryKind
from ledger.services import ledger_check
from oropay import engine, tasks
from oropay.gateway.port import GatewayUnavailable
from oropay.models import (
    Integration,
    MoneyState,
    Payment,
    PaymentAction,
    PaymentTransaction,
    ProviderAccount,
    RefundReason,
    TransactionState,
)
from oropay.services import capture_start, refund_lines_suggested, refund_start
from plumbing.services.hints import hint_now
from reconciliation.models import (
    Deposit,
    DepositBooking,
    DepositVersion,
    ExceptionCase,
    LineKind,
    Match,
    MatchPart,
    PullState,
    SettlementLine,
    StatusChange,
)
from reconciliation.services import Pulled, pull_queue, pull_run, settlement_pull
from tests.reconciliation.conftest import BANK, MONDAY, WEDNESDAY, Clock, fund, send
from tests.reconciliation.standin import Reports, line

Pay = Callable[..., PaymentTransaction]
PullNow = Callable[..., Pulled]
Books = Callable[[AccountName], Decimal]

TABLES = (
    Deposit,
    DepositVersion,
    DepositBooking,
    SettlementLine,
    StatusChange,
    Match,
    MatchPart,
    ExceptionCase,
    Entry,
)


def test_a_settled_charge_is_matched_and_its_deposit_booked_to_cash_in_transit_and_fees(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock, books: Books
) -> None:
    charge = pay("100.00")
    gateway.deposit("DEP_1", line(charge.gateway_id, "100.00", at=MONDAY), paid_on=WEDNESDAY, fees="3.20")
    clock.set(WEDNESDAY)

    pulled = pull()

    assert pulled == Pulled(deposits=1, lines=1, matches=1, booked=1, cases=0)
    part = MatchPart.objects.select_related("match", "expectation", "settlement_line").get(live=True)
    assert part.expectation is not None
    assert part.settlement_line is not None
    assert (part.expectation.transaction_id, part.settlement_line.gateway_id) == (charge.pk, charge.gateway_id)
    assert part.match.evidence == f"sale USD 100.0000 {charge.gateway_id}"
    assert books(AccountName.CASH_IN_TRANSIT) == Decimal("96.80")
    assert books(AccountName.GATEWAY_FEES) == Decimal("3.20")
    assert books(AccountName.GATEWAY_CLEARING) == 0
    assert books(AccountName.BANK) == 0
    entry = Entry.objects.get(kind=EntryKind.DEPOSIT_ADVICE)
    assert (entry.occurred_on, entry.source) == (WEDNESDAY, f"deposit:{Deposit.objects.get().pk}")
    assert DepositBooking.objects.get().entry == entry
    charge.refresh_from_db()
    assert (charge.deposit_id, charge.batch_id, charge.settled_at) == ("DEP_1", "BAT_1", timezone.now())
    assert Payment.objects.get(pk=charge.payment_id).money_state == MoneyState.SETTLED
    assert ledger_check() == []


def test_a_second_pull_adds_nothing(pay: Pay, gateway: Reports, pull: PullNow, clock: Clock, books: Books) -> None:
    charge = pay("100.00")
    gateway.deposit(
        "DEP_1",
        line(charge.gateway_id, "100.00", at=MONDAY),
        line("TRN_unknown", "7.00", at=MONDAY),
        paid_on=WEDNESDAY,
        fees="3.20",
    )
    clock.set(WEDNESDAY)
    pull()
    models = (
        Deposit,
        DepositVersion,
        DepositBooking,
        SettlementLine,
        StatusChange,
        Match,
        MatchPart,
        ExceptionCase,
        Entry,
    )
    before = {model: model.objects.count() for model in models}

    again = pull()

    assert again == Pulled()
    assert {model: model.objects.count() for model in TABLES} == before
    assert books(AccountName.CASH_IN_TRANSIT) == Decimal("103.80")


def test_a_refund_is_matched_as_negative_and_shortens_the_deposit(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock, books: Books, clerk: User
) -> None:
    charge = pay("100.00")
    refund = send(_refund(charge, "30.00", by=clerk))
    gateway.deposit(
        "DEP_1",
        line(charge.gateway_id, "100.00", at=MONDAY),
        line(refund.gateway_id, "-30.00", at=MONDAY),
        paid_on=WEDNESDAY,
        fees="3.20",
    )
    clock.set(WEDNESDAY)

    assert pull() == Pulled(deposits=1, lines=2, matches=2, booked=1)

    assert books(AccountName.CASH_IN_TRANSIT) == Decimal("66.80")
    assert books(AccountName.GATEWAY_CLEARING) == 0
    refund.refresh_from_db()
    assert refund.deposit_id == "DEP_1"
    assert ledger_check() == []


def test_a_deposit_of_refunds_alone_is_money_going_back(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock, books: Books, clerk: User
) -> None:
    refund = send(_refund(pay("100.00"), "100.00", by=clerk))
    gateway.deposit("DEP_1", line(refund.gateway_id, "-100.00", at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)

    pull()

    assert books(AccountName.CASH_IN_TRANSIT) == Decimal("-100.00")
    assert books(AccountName.GATEWAY_CLEARING) == Decimal("100.00")
    assert ledger_check() == []


def test_a_bank_debit_settles_when_it_is_read_again_whatever_comes_first(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock, books: Books
) -> None:
    charge = pay("80.00", source=BANK)
    gateway.deposit("DEP_1", line(charge.gateway_id, "80.00", at=MONDAY), paid_on=WEDNESDAY, fees="0.80")
    clock.set(WEDNESDAY)

    pull()

    charge.refresh_from_db()
    assert (charge.state, charge.deposit_id) == (TransactionState.PENDING, "")
    assert books(AccountName.GATEWAY_CLEARING) == Decimal("-80.00")
    assert ledger_check() == []

    fund(charge)
    engine.reread(transaction_id=charge.pk, now=timezone.now())
    pull()

    charge.refresh_from_db()
    assert (charge.state, charge.deposit_id) == (TransactionState.APPROVED, "DEP_1")
    assert books(AccountName.GATEWAY_CLEARING) == 0
    assert MatchPart.objects.get(live=True).expectation_id is not None
    assert ledger_check() == []


def test_a_pending_bank_debit_that_the_report_names_is_read_again(
    pay: Pay,
    gateway: Reports,
    pull: PullNow,
    clock: Clock,
    django_capture_on_commit_callbacks: Any,
) -> None:
    charge = pay("80.00", source=BANK)
    gateway.deposit("DEP_1", line(charge.gateway_id, "80.00", at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)

    with django_capture_on_commit_callbacks() as callbacks:
        pull()

    hints = [callback for callback in callbacks if callback.func is hint_now]
    assert [(hint.args[0], hint.args[1]) for hint in hints] == [("oropay.tasks.reread", charge.pk)]

    fund(charge)
    tasks.reread(charge.pk)

    charge.refresh_from_db()
    assert charge.state == TransactionState.APPROVED


def test_a_capture_is_settled_under_the_id_of_its_authorization(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock, books: Books, clerk: User
) -> None:
    Integration.objects.update(payment_action=PaymentAction.MANUAL, echeck=False)
    hold = pay("100.00")
    capture = send(capture_start(hold=hold, amount=Decimal("90.00"), by=clerk, now=timezone.now()))
    gateway.deposit("DEP_1", line(hold.gateway_id, "90.00", at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)

    assert pull() == Pulled(deposits=1, lines=1, matches=1, booked=1)

    capture.refresh_from_db()
    assert capture.deposit_id == "DEP_1"
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_equal_lines_of_one_deposit_are_two_rows(gateway: Reports, pull: PullNow, clock: Clock) -> None:
    twin = line("TRN_x", "5.00", at=MONDAY)
    gateway.deposit("DEP_1", twin, twin, paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)

    pull()
    pull()

    assert list(SettlementLine.objects.values_list("gateway_id", "ordinal")) == [("TRN_x", 1), ("TRN_x", 2)]


def test_a_report_with_tabs_backslashes_and_line_ends_is_stored_as_it_is(
    gateway: Reports, pull: PullNow, clock: Clock
) -> None:
    odd = "a\tb\\c\nd\re\\N"
    gateway.deposit("DEP_1", line("TRN_x", "5.00", reference=odd, at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)

    pull()

    assert SettlementLine.objects.get().reference == odd
    assert SettlementLine.objects.get().time_created == MONDAY


def test_a_large_report_is_stored_and_matched_as_a_small_one(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock
) -> None:
    charge = pay("100.00")
    others = [line(f"TRN_x{number}", "1.00", at=MONDAY) for number in range(1_000)]
    gateway.deposit("DEP_1", line(charge.gateway_id, "100.00", at=MONDAY), *others, paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)

    pulled, again = pull(), pull()

    assert pulled == Pulled(deposits=1, lines=1_001, matches=1, booked=1, cases=1_000)
    assert again == Pulled()


def test_a_status_that_changes_is_a_new_version_and_the_first_stays(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock
) -> None:
    charge = pay("100.00")
    gateway.deposit("DEP_1", line(charge.gateway_id, "100.00", at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)
    pull()
    gateway.lines.clear()
    gateway.deposit(
        "DEP_1", line(charge.gateway_id, "100.00", status="REJECTED", at=MONDAY), paid_on=WEDNESDAY, fees="1.00"
    )

    pull()

    assert SettlementLine.objects.get().status == "FUNDED"
    assert list(StatusChange.objects.values_list("number", "status")) == [(2, "REJECTED")]
    assert list(DepositVersion.objects.values_list("number", "fees")) == [(1, 0), (2, Decimal("1.00"))]
    assert DepositBooking.objects.get().version.number == 1


@pytest.mark.parametrize("status", ["DELAYED", "RESERVED", "IRREG"])
def test_a_deposit_that_is_held_back_is_booked_when_it_is_paid_out(
    status: str, pay: Pay, gateway: Reports, pull: PullNow, clock: Clock, books: Books
) -> None:
    charge = pay("100.00")
    settled = line(charge.gateway_id, "100.00", at=MONDAY)
    gateway.deposit("DEP_1", settled, paid_on=WEDNESDAY, status=status)
    clock.set(WEDNESDAY)
    pull()
    assert books(AccountName.CASH_IN_TRANSIT) == 0

    gateway.lines.clear()
    gateway.deposit("DEP_1", settled, paid_on=WEDNESDAY, status="RELEASED")
    pull()

    assert books(AccountName.CASH_IN_TRANSIT) == Decimal("100.00")
    assert Entry.objects.filter(kind=EntryKind.DEPOSIT_ADVICE).count() == 1


def test_a_returned_bank_debit_is_a_line_of_its_own_kind(gateway: Reports, pull: PullNow, clock: Clock) -> None:
    gateway.deposit("DEP_1", line("TRN_x", "-80.00", kind="SALE", status="REJECTED", at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)

    pull()

    assert SettlementLine.objects.get().kind == LineKind.RETURN


def test_a_line_without_a_deposit_is_no_money_yet(gateway: Reports, pull: PullNow, clock: Clock) -> None:
    gateway.deposit("DEP_1", line("TRN_x", "5.00", at=MONDAY), paid_on=WEDNESDAY)
    gateway.lines[0] = replace(gateway.lines[0], deposit_id="")
    clock.set(WEDNESDAY)

    pull()

    assert not SettlementLine.objects.exists()


def test_a_silent_gateway_leaves_what_was_read_and_says_so(
    pay: Pay, gateway: Reports, account: ProviderAccount, clock: Clock
) -> None:
    pay("100.00")
    gateway.silent = True
    pull = pull_queue(provider_account=account, since=WEDNESDAY, until=WEDNESDAY, by=None, now=timezone.now())

    assert pull_run(pull_id=pull.pk, now=timezone.now()) is None

    pull.refresh_from_db()
    assert (pull.state, pull.error) == (
        PullState.FAILED,
        "The settlement reports could not be read; no money is involved.",
    )
    with pytest.raises(GatewayUnavailable):
        settlement_pull(provider_account=account, since=WEDNESDAY, until=WEDNESDAY, now=timezone.now())


def _refund(charge: PaymentTransaction, amount: str, *, by: User) -> PaymentTransaction:
    return refund_start(
        charge=charge,
        lines=refund_lines_suggested(charge=charge, amount=Decimal(amount)),
        reason=RefundReason.GOODS,
        note="one piece came broken",
        by=by,
        now=timezone.now(),
    )
