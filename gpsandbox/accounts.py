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
        "TRN_POST_Confirm",
        "TRN_POST_Reauthorize",
        "TRN_POST_Incremental",
        "TRN_POST_Hold",
        "TRN_POST_Release",
        "TRN_GET_Single",
        "TRN_GET_List",
        "VER_POST_Verify",
        "AUT_POST_Check_Availability",
        "AUT_POST_Initiate",
        "AUT_POST_Result",
        "AUT_GET_Single",
        "AUT_GET_List",
        "BAT_GET_Single",
        "BAT_POST_Close",
        "CNV_POST_Create",
        "LNK_POST_Create",
        "LNK_GET_Single",
        "LNK_GET_List",
        "LNK_PATCH_Edit",
        "ACT_GET_Single",
        "ACT_GET_List",
    ),
    TOKENIZATION: (
        "PMT_POST_Create",
        "PMT_POST_Create_Single",
        "PMT_POST_Search",
        "PMT_GET_Single",
        "PMT_GET_List",
        "PMT_PATCH_Edit",
        "PMT_DELETE_Delete",
    ),
    SETTLEMENT: (
        "TRN_GET_List_Funded",
        "DEP_GET_Single",
        "DEP_GET_List",
        "DIS_GET_Single_Funded",
        "DIS_GET_List_Funded",
    ),
    DISPUTES: ("DIS_GET_Single", "DIS_GET_List", "DIS_POST_Accept", "DIS_POST_Challenge"),
    RISK: ("RAS_POST_Create",),
}
"""Account name → what it may do. The risk account is listed because sign-in shows it."""

OTHER_NAMES = {"dcc": TRANSACTIONS, "LinkManagement": TRANSACTIONS}
"""Names under which the gateway's own sandbox has accounts for currency conversion and links: here they mean this."""

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
