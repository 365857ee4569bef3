"""Reads of the reconciliation room, starting from whose books they are."""

from reconciliation.selectors.deposits import DepositView, deposit_view, deposits_visible_to
from reconciliation.selectors.fees import fees_of
from reconciliation.selectors.people import expectations_visible_to, organizations_visible_to
from reconciliation.selectors.workbench import Group, GroupTotal, Workbench, WorkbenchFilter, WorkRow, workbench

__all__ = [
    "DepositView",
    "Group",
    "GroupTotal",
    "WorkRow",
    "Workbench",
    "WorkbenchFilter",
    "deposit_view",
    "deposits_visible_to",
    "expectations_visible_to",
    "fees_of",
    "organizations_visible_to",
    "workbench",
]
