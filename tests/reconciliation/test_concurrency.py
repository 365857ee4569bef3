"""Two pulls at once: the second finds everything done."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from ledger.models import AccountName, Entry, EntryKind
from ledger.services import ledger_check
from oropay.models import PaymentTransaction, ProviderAccount
from reconciliation.models import Deposit, DepositBooking, ExceptionCase, Match, SettlementLine
from reconciliation.services import Pulled, settlement_pull
from tests.reconciliation.conftest import MONDAY, WEDNESDAY, Clock
from tests.reconciliation.standin import Reports, line


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
