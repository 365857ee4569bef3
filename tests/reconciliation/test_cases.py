"""What does not fit: each kind is raised once, settles itself when it can, and else waits for a remark."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.utils import timezone

from commerce.models import User
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay.models import FailureReason, PaymentTransaction, RefundReason, TransactionState
from oropay.services import cancel_start
from reconciliation.exceptions import AlreadyResolved, RemarkRequired
from reconciliation.listener import ExpectationsOfMoney
from reconciliation.models import CaseKind, Deposit, ExceptionCase, Expectation, Match, MatchPart, Resolution
from reconciliation.services import Pulled, case_assign, case_resolve
from tests.reconciliation.conftest import BANK, MONDAY, WEDNESDAY, Clock, send
from tests.reconciliation.standin import Reports, StandIn, line

Pay = Callable[..., PaymentTransaction]
PullNow = Callable[..., Pulled]
Books = Callable[[AccountName], Decimal]

THURSDAY = date(2026, 11, 19)


def only_case() -> ExceptionCase:
    return ExceptionCase.objects.get()


def test_money_is_not_late_on_its_due_day(pay: Pay, pull: PullNow, clock: Clock) -> None:
    pay("100.00")
    clock.set(WEDNESDAY)

    pull()

    assert not ExceptionCase.objects.exists()


def test_money_is_late_from_the_next_banking_day_and_raised_once(pay: Pay, pull: PullNow, clock: Clock) -> None:
    charge = pay("100.00")
    clock.set(THURSDAY)

    first, second = pull(), pull()

    assert (first.cases, second.cases) == (1, 0)
    case = only_case()
    assert (case.kind, case.amount, case.currency) == (CaseKind.LATE, Decimal("-100.00"), "USD")
    assert (case.expectation, case.transaction) == (Expectation.objects.get(), charge)
    assert case.is_open


def test_late_money_that_arrives_settles_its_exception(pay: Pay, gateway: Reports, pull: PullNow, clock: Clock) -> None:
    charge = pay("100.00")
    clock.set(THURSDAY)
    pull()
    gateway.deposit("DEP_1", line(charge.gateway_id, "100.00", at=MONDAY), paid_on=THURSDAY)

    pull()

    case = only_case()
    assert (case.resolution, case.resolved_at, case.resolved_by) == (Resolution.ARRIVED, timezone.now(), None)


def test_a_voided_charge_is_never_late(pay: Pay, pull: PullNow, clock: Clock, clerk: User) -> None:
    send(
        cancel_start(
            transaction=pay("100.00"), reason=RefundReason.OTHER, note="wrong order", by=clerk, now=timezone.now()
        )
    )
    clock.set(THURSDAY)

    pull()

    assert not ExceptionCase.objects.exists()


def test_a_late_charge_that_is_voided_is_no_longer_expected(pay: Pay, pull: PullNow, clock: Clock, clerk: User) -> None:
    charge = pay("100.00")
    clock.set(THURSDAY)
    pull()

    send(cancel_start(transaction=charge, reason=RefundReason.OTHER, note="wrong order", by=clerk, now=timezone.now()))
    pull()

    assert only_case().resolution == Resolution.WITHDRAWN


def test_another_amount_is_raised_with_its_difference_instead_of_late_and_unexpected(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock
) -> None:
    charge = pay("100.00")
    gateway.deposit("DEP_1", line(charge.gateway_id, "95.00", at=MONDAY), paid_on=WEDNESDAY)
    clock.set(THURSDAY)

    first, second = pull(), pull()

    assert (first.matches, first.cases, second.cases) == (0, 1, 0)
    case = only_case()
    assert (case.kind, case.amount) == (CaseKind.AMOUNT_DIFFERS, Decimal("-5.00"))
    assert (case.expectation, case.transaction) == (Expectation.objects.get(), charge)
    assert case.settlement_line is not None
    charge.refresh_from_db()
    assert charge.deposit_id == ""


def test_another_currency_is_raised(pay: Pay, gateway: Reports, pull: PullNow, clock: Clock) -> None:
    charge = pay("100.00")
    gateway.deposit(
        "DEP_1", line(charge.gateway_id, "100.00", currency="CAD", at=MONDAY), paid_on=WEDNESDAY, currency="CAD"
    )
    clock.set(WEDNESDAY)

    pull()

    assert set(ExceptionCase.objects.values_list("kind", "currency", "amount")) == {
        (CaseKind.CURRENCY_DIFFERS, "CAD", Decimal("100.00")),  # the line
        (CaseKind.CURRENCY_DIFFERS, "CAD", Decimal("0.00")),  # the deposit: the account settles in USD
    }
    assert ledger_check() == []


def test_a_line_nobody_knows_is_unexpected(gateway: Reports, pull: PullNow, clock: Clock) -> None:
    gateway.deposit("DEP_1", line("TRN_foreign", "12.50", at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)

    pull()

    case = only_case()
    assert (case.kind, case.amount, case.transaction) == (CaseKind.UNEXPECTED, Decimal("12.50"), None)


def test_what_was_unexpected_is_matched_when_its_expectation_is_born_later(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock
) -> None:
    gateway.deposit("DEP_1", line("TRN_1", "100.00", at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)
    pull()
    assert only_case().kind == CaseKind.UNEXPECTED
    StandIn.number = iter([1])
    charge = pay("100.00")
    assert charge.gateway_id == "TRN_1"

    pull()

    assert only_case().resolution == Resolution.ARRIVED
    assert Match.objects.count() == 1


def test_the_same_transaction_settled_twice_is_a_duplicate(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock
) -> None:
    charge = pay("100.00")
    gateway.deposit("DEP_1", line(charge.gateway_id, "100.00", at=MONDAY), paid_on=WEDNESDAY)
    gateway.deposit("DEP_2", line(charge.gateway_id, "100.00", at=MONDAY), paid_on=THURSDAY)
    clock.set(THURSDAY)

    assert pull().matches == 1

    case = only_case()
    assert (case.kind, case.transaction, case.amount) == (CaseKind.DUPLICATE, charge, Decimal("100.00"))


def test_our_reference_under_another_id_is_an_identity_mismatch(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock
) -> None:
    charge = pay("100.00")
    gateway.deposit("DEP_1", line("TRN_other", "100.00", reference=charge.reference, at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)

    pull()

    assert (only_case().kind, only_case().transaction) == (CaseKind.IDENTITY_MISMATCH, charge)


def test_what_had_been_proven_absent_and_is_settled_has_arrived_late(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock
) -> None:
    charge = pay("100.00")
    lost = PaymentTransaction.objects.create(
        payment=charge.payment,
        action=charge.action,
        amount=charge.amount,
        currency="USD",
        reference="oro-lost-0001",
        created_at=MONDAY,
    )
    for state in (TransactionState.SENDING, TransactionState.UNKNOWN):
        PaymentTransaction.objects.filter(pk=lost.pk).update(state=state)
    PaymentTransaction.objects.filter(pk=lost.pk).update(
        state=TransactionState.FAILED, failure_reason=FailureReason.NEVER_ARRIVED
    )
    gateway.deposit("DEP_1", line("TRN_late", "100.00", reference=lost.reference, at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)

    pull()

    case = ExceptionCase.objects.get(settlement_line__isnull=False)
    assert (case.kind, case.transaction) == (CaseKind.ARRIVED_LATE, lost)


def test_money_that_went_back_is_returned_and_names_the_charge(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock
) -> None:
    charge = pay("80.00", source=BANK)
    gateway.deposit("DEP_1", line(charge.gateway_id, "80.00", at=MONDAY), paid_on=WEDNESDAY)
    gateway.deposit(
        "DEP_2",
        line(charge.gateway_id, "-80.00", kind="SALE", status="REJECTED", at=MONDAY),
        paid_on=THURSDAY,
    )
    clock.set(THURSDAY)

    pull()

    case = only_case()
    assert (case.kind, case.amount, case.transaction) == (CaseKind.RETURNED, Decimal("-80.00"), charge)
    assert MatchPart.objects.filter(live=True).count() == 1
    assert ledger_check() == []


def test_a_matched_line_that_is_rejected_later_is_returned_and_stays_so(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock
) -> None:
    charge = pay("100.00")
    gateway.deposit("DEP_1", line(charge.gateway_id, "100.00", at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)
    pull()
    gateway.lines[:] = [replace(settled, status="REJECTED") for settled in gateway.lines]

    pull()
    pull()

    assert (only_case().kind, only_case().resolution) == (CaseKind.RETURNED, "")


def test_a_deposit_that_does_not_add_up_is_booked_by_its_own_figures_and_raised(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock, books: Books
) -> None:
    charge = pay("100.00")
    gateway.deposit("DEP_1", line(charge.gateway_id, "100.00", at=MONDAY), paid_on=WEDNESDAY, fees="3.20", net="90.00")
    clock.set(WEDNESDAY)

    assert pull() == Pulled(deposits=1, lines=1, matches=1, booked=1, cases=1)

    case = only_case()
    assert (case.kind, case.deposit) == (CaseKind.AMOUNT_DIFFERS, Deposit.objects.get())
    assert case.amount == Decimal("6.80")
    assert books(AccountName.CASH_IN_TRANSIT) == Decimal("90.00")
    assert books(AccountName.GATEWAY_FEES) == Decimal("3.20")
    assert books(AccountName.GATEWAY_CLEARING) == Decimal("6.80")
    assert ledger_check() == []


def test_figures_that_change_after_booking_are_raised_and_not_booked_again(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock, books: Books
) -> None:
    charge = pay("100.00")
    settled = line(charge.gateway_id, "100.00", at=MONDAY)
    gateway.deposit("DEP_1", settled, paid_on=WEDNESDAY, fees="3.20")
    clock.set(WEDNESDAY)
    pull()
    gateway.lines.clear()
    gateway.deposit("DEP_1", settled, paid_on=WEDNESDAY, fees="4.20")

    assert pull().booked == 0

    assert only_case().kind == CaseKind.AMOUNT_DIFFERS
    assert books(AccountName.GATEWAY_FEES) == Decimal("3.20")


def test_a_deposit_whose_missing_line_comes_later_settles_its_exception(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock
) -> None:
    first, second = pay("100.00"), pay("50.00")
    lines = [line(first.gateway_id, "100.00", at=MONDAY), line(second.gateway_id, "50.00", at=MONDAY)]
    gateway.deposit("DEP_1", *lines, paid_on=WEDNESDAY)
    missing = gateway.lines.pop()
    clock.set(WEDNESDAY)
    pull()
    assert (only_case().kind, only_case().amount) == (CaseKind.AMOUNT_DIFFERS, Decimal("-50.00"))
    gateway.lines.append(missing)

    pull()

    assert only_case().resolution == Resolution.ARRIVED
    assert Match.objects.count() == 2


def test_ignoring_needs_a_remark_and_holds_across_pulls(
    gateway: Reports, pull: PullNow, clock: Clock, clerk: User
) -> None:
    gateway.deposit("DEP_1", line("TRN_foreign", "12.50", at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)
    pull()
    with pytest.raises(RemarkRequired, match="Nothing was changed"):
        case_resolve(case=only_case(), remark="  ", by=clerk, now=timezone.now())
    assert only_case().is_open

    case_resolve(case=only_case(), remark="the shop next door", by=clerk, now=timezone.now())
    pull()

    case = only_case()
    assert (case.resolution, case.remark, case.resolved_by) == (Resolution.IGNORED, "the shop next door", clerk)
    with pytest.raises(AlreadyResolved):
        case_resolve(case=case, remark="again", by=clerk, now=timezone.now())
    with pytest.raises(AlreadyResolved):
        case_assign(case=case, owner=clerk, by=clerk)


def test_an_owner_is_kept_in_the_history(gateway: Reports, pull: PullNow, clock: Clock, clerk: User) -> None:
    gateway.deposit("DEP_1", line("TRN_foreign", "12.50", at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)
    pull()

    case = case_assign(case=only_case(), owner=clerk, by=clerk)

    assert only_case().owner == clerk
    assert [event.owner_id for event in case.history.order_by("pgh_id")] == [None, clerk.pk]  # type: ignore[attr-defined]


def test_a_withdrawn_expectation_whose_money_came_all_the_same_is_returned(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock
) -> None:
    charge = pay("80.00", source=BANK)
    gateway.deposit("DEP_1", line(charge.gateway_id, "80.00", at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)
    pull()

    ExpectationsOfMoney().on_withdrawn(transaction=charge, now=timezone.now())
    pull()

    assert (only_case().kind, only_case().transaction) == (CaseKind.RETURNED, charge)
