"""What a bank may tell us to change about an account (Nacha: notification of change). A table as data.

Source: Nacha Operating Rules, Appendix Five. C10 to C14 concern entries that this shop does not send.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TYPE_OF_TRANSACTION = {"22": "CHECKING", "23": "CHECKING", "27": "CHECKING", "28": "CHECKING"} | {
    "32": "SAVING",
    "33": "SAVING",
    "37": "SAVING",
    "38": "SAVING",
}
"""A transaction code names the kind of account: 2x checking, 3x savings."""


@dataclass(frozen=True)
class Change:
    """One reason, and which of an account's details it corrects."""

    title: str | Promise
    number: bool = False
    routing: bool = False
    type: bool = False


CHANGES: dict[str, Change] = {
    "C01": Change(_("Account number"), number=True),
    "C02": Change(_("Routing number"), routing=True),
    "C03": Change(_("Routing and account number"), routing=True, number=True),
    "C05": Change(_("Account type"), type=True),
    "C06": Change(_("Account number and type"), number=True, type=True),
    "C07": Change(_("Routing number, account number and type"), number=True, routing=True, type=True),
}
