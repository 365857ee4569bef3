"""What 3-D Secure proved about a payment, in words for staff."""

from typing import Any

from django.utils.translation import gettext as _

from backoffice.display import GOOD, QUIET, tag
from oropay.models import (
    AUTHENTICATING,
    Authentication,
    AuthenticationOutcome,
    Payment,
    PaymentTransaction,
    ThreeDSExemption,
    TransactionState,
)

ANSWERED = frozenset({TransactionState.APPROVED, TransactionState.DECLINED})


def authentication_of(payment: Payment) -> Authentication | None:
    return getattr(payment, "authentication", None)


def authentication_facts(payment: Payment) -> list[tuple[Any, Any]]:
    """Outcome, liability, exemption and the names that a bank or the gateway asks for in a dispute."""
    asked = authentication_of(payment)
    if asked is None:
        return []
    outcome = asked.get_outcome_display()
    how = _("the buyer was asked") if asked.challenged else ""
    facts: list[tuple[Any, Any]] = [
        (_("3-D Secure"), " · ".join(str(part) for part in (outcome, how, asked.status_reason) if part)),
        (_("Liability shift"), liability(asked)),
    ]
    if asked.challenge_reason:
        facts.append((_("Challenge wished for"), asked.get_challenge_reason_display()))
    if asked.exemption:
        facts.append((_("Exemption"), exemption_name(asked)))
    if asked.eci:
        version = _("version {number}").format(number=asked.message_version)
        facts.append((_("ECI"), f"{asked.eci} · {version}" if asked.message_version else asked.eci))
    if asked.gateway_id:
        facts.append((_("Authentication"), asked.gateway_id))
    if asked.ds_trans_ref:
        facts.append((_("Card scheme's name for it"), asked.ds_trans_ref))
    return facts


def liability(asked: Authentication) -> Any:
    """Whose loss fraud would be."""
    if asked.outcome == AuthenticationOutcome.OPEN:
        return tag(_("Not decided yet"), QUIET)
    return tag(_("Yes: the bank's"), GOOD) if asked.liability_shift else tag(_("No: ours"), QUIET)


def exemption_name(asked: Authentication) -> str:
    known = dict(ThreeDSExemption.choices)
    return str(known.get(asked.exemption, asked.exemption))


def decided_by(payment: Payment) -> PaymentTransaction | None:
    """The question whose answer decided: the last one that the bank answered."""
    rows = [row for row in payment.transactions.all() if row.action in AUTHENTICATING and row.state in ANSWERED]
    return max(rows, key=lambda row: row.pk, default=None)


def proof_words(payment: Payment) -> str:
    """What was proven, and whose loss fraud would be, in one line."""
    asked = authentication_of(payment)
    if asked is None:
        return ""
    words = [str(asked.get_outcome_display())]
    if asked.eci:
        words.append(f"ECI {asked.eci}")
    words.append(str(_("liability shift") if asked.liability_shift else _("no liability shift")))
    return " · ".join(words)
