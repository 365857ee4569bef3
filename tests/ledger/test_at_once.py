"""Two connections meet: nobody posts into a month that closes, nothing is made twice."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.db.transaction import atomic

from commerce.models import Organization
from ledger import locks
from ledger.models import Account, AccountName, Entry, EntryKind, Period, PeriodState
from ledger.ports import control_totals
from ledger.selectors import balance
from ledger.services import credit, debit, ledger_check
from tests.ledger.conftest import TODAY, Post

pytestmark = pytest.mark.django_db(transaction=True)

NOVEMBER = date(2026, 11, 1)
FEE = Decimal(5)


def closing(seller: Organization, *, locked: threading.Event) -> None:
    """Close November on a connection of its own."""
    try:
        with atomic():
            period = locks.period_alone(organization_id=seller.pk, starts_on=NOVEMBER)
            assert period is not None
            locked.set()
            Period.objects.filter(pk=period.pk).update(state=PeriodState.CLOSED)
    finally:
        connection.close()


def test_a_month_does_not_close_while_somebody_posts_to_it(post: Post, seller: Organization) -> None:
    Period.objects.create(organization=seller, starts_on=NOVEMBER)
    locked = threading.Event()
    closer = threading.Thread(target=closing, args=[seller], kwargs={"locked": locked})

    with atomic():
        entry = post()
        closer.start()
        closed_too_early = locked.wait(timeout=0.5)
    closer.join(timeout=10)

    assert not closed_too_early
    assert locked.is_set()
    assert entry.posted_on == TODAY
    assert Period.objects.get(starts_on=NOVEMBER).state == PeriodState.CLOSED


def test_who_waits_for_a_month_that_closes_posts_on_the_first_open_day(post: Post, seller: Organization) -> None:
    Period.objects.create(organization=seller, starts_on=NOVEMBER)
    posted: list[date] = []

    def poster() -> None:
        try:
            with atomic():
                posted.append(post().posted_on)
        finally:
            connection.close()

    thread = threading.Thread(target=poster)
    with atomic():
        period = locks.period_alone(organization_id=seller.pk, starts_on=NOVEMBER)
        assert period is not None
        thread.start()
        thread.join(timeout=0.5)
        waited = thread.is_alive()
        Period.objects.filter(pk=period.pk).update(state=PeriodState.CLOSED)
    thread.join(timeout=10)

    assert waited
    assert posted == [date(2026, 12, 1)]


def test_eight_first_entries_at_the_same_moment_share_one_month_and_its_accounts(
    post: Post, seller: Organization
) -> None:
    together = threading.Barrier(8)

    def poster(number: int) -> None:
        together.wait(timeout=10)
        try:
            with atomic():
                post(source=f"transaction:{number}")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as people:
        list(people.map(poster, range(8)))

    assert (Entry.objects.count(), Period.objects.count(), Account.objects.count()) == (8, 1, 2)
    assert balance(organization_id=seller.pk, name=AccountName.GATEWAY_CLEARING, currency="USD") == Decimal(800)
    assert ledger_check() == []


class CountsSlowly:
    """A room that counts its fees while another one is posted on a connection of its own."""

    name = "tests fees"
    account = AccountName.FEE_INCOME

    def __init__(self, meanwhile: threading.Thread) -> None:
        self.meanwhile = meanwhile

    def totals(self) -> dict[tuple[int, str], Decimal]:
        self.meanwhile.start()
        self.meanwhile.join(timeout=10)
        fees = Entry.objects.filter(kind=EntryKind.FEE_PASSED_ON).values_list("organization_id", flat=True)
        return {(organization, "USD"): -FEE * count for organization, count in Counter(fees).items()}


def test_money_that_moves_during_the_check_raises_no_false_alarm(post: Post) -> None:
    lines = [debit(AccountName.RECEIVABLE, FEE), credit(AccountName.FEE_INCOME, FEE)]

    def fee() -> None:
        try:
            with atomic():
                post(*lines, kind=EntryKind.FEE_PASSED_ON)
        finally:
            connection.close()

    with atomic():
        post(*lines, kind=EntryKind.FEE_PASSED_ON)
    control_totals.register("tests fees", CountsSlowly(threading.Thread(target=fee)))

    findings = ledger_check()

    assert findings == []
    assert Entry.objects.count() == 2
