"""Posting: the only way into the books."""

from decimal import Decimal

import pytest
from django.db import connection
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext

from commerce.models import Customer, Organization
from ledger.exceptions import AlreadyMirrored, AmountNotExact, EmptyEntry, UnbalancedEntry
from ledger.models import Account, AccountName, AccountType, Entry, EntryKind, Period, Posting
from ledger.selectors import balance, entries_of
from ledger.services import Line, credit, debit, entry_mirror
from tests.factories import NOON, CustomerFactory, OrganizationFactory
from tests.ledger.conftest import TODAY, Post

pytestmark = pytest.mark.django_db

A = AccountName


def lines_of(entry: Entry) -> list[tuple[str, Decimal]]:
    return [(line.account.name, line.amount) for line in entry.postings.select_related("account").order_by("pk")]


def test_an_entry_keeps_what_happened_when_and_for_whom(post: Post, acme: Customer) -> None:
    entry = post(memo="INV-7", customer_id=acme.pk)

    entry.refresh_from_db()
    assert (entry.kind, entry.currency, entry.source, entry.memo) == ("captured", "USD", "transaction:12", "INV-7")
    assert (entry.occurred_on, entry.posted_on, entry.period.starts_on) == (TODAY, TODAY, TODAY.replace(day=1))
    assert (entry.customer, entry.created_at) == (acme, NOON)
    assert lines_of(entry) == [(A.GATEWAY_CLEARING, Decimal("100.0000")), (A.RECEIVABLE, Decimal("-100.0000"))]


def test_the_database_notes_the_transaction_that_wrote_the_entry(post: Post) -> None:
    entry = post()

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        (running,) = cursor.fetchone()

    assert entry.xid == running
    assert Entry.objects.get(xid=running) == entry


def test_accounts_are_made_with_the_type_of_their_name(post: Post, seller: Organization) -> None:
    post()

    made = Account.objects.values_list("organization", "currency", "name", "type").order_by("name")

    assert list(made) == [
        (seller.pk, "USD", A.GATEWAY_CLEARING, AccountType.ASSET),
        (seller.pk, "USD", A.RECEIVABLE, AccountType.ASSET),
    ]


def test_an_entry_costs_two_statements_once_its_month_is_known(post: Post) -> None:
    post()

    with CaptureQueriesContext(connection) as queries:
        post()

    assert [query["sql"].split()[0] for query in queries] == ["SELECT", "EXECUTE"]


def test_lines_of_zero_are_left_out(post: Post) -> None:
    entry = post(debit(A.RECEIVABLE, Decimal(10)), credit(A.REVENUE, Decimal(10)), credit(A.TAX_PAYABLE, Decimal(0)))

    assert lines_of(entry) == [(A.RECEIVABLE, Decimal(10)), (A.REVENUE, Decimal(-10))]
    assert not Account.objects.filter(name=A.TAX_PAYABLE).exists()


def test_an_entry_that_moves_nothing_is_refused(post: Post) -> None:
    with pytest.raises(EmptyEntry, match=r"Nothing was posted\. transaction:12 moves no money"):
        post(debit(A.RECEIVABLE, Decimal(0)), credit(A.REVENUE, Decimal(0)))

    assert Entry.objects.count() == 0


def test_an_entry_out_of_balance_is_refused_and_leaves_nothing(post: Post) -> None:
    with pytest.raises(UnbalancedEntry, match=r"transaction:12 are out of balance by 0\.01"):
        post(debit(A.RECEIVABLE, Decimal("10.01")), credit(A.REVENUE, Decimal("10.00")))

    assert (Entry.objects.count(), Account.objects.count(), Period.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize("amount", [1.5, Decimal("0.00001"), Decimal("NaN"), Decimal("Infinity"), 100])
def test_an_amount_that_is_not_exact_makes_no_line(amount: object) -> None:
    with pytest.raises(AmountNotExact, match="Nothing was posted"):
        debit(A.RECEIVABLE, amount)  # type: ignore[arg-type]


def test_the_largest_and_the_smallest_amount_fit(post: Post, seller: Organization) -> None:
    largest = Decimal("999999999999999.9999")

    post(debit(A.RECEIVABLE, largest), credit(A.REVENUE, largest))
    post(debit(A.GATEWAY_FEES, Decimal("0.0001")), credit(A.REVENUE, Decimal("0.0001")))

    assert balance(organization_id=seller.pk, name=A.RECEIVABLE, currency="USD") == largest
    assert balance(organization_id=seller.pk, name=A.GATEWAY_FEES, currency="USD") == Decimal("0.0001")


@pytest.mark.django_db(transaction=True)
def test_posting_outside_a_transaction_is_refused(post: Post) -> None:
    with pytest.raises(TransactionManagementError, match="Nothing was posted"):
        post()

    assert Entry.objects.count() == 0


def test_balances_are_kept_apart_by_seller_currency_and_customer(post: Post, acme: Customer) -> None:
    seller, other = acme.organization, OrganizationFactory.create()
    another = CustomerFactory.create(organization=seller)
    lines = [debit(A.RECEIVABLE, Decimal(40)), credit(A.REVENUE, Decimal(40))]
    post(customer_id=acme.pk)
    post(*lines, customer_id=another.pk)
    post(*lines, currency="CAD")
    post(*lines, organization_id=other.pk)

    def receivable(currency: str = "USD", customer_id: int | None = None) -> Decimal:
        return balance(organization_id=seller.pk, name=A.RECEIVABLE, currency=currency, customer_id=customer_id)

    assert receivable() == Decimal(-60)
    assert receivable(customer_id=acme.pk) == Decimal(-100)
    assert receivable(customer_id=another.pk) == Decimal(40)
    assert receivable("CAD") == Decimal(40)
    assert receivable("EUR") == Decimal(0)


def test_all_entries_of_one_cause_are_found_with_their_lines(post: Post) -> None:
    first = post()
    post(source="transaction:13")
    second = post(kind=EntryKind.SETTLED)

    found = list(entries_of("transaction:12"))

    assert found == [first, second]
    assert [len(entry.postings.all()) for entry in found] == [2, 2]


def test_a_mirror_undoes_an_entry_and_points_at_it(post: Post, acme: Customer) -> None:
    entry = post(customer_id=acme.pk)

    mirror = entry_mirror(entry=entry, occurred_on=TODAY, source="transaction:14", memo="void", now=NOON)

    assert (mirror.kind, mirror.mirror_of, mirror.customer) == (EntryKind.VOIDED, entry, acme)
    assert lines_of(mirror) == [(A.GATEWAY_CLEARING, Decimal(-100)), (A.RECEIVABLE, Decimal(100))]
    assert balance(organization_id=acme.organization_id, name=A.RECEIVABLE, currency="USD") == Decimal(0)


@pytest.mark.parametrize(
    ("kind", "mirrored"),
    [
        (EntryKind.INVOICE_POSTED, EntryKind.INVOICE_VOIDED),
        (EntryKind.SETTLED, EntryKind.RETURNED),
        (EntryKind.DEPOSIT_APPLIED, EntryKind.ADJUSTED),
    ],
)
def test_a_mirror_is_called_by_the_name_of_the_undoing(post: Post, kind: EntryKind, mirrored: EntryKind) -> None:
    entry = post(kind=kind)

    mirror = entry_mirror(entry=entry, occurred_on=TODAY, source="undo:1", now=NOON)

    assert mirror.kind == mirrored


def test_an_entry_is_undone_once(post: Post) -> None:
    entry = post()
    entry_mirror(entry=entry, occurred_on=TODAY, source="transaction:14", now=NOON)

    with pytest.raises(AlreadyMirrored, match="transaction:12 has been undone before"):
        entry_mirror(entry=entry, occurred_on=TODAY, source="transaction:15", now=NOON)

    assert Posting.objects.count() == 4


def test_line_constructors_put_the_sign() -> None:
    assert Line.debit(A.BANK, Decimal(5)) == Line(account=A.BANK, amount=Decimal(5))
    assert Line.credit(A.BANK, Decimal(5)) == Line(account=A.BANK, amount=Decimal(-5))
