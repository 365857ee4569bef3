"""Finance: the workbench, the gateway's deposits and their lines, exceptions, and the button that asks the gateway.

Imported in the order of the side menu.
"""
# ruff: noqa: I001

from backoffice.admin.reconciliation.workbench import WorkbenchAdmin
from backoffice.admin.reconciliation.deposits import DepositAdmin, SettlementLineAdmin
from backoffice.admin.reconciliation.cases import ExceptionCaseAdmin
from backoffice.admin.reconciliation.pulls import PullAdmin

__all__ = ["DepositAdmin", "ExceptionCaseAdmin", "PullAdmin", "SettlementLineAdmin", "WorkbenchAdmin"]
