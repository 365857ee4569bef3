"""What the database itself refuses, whoever writes."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.db.models import Model
from django.db.transaction import atomic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commerce.models import Organization
from ledger.exceptions import UnbalancedEntry
from ledger.models import ACCOUNT_TYPES, Account, AccountName, Entry, Period, Posting, Seal
from ledger.selectors import balances
from ledger.services import Line, ledger_check
from tests.factories import NOON, OrganizationFactory
from tests.ledger.conftest import TODAY, Post

pytestmark = pytest.mark.django_db

A = AccountName


def account(seller: Organization, name: AccountName, currency: str = "USD") -> Account:
    made, _ = Account.objects.get_or_create(
        organization=seller, name=name, currency=currency, defaults={"type": ACCOUNT_TYPES[name]}
    )
    return made


def bare_entry(seller: Organization) -> Entry:
    """An entry row without its lines, as only raw writing makes it."""
    period, _ = Period.objects.get_or_create(organization=seller, starts_on=TODAY.replace(day=1))
    return Entry.objects.create(
        organization=seller,
        kind="adjusted",
        currency="USD",
        period=period,
        occurred_on=TODAY,
        posted_on=TODAY,
        source="raw:1",
        created_at=NOON,
    )


def insert(*rows: tuple[Entry, Account, Decimal]) -> None:
    """One INSERT of postings past every line of Python that guards them."""
    values = ", ".join(["(%s, %s, %s)"] * len(rows))
    with connection.cursor() as cursor, atomic():
        cursor.execute(
            f"INSERT INTO ledger_posting (entry_id, account_id, amount) VALUES {values}",  # noqa: S608
            [value for entry, account, amount in rows for value in (entry.pk, account.pk, amount)],
        )


def test_a_balanced_insert_is_taken(seller: Organization) -> None:
    entry, bank, revenue = bare_entry(seller), account(seller, A.BANK), account(seller, A.REVENUE)

    insert((entry, bank, Decimal(5)), (entry, revenue, Decimal(-5)))

    assert entry.postings.count() == 2


def test_an_unbalanced_insert_is_refused_with_the_difference(seller: Organization) -> None:
    entry, bank, revenue = bare_entry(seller), account(seller, A.BANK), account(seller, A.REVENUE)

    with pytest.raises(IntegrityError, match=rf"Nothing was posted. Entry {entry.pk} is out of balance by 0\.0001"):
        insert((entry, bank, Decimal("5.0001")), (entry, revenue, Decimal(-5)))

    assert Posting.objects.count() == 0


def test_one_unbalanced_entry_among_many_refuses_them_all(seller: Organization) -> None:
    bank, revenue = account(seller, A.BANK), account(seller, A.REVENUE)
    good, bad = bare_entry(seller), bare_entry(seller)

    with pytest.raises(IntegrityError, match=f"Entry {bad.pk} is out of balance by -2"):
        insert(
            (good, bank, Decimal(5)),
            (bad, bank, Decimal(5)),
            (good, revenue, Decimal(-5)),
            (bad, revenue, Decimal(-7)),
        )

    assert Posting.objects.count() == 0


def test_two_entries_that_only_balance_each_other_are_refused(seller: Organization) -> None:
    bank, revenue = account(seller, A.BANK), account(seller, A.REVENUE)

    with pytest.raises(IntegrityError, match="out of balance"):
        insert((bare_entry(seller), bank, Decimal(5)), (bare_entry(seller), revenue, Decimal(-5)))

    assert Posting.objects.count() == 0


def test_a_line_of_zero_is_refused(seller: Organization) -> None:
    entry, bank = bare_entry(seller), account(seller, A.BANK)

    with pytest.raises(IntegrityError, match="posting_moves_something"):
        insert((entry, bank, Decimal(0)))


def test_lines_on_an_account_of_another_seller_are_refused(seller: Organization) -> None:
    entry, stranger = bare_entry(seller), account(OrganizationFactory.create(), A.BANK)

    with pytest.raises(IntegrityError, match="uses an account that is not of its organization and currency"):
        insert((entry, stranger, Decimal(5)), (entry, account(seller, A.REVENUE), Decimal(-5)))


def test_lines_on_an_account_of_another_currency_are_refused(seller: Organization) -> None:
    entry, cad = bare_entry(seller), account(seller, A.BANK, "CAD")

    with pytest.raises(IntegrityError, match="uses an account that is not of its organization and currency"):
        insert((entry, cad, Decimal(5)), (entry, account(seller, A.REVENUE), Decimal(-5)))


def test_lines_on_an_account_that_is_not_there_are_refused(seller: Organization) -> None:
    nowhere = Account(pk=0)

    for rows in (
        [(entry := bare_entry(seller), nowhere, Decimal(5)), (entry, account(seller, A.REVENUE), Decimal(-5))],
        [(entry := bare_entry(seller), nowhere, Decimal(5)), (entry, nowhere, Decimal(-5))],
    ):
        with pytest.raises(IntegrityError, match="uses an account that is not of its organization"):
            insert(*rows)


def test_lines_of_an_entry_that_is_not_there_are_refused(seller: Organization) -> None:
    bank, revenue, entry = account(seller, A.BANK), account(seller, A.REVENUE), bare_entry(seller)
    lost = [(Entry(pk=0), bank, Decimal(5)), (Entry(pk=0), revenue, Decimal(-5))]

    for rows in (lost, [*lost, (entry, bank, Decimal(5)), (entry, revenue, Decimal(-5))]):
        with pytest.raises(IntegrityError, match=r"Nothing was posted\. There is no entry 0"):
            insert(*rows)

    assert Posting.objects.count() == 0


def test_balanced_lines_cannot_be_added_to_an_entry_that_has_lines(post: Post, seller: Organization) -> None:
    entry = post()

    with pytest.raises(IntegrityError, match=rf"Entry {entry.pk} is complete; a correction is a new entry"):
        insert((entry, account(seller, A.BANK), Decimal(5)), (entry, account(seller, A.REVENUE), Decimal(-5)))

    assert entry.postings.count() == 2


@pytest.mark.django_db(transaction=True)
def test_balanced_lines_cannot_be_added_in_a_later_transaction(seller: Organization) -> None:
    entry, bank, revenue = bare_entry(seller), account(seller, A.BANK), account(seller, A.REVENUE)

    with pytest.raises(IntegrityError, match=rf"Entry {entry.pk} is complete; a correction is a new entry"):
        insert((entry, bank, Decimal(5)), (entry, revenue, Decimal(-5)))

    assert Posting.objects.count() == 0


def seal(entry: Entry) -> Seal:
    return Seal.objects.create(
        organization=entry.organization, seq=1, entry=entry, previous_hash="0" * 64, hash="a" * 64, created_at=NOON
    )


ROWS: list[tuple[str, Callable[[Entry], Model], dict[str, Any]]] = [
    ("ledger_entry", lambda entry: entry, {"memo": "changed"}),
    ("ledger_posting", lambda entry: entry.postings.order_by("pk")[0], {"amount": Decimal(1)}),
    ("ledger_account", lambda entry: entry.postings.order_by("pk")[0].account, {"currency": "CAD"}),
    ("ledger_seal", seal, {"hash": "b" * 64}),
]


@pytest.mark.parametrize(("table", "pick", "change"), ROWS)
def test_what_is_written_is_never_changed_or_deleted(
    post: Post, table: str, pick: Callable[[Entry], Model], change: dict[str, Any]
) -> None:
    row = pick(post())
    rows = type(row)._default_manager.filter(pk=row.pk)
    before = rows.values().get()

    with pytest.raises(IntegrityError, match=rf"Nothing was changed\. {table} is append-only"), atomic():
        rows.update(**change)
    with pytest.raises(IntegrityError, match=rf"Nothing was changed\. {table} is append-only"), atomic():
        rows._raw_delete(rows.db)

    assert rows.values().get() == before


def test_an_account_with_a_type_other_than_its_names_is_refused(seller: Organization) -> None:
    with pytest.raises(IntegrityError, match="account_type_fits_name"), atomic():
        Account.objects.create(organization=seller, name=A.BANK, currency="USD", type="expense")


cents = st.decimals(min_value=Decimal("-99999999.9999"), max_value=Decimal("99999999.9999"), places=4)
names = st.sampled_from(AccountName)
lines = st.lists(st.builds(Line, account=names, amount=cents.filter(bool)), min_size=1, max_size=12)

within_the_test = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@within_the_test
@given(lines=lines, last=names)
def test_random_balanced_entries_are_posted_and_the_books_stay_right(
    post: Post, lines: list[Line], last: AccountName
) -> None:
    rest = sum((line.amount for line in lines), Decimal(0))
    closing = [Line(account=last, amount=-rest)]

    entry = post(*lines, *closing)

    written = list(entry.postings.order_by("pk").values_list("account__name", "amount"))
    assert written == [(line.account, line.amount) for line in [*lines, *closing] if line.amount]
    assert sum(balances().values()) == 0
    assert ledger_check() == []


@within_the_test
@given(lines=lines)
def test_random_unbalanced_entries_are_refused_by_us_and_by_the_database(
    post: Post, seller: Organization, lines: list[Line]
) -> None:
    difference = sum((line.amount for line in lines), Decimal(0))
    if not difference:
        lines = [*lines, Line(account=A.BANK, amount=Decimal("0.0001"))]
    before = Posting.objects.count()

    with pytest.raises(UnbalancedEntry):
        post(*lines)
    entry = bare_entry(seller)
    with pytest.raises(IntegrityError, match=f"Entry {entry.pk} is out of balance"):
        insert(*((entry, account(seller, line.account), line.amount) for line in lines))

    assert Posting.objects.count() == before
