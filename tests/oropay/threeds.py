"""What tests of 3-D Secure do again and again: the browser tells, the bank asks, the buyer answers and comes back."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pgtrigger
from django.utils import timezone

from ledger.models import AccountName
from oropay.gateway.port import Browser
from oropay.models import (
    Authentication,
    Exchange,
    Integration,
    Payment,
    PaymentTransaction,
    TransactionState,
)
from oropay.services.threeds_steps import authentication_initiate, authentication_returned
from oropay.vault import Sealed, payload_open
from tests.contract.sandbox import Sandbox

S = TransactionState
Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]

NO_METHOD_PAGE = "4222000006724235"
ATTEMPTED = "4012001037167778"
FAILED = "4012001037461114"
REJECTED = "4012001038443335"
COULD_NOT = "4012001037484447"
CHALLENGE = "4012001038488884"
NOT_ENROLLED = "4012001037141112"
MASTERCARD, CHALLENGE_MASTERCARD = "5354560000000004", "5506874496684651"

BROWSER = Browser(
    accept_header="text/html",
    color_depth="TWENTY_FOUR_BITS",
    ip_address="203.0.113.7",
    language="en-US",
    screen_height=1080,
    screen_width=1920,
    timezone="0",
    user_agent="Mozilla/5.0",
    window_size="WINDOWED_390X400",
)


def setting(integration: Integration, **values: Any) -> Integration:
    Integration.objects.filter(pk=integration.pk).update(**values)
    integration.refresh_from_db()
    return integration


def told(payment: Payment, *, completion: str = "YES") -> PaymentTransaction | None:
    """The buyer's browser has told what banks want to know."""
    return authentication_initiate(
        payment_id=payment.pk, browser=BROWSER, method_completion=completion, now=timezone.now()
    )


def returned(payment: Payment) -> PaymentTransaction | None:
    """The bank's page has sent the buyer's browser back."""
    return authentication_returned(payment_id=payment.pk, now=timezone.now())


def answer(payment: Payment, sandbox: Sandbox, decision: str) -> None:
    """The card holder answers the bank."""
    sandbox.control(f"/authentications/{payment.authentication.gateway_id}/challenge", {"decision": decision})


def fresh(payment: Payment) -> Payment:
    return Payment.objects.select_related("authentication").get(pk=payment.pk)


def actions(payment: Payment) -> list[tuple[str, str]]:
    return [(row.action, row.state) for row in payment.transactions.order_by("pk")]


def exchange(row: PaymentTransaction) -> dict[str, Any]:
    kept = Exchange.objects.filter(transaction=row).latest("pk")
    return payload_open(Sealed(key_id=kept.key_id, blob=bytes(kept.payload)))


def forge(payment: Payment, **values: Any) -> None:
    """Write over what the database itself refuses to change."""
    with pgtrigger.ignore("oropay.Authentication:authenticated_for_this"):
        Authentication.objects.filter(payment=payment).update(**values)
