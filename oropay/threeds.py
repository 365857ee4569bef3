"""What the buyer's browser has to do next about 3-D Secure: a row read by key, as it is looked at again and again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from oropay.models import (
    AUTHENTICATING,
    RUNNING,
    Action,
    Authentication,
    AuthenticationOutcome,
    PaymentTransaction,
    TransactionState,
)
from oropay.vault import Sealed, payload_open


class NextStep(StrEnum):
    """What the buyer's browser does next."""

    WAIT = "wait"
    """The worker has the word."""
    METHOD = "method"
    """Let the bank look at the browser, then tell what it saw."""
    CHALLENGE = "challenge"
    """Show the bank's page."""
    OVER = "over"
    """Nothing: the payment goes on, or has ended."""


@dataclass(frozen=True)
class BrowserStep:
    """It, with what the bank wants the browser to be given."""

    step: NextStep
    told: bool = False
    """The browser has told what banks want to know already."""
    given: dict[str, str] = field(default_factory=dict)
    """What the browser takes to the bank: `method_url`, `method_data`, `challenge_url`, `challenge_value`."""


def browser_step(*, payment_id: int) -> BrowserStep:
    """Where the authentication of a payment stands, as its buyer's browser needs to know it. One query."""
    row = (
        PaymentTransaction.objects.filter(payment_id=payment_id)
        .select_related("payment__authentication")
        .order_by("-pk")
        .first()
    )
    if row is None or row.action not in AUTHENTICATING:
        return BrowserStep(NextStep.OVER, told=True)
    told = row.action != Action.AUTHENTICATE_CHECK
    if row.state in RUNNING:
        return BrowserStep(NextStep.WAIT, told=told)
    if row.state != TransactionState.ACTION_REQUIRED:
        return BrowserStep(NextStep.OVER, told=told)
    step = NextStep.CHALLENGE if told else NextStep.METHOD
    return BrowserStep(step, told=told, given=_given(row.payment.authentication))


def _given(authentication: Authentication) -> dict[str, str]:
    if authentication.for_browser is None:
        return {}
    opened = payload_open(Sealed(key_id=authentication.key_id, blob=bytes(authentication.for_browser)))
    return {str(name): str(value) for name, value in opened.items()}


NOT_AUTHENTICATED: Mapping[str, Promise] = {
    AuthenticationOutcome.FAILED: gettext_lazy(
        "Your bank could not confirm that it is you. Please try again, use another card, or ask your bank."
    ),
    AuthenticationOutcome.REJECTED: gettext_lazy(
        "Your bank did not allow this payment. Please use another card, or ask your bank."
    ),
    AuthenticationOutcome.UNAVAILABLE: gettext_lazy(
        "Your bank could not be asked to confirm the payment. Please use another card, or try again later."
    ),
    AuthenticationOutcome.NOT_ENROLLED: gettext_lazy(
        "This card takes no part in card holder confirmation (3-D Secure), which is needed here. Please use another "
        "card."
    ),
}
"""What a buyer may read of a payment that the bank's answer about its card holder ended."""
