"""What disputes took and gave back, in the gateway's report: by the case's name, else by the acquirer's reference."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from commerce.models import User
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay.engine import disputes
from oropay.models import PaymentTransaction, ProviderAccount
from reconciliation.models import CaseKind, ExceptionCase, Match, MatchRule, Resolution
from reconciliation.services import Pulled, case_resolve, match_undo
from tests.oropay.disputes.told import recorded
from tests.reconciliation.conftest import MONDAY, WEDNESDAY, Clock
from tests.reconciliation.standin import Reports, line

Pay = Callable[..., PaymentTransaction]
PullNow = Callable[..., Pulled]

ARN = "74500012345678901234567"


def test_a_case_that_the_report_names_otherwise_is_matched_by_its_arn(
    pay: Pay,
    gateway: Reports,
    pull: PullNow,
    clock: Clock,
    account: ProviderAccount,
    books: Callable[[AccountName], Decimal],
) -> None:
    charge = pay("100.00")
    recorded(account, charge, last4="5262", arn=ARN)
    clock.set(WEDNESDAY)
    gateway.deposit(
        "DEP_1",
        line(charge.gateway_id, "100.00", at=MONDAY),
        line("DIS_810", "-50.00", kind="CHARGEBACK", reference=ARN, at=MONDAY),
        paid_on=WEDNESDAY,
    )

    pulled = pull()

    assert (pulled.matches, pulled.cases) == (2, 0)
    assert sorted(Match.objects.values_list("rule", flat=True)) == [MatchRule.ARN, MatchRule.EXACT_KEY]
    assert pull() == Pulled()
    assert books(AccountName.GATEWAY_CLEARING) == 0
    assert ledger_check() == []


def test_a_chargeback_of_another_sale_is_unexpected(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock, account: ProviderAccount
) -> None:
    charge = pay("100.00")
    recorded(account, charge, last4="5262", arn=ARN)
    clock.set(WEDNESDAY)
    gateway.deposit(
        "DEP_1",
        line(charge.gateway_id, "100.00", at=MONDAY),
        line("DIS_810", "-50.00", kind="CHARGEBACK", reference="another sale", at=MONDAY),
        paid_on=WEDNESDAY,
    )

    pull()

    assert ExceptionCase.objects.get().kind == CaseKind.UNEXPECTED


def test_a_chargeback_that_no_deposit_took_is_late(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock, account: ProviderAccount
) -> None:
    charge = pay("100.00")
    recorded(account, charge, last4="5262", arn=ARN)
    clock.set(WEDNESDAY.replace(day=20))
    gateway.deposit("DEP_1", line(charge.gateway_id, "100.00", at=MONDAY), paid_on=WEDNESDAY)

    pull()

    case = ExceptionCase.objects.get()
    assert (case.kind, case.amount) == (CaseKind.LATE, Decimal("50.00"))


def test_a_line_that_met_the_wrong_payment_meets_the_right_one_once_the_link_is_undone(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock, account: ProviderAccount, clerk: User
) -> None:
    wrong, right = pay("100.00"), pay("100.00")
    dispute = recorded(account, None, last4="5262", arn=ARN)
    disputes.dispute_link(dispute=dispute, transaction=wrong, note="this?", by=clerk, now=timezone.now())
    clock.set(WEDNESDAY)
    gateway.deposit(
        "DEP_1",
        line(wrong.gateway_id, "100.00", at=MONDAY),
        line(right.gateway_id, "100.00", at=MONDAY),
        line("DIS_1", "-50.00", kind="CHARGEBACK", reference=ARN, at=MONDAY),
        paid_on=WEDNESDAY,
    )
    met = pull()

    disputes.dispute_unlink(dispute=dispute, charge=wrong, note="not this", by=clerk, now=timezone.now())
    loose = pull()
    disputes.dispute_link(dispute=dispute, transaction=right, note="this", by=clerk, now=timezone.now())
    found = pull()

    assert (met.matches, met.cases) == (3, 0)
    assert (loose.matches, loose.cases) == (0, 0)  # the case is there since the link was undone
    assert (found.matches, found.cases) == (1, 0)
    assert not ExceptionCase.objects.filter(resolved_at=None).exists()
    [taken_apart] = Match.objects.filter(undo__isnull=False)
    assert (taken_apart.undo.remark, taken_apart.undo.undone_by) == ("not this", clerk)
    kept = Match.objects.filter(parts__live=True, parts__expectation__kind="chargeback").get()
    assert [part.expectation and part.expectation.transaction.payment_id for part in kept.parts.all()] == [
        right.payment_id
    ]
    assert ledger_check() == []


def test_a_line_freed_long_after_its_deposit_is_an_exception_at_once_and_found_again_by_any_pull(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock, account: ProviderAccount, clerk: User
) -> None:
    wrong, right = pay("100.00"), pay("100.00")
    dispute = recorded(account, None, last4="5262", arn=ARN)
    disputes.dispute_link(dispute=dispute, transaction=wrong, note="this?", by=clerk, now=timezone.now())
    clock.set(WEDNESDAY)
    gateway.deposit(
        "DEP_1",
        line(wrong.gateway_id, "100.00", at=MONDAY),
        line(right.gateway_id, "100.00", at=MONDAY),
        line("DIS_1", "-50.00", kind="CHARGEBACK", reference=ARN, at=MONDAY),
        paid_on=WEDNESDAY,
    )
    pull()
    march = WEDNESDAY + timedelta(days=120)
    clock.set(march)
    gateway.deposit("DEP_2", line("TRN_x", "7.00", at=MONDAY), paid_on=march)

    disputes.dispute_unlink(dispute=dispute, charge=wrong, note="not this", by=clerk, now=timezone.now())
    freed = ExceptionCase.objects.get()
    pull()
    freed.refresh_from_db()
    still_open = freed.is_open
    disputes.dispute_link(dispute=dispute, transaction=right, note="this", by=clerk, now=timezone.now())
    pull()

    assert (freed.kind, freed.amount, freed.raised_at) == (CaseKind.UNEXPECTED, Decimal("-50.00"), timezone.now())
    assert still_open
    freed.refresh_from_db()
    assert freed.resolution == Resolution.ARRIVED
    kept = Match.objects.get(parts__live=True, parts__settlement_line__gateway_id="DIS_1")
    assert kept.parts.get().expectation.transaction.payment == right.payment  # type: ignore[union-attr]
    assert ledger_check() == []


def test_a_line_that_a_person_had_set_aside_comes_back_when_its_match_is_taken_apart(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock, account: ProviderAccount, clerk: User
) -> None:
    charge = pay("100.00")
    clock.set(WEDNESDAY)
    gateway.deposit(
        "DEP_1",
        line(charge.gateway_id, "100.00", at=MONDAY),
        line("DIS_1", "-50.00", kind="CHARGEBACK", reference=ARN, at=MONDAY),
        paid_on=WEDNESDAY,
    )
    pull()
    case_resolve(case=ExceptionCase.objects.get(), remark="known", by=clerk, now=timezone.now())
    dispute = recorded(account, charge, last4="5262", arn=ARN)
    pull()

    disputes.dispute_unlink(dispute=dispute, charge=charge, note="not this", by=clerk, now=timezone.now())

    case = ExceptionCase.objects.get()
    assert (case.is_open, case.kind, case.remark, case.resolved_by) == (True, CaseKind.UNEXPECTED, "", None)


@pytest.mark.parametrize("by_hand_before", [True, False])
def test_a_line_names_no_chargeback_of_a_payment_that_the_dispute_is_not_about(
    by_hand_before: bool,
    pay: Pay,
    gateway: Reports,
    pull: PullNow,
    clock: Clock,
    account: ProviderAccount,
    clerk: User,
) -> None:
    charge = pay("100.00")
    clock.set(WEDNESDAY)
    gateway.deposit(
        "DEP_1",
        line(charge.gateway_id, "100.00", at=MONDAY),
        line("DIS_1", "-50.00", kind="CHARGEBACK", reference=ARN, at=MONDAY),
        paid_on=WEDNESDAY,
    )
    dispute = recorded(account, charge, last4="5262", arn=ARN)
    pull()
    if by_hand_before:
        match = Match.objects.get(parts__settlement_line__gateway_id="DIS_1")
        match_undo(match=match, remark="wrong", by=clerk, now=timezone.now())

    disputes.dispute_unlink(dispute=dispute, charge=charge, note="not this", by=clerk, now=timezone.now())
    pull()

    case = ExceptionCase.objects.get(settlement_line__isnull=False)
    assert (case.is_open, case.kind, case.transaction) == (True, CaseKind.UNEXPECTED, None)
