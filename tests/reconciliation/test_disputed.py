"""What disputes took and gave back, in the gateway's report: by the case's name, else by the acquirer's reference."""

from collections.abc import Callable
from decimal import Decimal

from django.utils import timezone

from commerce.models import User
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay.engine import disputes
from oropay.models import PaymentTransaction, ProviderAccount
from reconciliation.models import CaseKind, ExceptionCase, Match, MatchRule
from reconciliation.services import Pulled
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
    assert (loose.matches, loose.cases) == (0, 1)
    assert (found.matches, found.cases) == (1, 0)
    assert not ExceptionCase.objects.filter(resolved_at=None).exists()
    [taken_apart] = Match.objects.filter(undo__isnull=False)
    assert (taken_apart.undo.remark, taken_apart.undo.undone_by) == ("not this", clerk)
    kept = Match.objects.filter(parts__live=True, parts__expectation__kind="chargeback").get()
    assert [part.expectation and part.expectation.transaction.payment_id for part in kept.parts.all()] == [
        right.payment_id
    ]
    assert ledger_check() == []
