"""Many entries at once are the same entries, all or none."""

from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from commerce.models import Customer, Organization
from ledger.exceptions import UnbalancedEntry
from ledger.models import AccountName, Entry, EntryKind, Posting
from ledger.selectors import balance
from ledger.services import EntryAsked, credit, debit, entries_post, ledger_check
from tests.factories import NOON
from tests.ledger.conftest import TODAY

pytestmark = pytest.mark.django_db

A = AccountName


def asked(number: int, amount: str, *, customer: Customer | None = None) -> EntryAsked:
    return EntryAsked(
        kind=EntryKind.CAPTURED,
        lines=[debit(A.GATEWAY_CLEARING, Decimal(amount)), credit(A.RECEIVABLE, Decimal(amount))],
        occurred_on=TODAY,
        source=f"transaction:{number}",
        customer_id=customer.pk if customer else None,
    )


def test_each_entry_keeps_its_own_lines(seller: Organization, acme: Customer) -> None:
    written = entries_post(
        organization_id=seller.pk,
        currency="USD",
        entries=[asked(1, "10.00", customer=acme), asked(2, "20.00"), asked(3, "30.00")],
        now=NOON,
    )

    rows = Posting.objects.order_by("entry__pk", "pk").values_list("entry__source", "account__name", "amount")
    assert written == 3
    assert list(rows) == [
        ("transaction:1", A.GATEWAY_CLEARING, Decimal(10)),
        ("transaction:1", A.RECEIVABLE, Decimal(-10)),
        ("transaction:2", A.GATEWAY_CLEARING, Decimal(20)),
        ("transaction:2", A.RECEIVABLE, Decimal(-20)),
        ("transaction:3", A.GATEWAY_CLEARING, Decimal(30)),
        ("transaction:3", A.RECEIVABLE, Decimal(-30)),
    ]
    assert Entry.objects.get(source="transaction:1").customer == acme
    assert [finding for finding in ledger_check() if finding.check != "control total"] == []


def test_one_entry_out_of_balance_posts_none(seller: Organization) -> None:
    wrong = EntryAsked(
        kind=EntryKind.CAPTURED,
        lines=[debit(A.GATEWAY_CLEARING, Decimal(10)), credit(A.RECEIVABLE, Decimal(9))],
        occurred_on=TODAY,
        source="transaction:2",
    )

    with pytest.raises(UnbalancedEntry), transaction.atomic():
        entries_post(organization_id=seller.pk, currency="USD", entries=[asked(1, "10.00"), wrong], now=NOON)

    assert Entry.objects.count() == 0
    assert balance(organization_id=seller.pk, name=A.GATEWAY_CLEARING, currency="USD") == 0


def test_a_thousand_entries_are_one_statement(seller: Organization) -> None:
    entries_post(organization_id=seller.pk, currency="USD", entries=[asked(0, "1.00")], now=NOON)

    with CaptureQueriesContext(connection) as queries:
        entries_post(
            organization_id=seller.pk, currency="USD", entries=[asked(n, "1.00") for n in range(1, 1001)], now=NOON
        )

    assert [query["sql"].split()[0] for query in queries] == ["EXECUTE", "SELECT", "WITH"]
    assert balance(organization_id=seller.pk, name=A.GATEWAY_CLEARING, currency="USD") == 1001
