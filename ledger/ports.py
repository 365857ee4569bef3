"""What the ledger asks of the rooms above it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

from ledger.models import AccountName
from plumbing.hooks import Registry


class ControlTotal(Protocol):
    """A room that can count for itself what one account should hold, from its own rows."""

    name: str
    account: AccountName

    def totals(self) -> Mapping[tuple[int, str], Decimal]:
        """What the account should hold by (organization id, currency), debit positive; a missing key means zero."""
        ...


control_totals: Registry[ControlTotal] = Registry("control totals")
