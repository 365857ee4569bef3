"""Two pulls at once: the second finds everything done."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier, Event

import pytest
from django.db import connection
from django.db.transaction import atomic
from django.utils import timezone

from commerce.models import User
from config.processes import wait_until
from ledger.models import AccountName, Entry, EntryKind
from ledger.services import ledger_check
from oropay.engine import disputes
from oropay.models import Dispute, PaymentTransaction, ProviderAccount
from reconciliation.models import Deposit, DepositBooking, ExceptionCase, Match, SettlementLine
from reconciliation.services import Pulled, deposits_book, report_store, settlement_pull
from reconciliation.services.matching import match_take_apart
from tests.invoices.test_parallel import somebody_waits
from tests.oropay.disputes.told import recorded
from tests.reconciliation.conftest import MONDAY, WEDNESDAY, Clock
from tests.reconciliation.standin import Reports, line
from tests.reconciliation.test_merchants import beside


@pytest.mark.django_db(transaction=True)
def test_two_pulls_at_once_book_and_match_everything_once(
    pay: Callable[..., PaymentTransaction],
    gateway: Reports,
    account: ProviderAccount,
    clock: Clock,
    books: Callable[[AccountName], Decimal],
) -> None:
    charges = [pay("100.00") for _ in range(3)]
    gateway.deposit(
        "DEP_1",
        *(line(charge.gateway_id, "100.00", at=MONDAY) for charge in charges),
        line("TRN_foreign", "7.00", at=MONDAY),
        paid_on=WEDNESDAY,
        fees="9.60",
    )
    clock.set(WEDNESDAY)
    together = Barrier(4)

    def pull() -> Pulled:
        together.wait(10)
        try:
            return settlement_pull(provider_account=account, since=WEDNESDAY, until=WEDNESDAY, now=timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        pulled = [future.result(20) for future in [pool.submit(pull) for _ in range(4)]]

    assert sum(pulled, Pulled()) == Pulled(deposits=1, lines=4, matches=3, booked=1, cases=1)
    counts = [model.objects.count() for model in (Deposit, DepositBooking, SettlementLine, Match, ExceptionCase)]
    assert counts == [1, 1, 4, 3, 1]
    assert Entry.objects.filter(kind=EntryKind.DEPOSIT_ADVICE).count() == 1
    assert books(AccountName.CASH_IN_TRANSIT) == Decimal("297.40")
    assert {row.deposit_id for row in PaymentTransaction.objects.all()} == {"DEP_1"}
    assert ledger_check() == []


@pytest.mark.django_db(transaction=True)
def test_two_accounts_of_one_merchant_that_pull_at_the_same_moment_book_a_deposit_once(
    gateway: Reports, account: ProviderAccount, clock: Clock, books: Callable[[AccountName], Decimal]
) -> None:
    second = beside(account)
    account.refresh_from_db()
    gateway.deposit("DEP_1", line("TRN_x", "100.00", at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)
    stored = Event()

    def book_while_the_other_waits() -> bool:
        try:
            with atomic(durable=True):
                day = report_store(
                    provider_account=account, lines=gateway.lines, advices=gateway.deposits, now=timezone.now()
                )
                deposits_book(provider_account=account, deposit_ids=day.deposit_ids, now=timezone.now())
                stored.set()
                return wait_until(somebody_waits, seconds=20)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(book_while_the_other_waits)
        stored.wait(20)
        late = settlement_pull(provider_account=second, since=WEDNESDAY, until=WEDNESDAY, now=timezone.now())

    assert other.result()
    assert late == Pulled()
    assert Deposit.objects.get().provider_account == account
    assert books(AccountName.CASH_IN_TRANSIT) == Decimal("100.00")
    assert ledger_check() == []


@pytest.mark.django_db(transaction=True)
def test_a_match_that_somebody_undoes_at_this_moment_does_not_keep_a_link_from_being_undone(
    pay: Callable[..., PaymentTransaction],
    gateway: Reports,
    pull: Callable[..., Pulled],
    account: ProviderAccount,
    clock: Clock,
    clerk: User,
) -> None:
    charge = pay("100.00")
    dispute = recorded(account, charge, last4="5262")
    clock.set(WEDNESDAY)
    taken_back = line("DIS_1", "-50.00", kind="CHARGEBACK", at=MONDAY)
    gateway.deposit("DEP_1", line(charge.gateway_id, "100.00", at=MONDAY), taken_back, paid_on=WEDNESDAY)
    pull()
    match = Match.objects.get(parts__settlement_line__gateway_id="DIS_1")
    apart = Event()

    def take_apart_untilsomebody_waits() -> bool:
        try:
            with atomic(durable=True):
                match_take_apart(match=match, remark="by hand", by=clerk, now=timezone.now())
                apart.set()
                return wait_until(somebody_waits, seconds=20)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(take_apart_untilsomebody_waits)
        apart.wait(20)
        disputes.dispute_unlink(dispute=dispute, charge=charge, note="not this", by=clerk, now=timezone.now())

    assert other.result()
    assert Match.objects.get(pk=match.pk).undo.remark == "by hand"
    assert Dispute.objects.get().transaction is None
    assert ExceptionCase.objects.get().is_open
    assert ledger_check() == []
