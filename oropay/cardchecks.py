"""What the card holder's bank says of address and security code, and what an integration does about it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from oropay.models import CheckPolicy, Integration, Ruling

MATCHED, NOT_MATCHED = "MATCHED", "NOT_MATCHED"
"""The gateway's words; any other is "not checked"."""


class Finding(StrEnum):
    """A result that is not simply good. Values name the integration's fields, and are stored: never renamed."""

    AVS_NOT_MATCHED = "avs_not_matched"
    """Neither street nor postal code is the bank's."""
    AVS_PARTIAL = "avs_partial"
    """One of the two matched."""
    AVS_NOT_CHECKED = "avs_not_checked"
    CVV_NOT_MATCHED = "cvv_not_matched"
    CVV_NOT_CHECKED = "cvv_not_checked"


NAMES: dict[Finding, str | Promise] = {
    Finding.AVS_NOT_MATCHED: _("the billing address is not the bank's"),
    Finding.AVS_PARTIAL: _("only part of the billing address is the bank's"),
    Finding.AVS_NOT_CHECKED: _("the bank did not check the billing address"),
    Finding.CVV_NOT_MATCHED: _("the security code is wrong"),
    Finding.CVV_NOT_CHECKED: _("the bank did not check the security code"),
}


@dataclass(frozen=True)
class Results:
    """What one answer said. All empty: it never reached us, as in a list that the gateway gives later."""

    address: str = ""
    postal_code: str = ""
    cvv: str = ""

    @property
    def seen(self) -> bool:
        return bool(self.address or self.postal_code or self.cvv)


def findings(results: Results, *, new_card: bool) -> list[Finding]:
    """Everything that is not good. The security code counts for a card just entered only: a saved one has none."""
    found = []
    address = {results.address, results.postal_code}
    if address != {MATCHED}:
        if MATCHED in address:
            found.append(Finding.AVS_PARTIAL)
        elif NOT_MATCHED in address:
            found.append(Finding.AVS_NOT_MATCHED)
        else:
            found.append(Finding.AVS_NOT_CHECKED)
    if new_card and results.cvv != MATCHED:
        found.append(Finding.CVV_NOT_MATCHED if results.cvv == NOT_MATCHED else Finding.CVV_NOT_CHECKED)
    return found


def policy_of(integration: Integration) -> dict[Finding, CheckPolicy]:
    """What an integration does about each finding."""
    return {finding: CheckPolicy(getattr(integration, finding.value)) for finding in Finding}


def policy_for_saving(policy: Mapping[Finding, CheckPolicy]) -> dict[Finding, CheckPolicy]:
    """The same where a card is saved without a payment: what is not simply accepted is refused.

    No money waits there for a person to look. The question carries no address, so an unchecked one says nothing.
    """
    accepted = {Finding.AVS_NOT_CHECKED} | {one for one in policy if policy[one] == CheckPolicy.ACCEPT}
    return {one: CheckPolicy.ACCEPT if one in accepted else CheckPolicy.REFUSE for one in policy}


def ruling(
    *, results: Results, new_card: bool, policy: Mapping[Finding, CheckPolicy]
) -> tuple[Ruling | None, Sequence[Finding]]:
    """The strictest word of the policy about these results, and what it is about; None accepts.

    Results that never reached us are looked at by a person where the policy would refuse: nobody is refused unseen.
    """
    found = [one for one in findings(results, new_card=new_card) if policy[one] != CheckPolicy.ACCEPT]
    if not found:
        return None, []
    if results.seen and any(policy[one] == CheckPolicy.REFUSE for one in found):
        return Ruling.REFUSED, found
    return Ruling.REVIEW, found


def words(found: Sequence[str]) -> str:
    """Findings in one phrase, for staff."""
    return ", ".join(str(NAMES[Finding(one)]) for one in found)
