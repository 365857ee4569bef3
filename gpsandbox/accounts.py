"""The merchant behind each app: its accounts and what may be done with them."""

from dataclasses import dataclass
from functools import cache

from gpsandbox import ids

TRANSACTIONS = "transaction_processing"
TOKENIZATION = "tokenization"
SETTLEMENT = "settlement_reporting"
DISPUTES = "dispute_management"
RISK = "risk_assessment"

PERMISSIONS: dict[str, tuple[str, ...]] = {
    TRANSACTIONS: (
        "TRN_POST_Authorize",
        "TRN_POST_Capture",
        "TRN_POST_Refund",
        "TRN_POST_Reverse",
        "TRN_POST_Reauthorize",
        "TRN_POST_Incremental",
        "TRN_POST_Hold",
        "TRN_POST_Release",
        "TRN_GET_Single",
        "TRN_GET_List",
        "VER_POST_Verify",
        "BAT_GET_Single",
        "BAT_POST_Close",
    ),
    TOKENIZATION: (
        "PMT_POST_Create",
        "PMT_POST_Create_Single",
        "PMT_GET_Single",
        "PMT_GET_List",
        "PMT_PATCH_Edit",
        "PMT_DELETE_Delete",
    ),
    SETTLEMENT: ("TRN_GET_List_Funded", "DEP_GET_Single", "DEP_GET_List"),
    DISPUTES: (),
    RISK: (),
}
"""Account name → what it may do. Names of disputes and risk accounts are listed because sign-in shows them."""

PREFIXES = {TRANSACTIONS: "TRA", TOKENIZATION: "TKA", SETTLEMENT: "DAA", DISPUTES: "DIA", RISK: "RAA"}

ALL_PERMISSIONS = frozenset(permission for listed in PERMISSIONS.values() for permission in listed)


@dataclass(frozen=True)
class Account:
    id: str
    name: str
    permissions: tuple[str, ...]


@dataclass(frozen=True)
class Merchant:
    id: str
    name: str
    accounts: tuple[Account, ...]

    def account(self, name: str) -> Account:
        return next(account for account in self.accounts if account.name == name)


@cache
def merchant_of(app_id: str) -> Merchant:
    """Each app is its own merchant, so that two integrations never see each other's money."""
    return Merchant(
        id=ids.fixed("MER", app_id),
        name=f"Sandbox merchant {app_id}",
        accounts=tuple(
            Account(id=ids.fixed(PREFIXES[name], app_id), name=name, permissions=permissions)
            for name, permissions in PERMISSIONS.items()
        ),
    )
