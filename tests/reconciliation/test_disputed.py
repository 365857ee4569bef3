"""What disputes took and gave back, in the gateway's report: by the case's name, else by the acquirer's reference."""

from collections.abc import Callable
from decimal import Decimal

from ledger.models import AccountName
from ledger.services import ledger_check
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
