"""Until when a bank may return a debit as not authorised, and which returns came after that."""

from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext as _

from backoffice.display import WATCH, dash, day, tag
from oropay.models import AchReturn, PaymentTransaction, TransactionState
from oropay.services import returned_too_late, unauthorised_until

STANDS = frozenset({TransactionState.PENDING, TransactionState.APPROVED})


def window_facts(charge: PaymentTransaction) -> list[tuple[Any, Any]]:
    """The last day of a bank debit's window; nothing of a card, or of a debit that the bank never took."""
    until = unauthorised_until(charge=charge) if charge.state in STANDS else None
    if until is None:
        return []
    expected = "" if charge.settled_at is not None else _("counted from the day it is expected to settle")
    return [(_("May come back as not authorised until"), format_html("{} {}", day(until), expected))]


def late_shown(told: AchReturn) -> Any:
    """A mark on a return that came after the window: finance may dispute it with the bank."""
    return tag(_("After its window"), WATCH, state="too_late") if returned_too_late(told=told) else dash()


def late_facts(told: AchReturn) -> list[tuple[Any, Any]]:
    """What finance may do about a return that came after the window; nothing for any other."""
    if not returned_too_late(told=told):
        return []
    words = _(
        "It came back as not authorised after the bank's window: have our bank dispute it as an untimely return (R68), "
        "with the bank's own date."
    )
    return [(_("Returned too late"), format_html("{} {}", late_shown(told), words))]
