"""The whole way over real HTTP: pay, let the gateway settle, pull, and the books and the page agree."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from commerce.models import Customer, User
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay import engine
from oropay.engine import disputes
from oropay.gateway.port import CardToken
from oropay.models import (
    Action,
    FailureReason,
    MoneyState,
    Payment,
    PaymentTransaction,
    ProviderAccount,
    RefundReason,
    TransactionState,
    Watch,
)
from oropay.services import NewCard, refund_lines_suggested, refund_start
from plumbing.due import DueJobs
from plumbing.locks import HINT_AGAIN
from plumbing.services import job_run
from reconciliation.models import CaseKind, ExceptionCase, LineKind, SettlementLine
from reconciliation.selectors import Group, WorkbenchFilter, fees_of, workbench
from reconciliation.services import Pulled
from tests.accounts import sandbox_account
from tests.contract.conftest import sandbox  # noqa: F401  (a fixture)
from tests.contract.samples import sale
from tests.contract.sandbox import Sandbox
from tests.hints import Hints
from tests.oropay.books import aged as made_earlier
from tests.oropay.house import arrive, prove_absent
from tests.reconciliation.conftest import BANK, WEDNESDAY, Clock, send

FRIDAY = date(2026, 11, 20)

Pay = Callable[..., PaymentTransaction]
PullNow = Callable[..., Pulled]
Books = Callable[[AccountName], Decimal]


@pytest.fixture
def account(customer: Customer, sandbox: Sandbox) -> ProviderAccount:  # noqa: F811
    """The real adapter, the gateway on this machine, a merchant of this test alone."""
    return sandbox_account(organization=customer.organization, url=sandbox.url)


def test_card_refund_and_bank_debit_settle_to_the_cent(
    pay: Pay,
    pull: PullNow,
    sandbox: Sandbox,  # noqa: F811
    clock: Clock,
    customer: Customer,
    clerk: User,
    books: Books,
) -> None:
    sandbox.control("/reset", {})
    charge = pay("100.00", source=NewCard(token=sandbox.card_token(), last4="5262"))
    debit = pay("80.00", source=BANK)
    refund = send(
        refund_start(
            charge=charge,
            lines=refund_lines_suggested(charge=charge, amount=Decimal("30.00")),
            reason=RefundReason.GOODS,
            note="one piece came broken",
            by=clerk,
            now=timezone.now(),
        )
    )
    assert [row.state for row in (charge, debit, refund)] == [
        TransactionState.APPROVED,
        TransactionState.PENDING,
        TransactionState.APPROVED,
    ]
    assert pull() == Pulled()
    made = sandbox.control("/settlement/run", {"date": WEDNESDAY.isoformat()})["deposits"]
    clock.set(WEDNESDAY)

    pulled = pull()

    assert pulled == Pulled(deposits=2, lines=3, matches=3, booked=2)
    assert pull() == Pulled()
    # Card: 100.00 − 30.00 − (2.9 % + 0.30); ACH: 80.00 − 0.80.
    assert books(AccountName.CASH_IN_TRANSIT) == Decimal("66.80") + Decimal("79.20")
    assert books(AccountName.GATEWAY_FEES) == Decimal("4.00")
    # 3.20 by the sizes of 100.00 and 30.00, to the cent.
    shares = {charge.pk: Decimal("2.46"), refund.pk: Decimal("0.74"), debit.pk: Decimal("0.80")}
    assert fees_of(transaction_ids=[charge.pk, refund.pk, debit.pk]) == shares
    assert fees_of(transaction_ids=[refund.pk]) == {refund.pk: Decimal("0.74")}
    assert sum(int(deposit["amount"]) for deposit in made) == 14600

    engine.reread(transaction_id=debit.pk, now=timezone.now())
    pull()

    assert books(AccountName.GATEWAY_CLEARING) == 0
    assert ledger_check() == []
    for row in (charge, refund, debit):
        row.refresh_from_db()
        assert row.deposit_id == _deposit_of(row)
    assert Payment.objects.get(pk=debit.payment_id).money_state == MoneyState.SETTLED
    page = workbench(
        organization=customer.organization, wanted=WorkbenchFilter(group=Group.SETTLED), now=timezone.now()
    )
    assert sorted(row.settled for row in page.rows if row.settled) == [
        Decimal("-30.00"),
        Decimal("80.00"),
        Decimal("100.00"),
    ]
    assert [page.totals[group].count for group in (Group.LATE, Group.AMOUNT_DIFFERS, Group.UNEXPECTED)] == [0, 0, 0]


def test_what_disputes_take_and_give_back_settles_to_the_cent(
    pay: Pay,
    pull: PullNow,
    sandbox: Sandbox,  # noqa: F811
    clock: Clock,
    books: Books,
    account: ProviderAccount,
) -> None:
    sandbox.control("/reset", {})
    won, lost = (pay("100.00", source=NewCard(token=sandbox.card_token(), last4="5262")) for _ in range(2))
    names = [str(sandbox.control("/disputes", {"transaction": row.gateway_id})["id"]) for row in (won, lost)]
    for name in names:
        disputes.dispute_reread(provider_account=account, gateway_id=name, now=timezone.now())
    for name, result in zip(names, ("WON", "LOST"), strict=True):
        sandbox.control(f"/disputes/{name}/advance", {"result": result})
    now = clock.set(WEDNESDAY)
    for name in names:
        disputes.dispute_reread(provider_account=account, gateway_id=name, now=now)
    made = sandbox.control("/settlement/run", {"date": WEDNESDAY.isoformat()})["deposits"]

    pulled = pull()

    # Two sales, two chargebacks, one reversal.
    assert (pulled.lines, pulled.matches, pulled.cases) == (5, 5, 0)
    assert sorted((line.kind, line.amount) for line in SettlementLine.objects.exclude(kind="sale")) == [
        ("chargeback", Decimal("-100.00")),
        ("chargeback", Decimal("-100.00")),
        ("reversal", Decimal("100.00")),
    ]
    assert books(AccountName.CASH_IN_TRANSIT) == Decimal(sum(int(deposit["amount"]) for deposit in made)) / 100
    assert books(AccountName.GATEWAY_CLEARING) == 0
    assert books(AccountName.DISPUTES_RECEIVABLE) == 0
    assert ledger_check() == []


def test_what_somebody_charged_past_us_is_unexpected(
    pull: PullNow,
    sandbox: Sandbox,  # noqa: F811
    clock: Clock,
    books: Books,
    account: ProviderAccount,
) -> None:
    sandbox.control("/reset", {})
    foreign = sandbox.gateway().charge(sale(source=CardToken(token=sandbox.card_token())))
    sandbox.control("/settlement/run", {"date": WEDNESDAY.isoformat()})
    clock.set(WEDNESDAY)

    pull()

    case = ExceptionCase.objects.get()
    assert case.kind == CaseKind.UNEXPECTED
    assert case.settlement_line is not None
    assert case.settlement_line.gateway_id == foreign.gateway_id
    assert books(AccountName.CASH_IN_TRANSIT) > 0
    assert ledger_check() == []


def test_a_charge_that_never_arrived_is_found_by_the_settlement_report(
    pay: Pay,
    pull: PullNow,
    sandbox: Sandbox,  # noqa: F811
    clock: Clock,
    books: Books,
) -> None:
    sandbox.control("/reset", {})
    card = NewCard(token=sandbox.card_token(), last4="5262")
    swallowed = {"match": {"endpoint": "/transactions", "method": "POST"}, "action": {"drop": {"when": "before"}}}
    sandbox.control("/rules", swallowed)
    lost = pay("100.00", source=card)
    prove_absent(lost)
    arrive(lost)
    sandbox.control("/settlement/run", {"date": WEDNESDAY.isoformat()})
    now = clock.set(WEDNESDAY)
    Watch.objects.update(next_at=now + timedelta(days=1))

    pull()
    case = ExceptionCase.objects.get()
    woken = Watch.objects.get(transaction=lost).next_at
    engine.watch(transaction_id=lost.pk, now=now)
    pulled = pull()

    assert (lost.failure_reason, woken, case.kind) == (FailureReason.NEVER_ARRIVED, now, CaseKind.ARRIVED_LATE)
    late = PaymentTransaction.objects.get(late=True)
    assert (late.state, late.deposit_id) == (TransactionState.APPROVED, _deposit_of(late))
    assert pulled.matches == 1
    case.refresh_from_db()
    assert not case.is_open
    assert Payment.objects.get(pk=lost.payment_id).money_state == MoneyState.SETTLED
    assert books(AccountName.GATEWAY_CLEARING) == 0
    assert ledger_check() == []


def test_a_returned_debit_is_found_by_the_report_recorded_and_matched_to_the_cent(
    pay: Pay,
    pull: PullNow,
    sandbox: Sandbox,  # noqa: F811
    clock: Clock,
    books: Books,
    hints: Hints,
) -> None:
    sandbox.control("/reset", {})
    broke = replace(BANK, details=replace(BANK.details, account_number="1234560001"))
    debit = pay("80.00", source=broke)
    sandbox.control("/settlement/run", {"date": WEDNESDAY.isoformat(), "returns": False})
    clock.set(WEDNESDAY)
    pull()
    engine.reread(transaction_id=debit.pk, now=timezone.now())
    pull()
    made_earlier(debit, timedelta(days=80))
    sandbox.control("/settlement/run", {"date": FRIDAY.isoformat()})
    now = clock.set(FRIDAY)

    pull()
    case = ExceptionCase.objects.get()
    hints.told()  # and lost
    DueJobs().publish_due(now=now + HINT_AGAIN, limit=10)
    [(_task, job, queue)] = hints.told()
    job_run(job_id=job, now=now + HINT_AGAIN)
    pulled = pull()

    assert (case.kind, queue) == (CaseKind.RETURNED, "gateway-batch")
    back = PaymentTransaction.objects.get(parent=debit, action=Action.RETURN)
    assert pulled.matches == 1
    assert SettlementLine.objects.get(kind=LineKind.RETURN).amount == Decimal("-80.00")
    assert back.deposit_id
    case.refresh_from_db()
    assert not case.is_open
    assert (books(AccountName.GATEWAY_CLEARING), books(AccountName.CASH_IN_TRANSIT)) == (Decimal(0), Decimal("-0.80"))
    assert Payment.objects.get(pk=debit.payment_id).money_state == MoneyState.RETURNED
    assert ledger_check() == []
    assert pull() == Pulled()


def _deposit_of(row: PaymentTransaction) -> str:
    return SettlementLine.objects.select_related("deposit").get(gateway_id=row.gateway_id).deposit.gateway_id
