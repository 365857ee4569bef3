"""Every write of this room, and the proof that its books are right."""

from ledger.services.check import Finding, ledger_check
from ledger.services.lines import Line, credit, debit
from ledger.services.periods import period_hold
from ledger.services.post import EntryAsked, entries_post, entry_mirror, entry_post

__all__ = [
    "EntryAsked",
    "Finding",
    "Line",
    "credit",
    "debit",
    "entries_post",
    "entry_mirror",
    "entry_post",
    "ledger_check",
    "period_hold",
]
