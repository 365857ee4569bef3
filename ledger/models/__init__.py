"""Tables and names of the ledger."""

from ledger.models.book import Account, Entry, Period, PeriodState, Posting, Seal, XidField
from ledger.models.names import (
    ACCOUNT_TYPES,
    CONTROL_ACCOUNTS,
    MIRRORS,
    AccountName,
    AccountType,
    EntryKind,
)

__all__ = [
    "ACCOUNT_TYPES",
    "CONTROL_ACCOUNTS",
    "MIRRORS",
    "Account",
    "AccountName",
    "AccountType",
    "Entry",
    "EntryKind",
    "Period",
    "PeriodState",
    "Posting",
    "Seal",
    "XidField",
]
