"""Every write of the reconciliation room, by subject."""

from reconciliation.services.booking import deposits_book
from reconciliation.services.cases import case_assign, case_resolve, cases_raise, late_raise
from reconciliation.services.matching import match_exact, match_undo
from reconciliation.services.pull import Pulled, pull_queue, pull_run, pulls_queue, settlement_pull
from reconciliation.services.report import Stored, report_store

__all__ = [
    "Pulled",
    "Stored",
    "case_assign",
    "case_resolve",
    "cases_raise",
    "deposits_book",
    "late_raise",
    "match_exact",
    "match_undo",
    "pull_queue",
    "pull_run",
    "pulls_queue",
    "report_store",
    "settlement_pull",
]
