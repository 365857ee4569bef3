"""Tables of the reconciliation room, one file a subject."""

from reconciliation.models.case import CaseKind, ExceptionCase, Resolution
from reconciliation.models.deposit import (
    Deposit,
    DepositBooking,
    DepositVersion,
    LineKind,
    SettlementLine,
    StatusChange,
)
from reconciliation.models.expectation import ClosingReason, Expectation, ExpectationClosing, ExpectationKind
from reconciliation.models.match import Match, MatchPart, MatchRule, MatchUndo
from reconciliation.models.pull import Pull, PullState

__all__ = [
    "CaseKind",
    "ClosingReason",
    "Deposit",
    "DepositBooking",
    "DepositVersion",
    "ExceptionCase",
    "Expectation",
    "ExpectationClosing",
    "ExpectationKind",
    "LineKind",
    "Match",
    "MatchPart",
    "MatchRule",
    "MatchUndo",
    "Pull",
    "PullState",
    "Resolution",
    "SettlementLine",
    "StatusChange",
]
