"""The proof that the books are right finds what is wrong with them."""

from collections.abc import Mapping
from decimal import Decimal
from io import StringIO

import pgtrigger
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.transaction import atomic

from commerce.models import Organization
from ledger.models import Account, AccountName, AccountType, Entry, Period, Seal
from ledger.ports import control_totals
from ledger.seals import FIRST, seal_hash
from ledger.selectors import unsealed_count
from ledger.services import Finding, credit, debit, ledger_check
from tests.factories import NOON, OrganizationFactory
from tests.ledger.conftest import TODAY, Post

pytestmark = pytest.mark.django_db

A = AccountName


class CountedByHand:
    """A room that counts what the small differences should be."""

    name = "tests small differences"
    account = A.SMALL_DIFFERENCES

    def __init__(self) -> None:
        self.wanted: Mapping[tuple[int, str], Decimal] = {}

    def totals(self) -> Mapping[tuple[int, str], Decimal]:
        return self.wanted


@pytest.fixture
def control() -> CountedByHand:
    room = CountedByHand()
    control_totals.register(room.name, room)
    return room


def sealed(*entries: Entry) -> list[Seal]:
    """Seal entries as the sealer does."""
    seals: list[Seal] = []
    previous = FIRST
    for seq, entry in enumerate(entries, start=1):
        postings = list(entry.postings.select_related("account").order_by("pk"))
        value = seal_hash(previous=previous, seq=seq, entry=entry, postings=postings)
        seals.append(
            Seal.objects.create(
                organization=entry.organization,
                seq=seq,
                entry=entry,
                previous_hash=previous,
                hash=value,
                created_at=NOON,
            )
        )
        previous = value
    return seals


def raw(sql: str, *values: int) -> None:
    """Somebody with the keys to the database: triggers off."""
    with pgtrigger.ignore(), connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_books_that_are_right_have_no_findings(post: Post) -> None:
    post()
    sealed(post(), post())

    assert ledger_check() == []
    assert unsealed_count() == 1


def test_an_entry_without_lines_is_found(seller: Organization) -> None:
    period = Period.objects.create(organization=seller, starts_on=TODAY.replace(day=1))
    entry = Entry.objects.create(
        organization=seller,
        kind="adjusted",
        currency="USD",
        period=period,
        occurred_on=TODAY,
        posted_on=TODAY,
        source="raw:1",
        created_at=NOON,
    )

    assert ledger_check() == [Finding("entry sums to zero", f"entry {entry.pk} (raw:1)", "has no lines")]


def test_an_entry_changed_behind_our_back_is_found(post: Post) -> None:
    post()
    entry = post()

    raw("UPDATE ledger_posting SET amount = 150 WHERE entry_id = %s AND amount > 0", entry.pk)

    assert ledger_check() == [
        Finding("entry sums to zero", f"entry {entry.pk} (transaction:12)", "is out of balance by 50.0000")
    ]


def test_a_line_moved_to_another_currency_is_found(post: Post, seller: Organization) -> None:
    line = post().postings.order_by("pk")[0]
    cad = Account.objects.create(organization=seller, name=A.BANK, currency="CAD", type=AccountType.ASSET)

    raw("UPDATE ledger_posting SET account_id = %s WHERE id = %s", cad.pk, line.pk)

    assert ledger_check() == [
        Finding(
            "line is at home",
            f"entry {line.entry_id} (transaction:12)",
            f"line {line.pk} is on an account of another organization or currency",
        )
    ]


@pytest.mark.parametrize(("column", "label"), [("entry_id", "entry"), ("account_id", "account")])
def test_a_line_whose_entry_or_account_is_not_there_is_found(post: Post, column: str, label: str) -> None:
    line = post().postings.order_by("pk")[0]

    raw(f"UPDATE ledger_posting SET {column} = 0 WHERE id = %s", line.pk)  # noqa: S608

    assert Finding("line is at home", f"line {line.pk}", f"its {label} 0 is not there") in ledger_check()


def test_an_entry_in_the_wrong_period_is_found(post: Post, seller: Organization) -> None:
    entry = post()
    elsewhere = Period.objects.create(organization=OrganizationFactory.create(), starts_on=TODAY.replace(day=1))
    later = Period.objects.create(organization=seller, starts_on=TODAY.replace(month=12, day=1))

    for period in (elsewhere, later):
        raw("UPDATE ledger_entry SET period_id = %s WHERE id = %s", period.pk, entry.pk)

        assert ledger_check() == [
            Finding(
                "entry is in its period",
                f"entry {entry.pk} (transaction:12)",
                f"posted on 2026-11-16 but kept in period {period.pk}",
            )
        ]


def test_a_control_account_that_holds_something_else_is_found(
    post: Post, seller: Organization, control: CountedByHand
) -> None:
    post(debit(A.SMALL_DIFFERENCES, Decimal("0.03")), credit(A.RECEIVABLE, Decimal("0.03")))
    control.wanted = {(seller.pk, "USD"): Decimal("0.02"), (seller.pk, "JPY"): Decimal(7)}

    findings = ledger_check()

    subject = f"small_differences of organization {seller.pk}"
    assert findings == [
        Finding("control total tests small differences", subject, "holds 0 JPY, should hold 7 JPY"),
        Finding("control total tests small differences", subject, "holds 0.0300 USD, should hold 0.02 USD"),
    ]


def test_a_control_account_of_which_its_room_knows_nothing_must_be_empty(post: Post, control: CountedByHand) -> None:
    post(debit(A.SMALL_DIFFERENCES, Decimal(1)), credit(A.RECEIVABLE, Decimal(1)))

    (finding,) = ledger_check()

    assert finding.text == "holds 1.0000 USD, should hold 0 USD"


def test_a_control_account_that_agrees_is_no_finding(post: Post, seller: Organization, control: CountedByHand) -> None:
    post(debit(A.SMALL_DIFFERENCES, Decimal("0.03")), credit(A.RECEIVABLE, Decimal("0.03")))
    control.wanted = {(seller.pk, "USD"): Decimal("0.03"), (seller.pk, "EUR"): Decimal(0)}

    assert ledger_check() == []


TAMPERINGS = {
    "memo": "UPDATE ledger_entry SET memo = 'other' WHERE id = %s",
    "date": "UPDATE ledger_entry SET occurred_on = occurred_on - 1 WHERE id = %s",
    "both amounts": "UPDATE ledger_posting SET amount = amount * 2 WHERE entry_id = %s",
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_a_sealed_entry_that_was_changed_breaks_its_seal(post: Post, seller: Organization, tampering: str) -> None:
    entries = [post(), post(), post()]
    sealed(*entries)

    raw(TAMPERINGS[tampering], entries[1].pk)

    assert ledger_check() == [
        Finding(
            "chain of seals",
            f"seal 2 of organization {seller.pk}",
            f"does not follow the seal before it, or entry {entries[1].pk} is not what was sealed",
        )
    ]


def test_a_sealed_entry_that_was_removed_breaks_the_chain(post: Post, seller: Organization) -> None:
    seals = sealed(post(), post(), post())

    raw("DELETE FROM ledger_seal WHERE id = %s", seals[1].pk)

    assert [finding.subject for finding in ledger_check()] == [f"seal 3 of organization {seller.pk}"]


def test_each_seller_has_a_chain_of_its_own(post: Post) -> None:
    sealed(post(), post())
    sealed(post(organization_id=OrganizationFactory.create().pk))

    assert ledger_check() == []


@pytest.mark.django_db(transaction=True)
def test_the_command_says_how_many_entries_are_not_sealed(post: Post) -> None:
    with atomic():
        post()
    out = StringIO()

    call_command("ledger_check", stdout=out)

    assert out.getvalue() == "1 entries are not sealed yet.\n"


def test_the_command_prints_what_is_wrong_and_fails(post: Post) -> None:
    entry = post()
    raw("UPDATE ledger_posting SET amount = 150 WHERE entry_id = %s AND amount > 0", entry.pk)
    out = StringIO()

    with pytest.raises(CommandError, match=r"The books are wrong in 1 places\.") as failure:
        call_command("ledger_check", stdout=out)

    assert failure.value.returncode == 1
    assert out.getvalue().splitlines() == [
        f"entry sums to zero: entry {entry.pk} (transaction:12): is out of balance by 50.0000",
        "1 entries are not sealed yet.",
    ]
