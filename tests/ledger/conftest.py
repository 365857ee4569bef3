"""A seller's books."""

from datetime import date
from decimal import Decimal
from typing import Any, Protocol

import pytest

from commerce.models import Customer, Organization
from ledger.models import AccountName, Entry, EntryKind
from ledger.ports import control_totals
from ledger.services import Line, entry_post
from tests.factories import NOON, CustomerFactory, OrganizationFactory

TODAY = date(2026, 11, 16)


class Post(Protocol):
    def __call__(self, *lines: Line, **changes: Any) -> Entry: ...


@pytest.fixture(autouse=True)
def no_room_above(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries posted here belong to no invoice or payment, so the rooms that count those are not asked."""
    monkeypatch.setattr(control_totals, "_handlers", {})


@pytest.fixture
def seller() -> Organization:
    organization: Organization = OrganizationFactory.create(code="north")
    return organization


@pytest.fixture
def acme(seller: Organization) -> Customer:
    customer: Customer = CustomerFactory.create(organization=seller)
    return customer


@pytest.fixture
def post(seller: Organization) -> Post:
    """Post the given lines to the seller's books: by default 100 dollars captured for an invoice today."""

    def post(*lines: Line, **changes: Any) -> Entry:
        capture = (
            Line.debit(AccountName.GATEWAY_CLEARING, Decimal(100)),
            Line.credit(AccountName.RECEIVABLE, Decimal(100)),
        )
        wanted: dict[str, Any] = {
            "organization_id": seller.pk,
            "currency": "USD",
            "kind": EntryKind.CAPTURED,
            "lines": lines or capture,
            "occurred_on": TODAY,
            "source": "transaction:12",
            "now": NOON,
        }
        return entry_post(**(wanted | changes))

    return post
