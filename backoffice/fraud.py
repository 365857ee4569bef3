"""What bank and gateway say about who pays: address, security code, fraud filter, in words."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.display import BAD, GOOD, QUIET, WATCH, moment, tag
from backoffice.records import Facts
from oropay.cardchecks import words
from oropay.models import Action, CardCheck, Method, Payment, Ruling

CHECKED = {
    "MATCHED": (gettext_lazy("Matches"), GOOD),
    "NOT_MATCHED": (gettext_lazy("Does not match"), BAD),
    "NOT_CHECKED": (gettext_lazy("Not checked by the bank"), QUIET),
}
RISK = {
    "ACCEPTED": (gettext_lazy("Nothing suspicious"), GOOD),
    "REJECTED": (gettext_lazy("Rejected"), BAD),
    "NOT_EXECUTED": (gettext_lazy("Did not look"), QUIET),
    "PENDING_REVIEW": (gettext_lazy("Suspicious: held for review"), WATCH),
    "HOLD_SUCCESSFUL": (gettext_lazy("Held for review"), WATCH),
    "RELEASE_SUCCESSFUL": (gettext_lazy("Released after review"), GOOD),
}
"""The gateway's words → ours and their colour."""


def checks_facts(row: Payment) -> Iterable[Facts]:
    """Of the newest attempt to hold or take money by card, or to save one; nothing before an answer came."""
    asking = {Action.AUTHORIZE, Action.CHARGE, Action.VALIDATE}
    sales = [one for one in row.transactions.all() if one.action in asking]
    if row.method != Method.CARD or not sales or not (sales[-1].gateway_id or sales[-1].result_code):
        return
    sale = sales[-1]
    facts: list[tuple[Any, Any]] = [
        (_("Street"), _said(sale.avs_address, CHECKED)),
        (_("Postal code"), _said(sale.avs_postal_code, CHECKED)),
        (_("Security code"), _said(sale.cvv, CHECKED)),
        (_("Fraud filter"), _said(sale.risk, RISK)),
    ]
    check = CardCheck.objects.filter(transaction=sale).select_related("accepted_by").first()
    if check is not None:
        facts.append(
            (_("Card check"), tag(check.get_ruling_display(), BAD if check.ruling == Ruling.REFUSED else WATCH))
        )
        facts.append((_("Because"), words(check.found)))
    if check is not None and check.accepted_at is not None:
        facts.append((_("Accepted"), moment(check.accepted_at)))
        facts.append((_("By"), f"{check.accepted_by}: {check.note}"))
    if row.step_up:
        facts.append((_("More proof"), _("Tried often: the bank was to ask who pays.")))
    yield Facts(_("Card checks"), facts)


def _said(word: str, table: dict[str, Any]) -> Any:
    if not word:
        return tag(_("Not told"), QUIET)
    named, colour = table.get(word, (word, QUIET))
    return tag(str(named), colour)
