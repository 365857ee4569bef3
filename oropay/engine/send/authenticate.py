"""3-D Secure: what is asked of the card holder's bank, and where it sends the buyer's browser back to."""

from moneyed import Money

from commerce.models import Website
from oropay.engine.send.claim import Claim
from oropay.gateway.port import (
    Answer,
    Browser,
    CardToken,
    CheckRequest,
    InitiateRequest,
    PaymentGateway,
    ResultRequest,
)
from oropay.models import Authentication, Payment
from oropay.orderdata import thaw
from oropay.services.threeds_links import Page, link_of


def check(claim: Claim, gateway: PaymentGateway) -> Answer:
    """Ask whether the card takes part, and what the bank wants to see first. Moves no money."""
    row = claim.transaction
    payment = row.payment
    website = _website(payment)
    return gateway.authentication_check(
        CheckRequest(
            reference=row.reference,
            idempotency_key=str(row.idempotency_key),
            amount=Money(row.amount, row.currency),
            source=_card(payment),
            challenge_return_url=link_of(payment=payment, website=website, page=Page.CHALLENGE),
            method_return_url=link_of(payment=payment, website=website, page=Page.METHOD),
            challenge=_challenge(payment),
            send_before=claim.send_before,
        )
    )


def initiate(claim: Claim, gateway: PaymentGateway) -> Answer:
    """Show the bank the buyer's browser; it lets the payment pass or wants to question the buyer."""
    row = claim.transaction
    payment, asked = row.payment, row.payment.authentication
    return gateway.authentication_initiate(
        InitiateRequest(
            gateway_id=asked.gateway_id,
            reference=row.reference,
            idempotency_key=str(row.idempotency_key),
            amount=Money(row.amount, row.currency),
            source=_card(payment),
            order=thaw(payment.order_data),
            browser=Browser(**asked.browser),
            method_completion=asked.method_completion,
            message_version=asked.message_version,
            merchant_contact_url=_website(payment).url("storefront:home"),
            created_at=payment.created_at,
            challenge=_challenge(payment),
            send_before=claim.send_before,
        )
    )


def result(claim: Claim, gateway: PaymentGateway) -> Answer:
    """Ask what came of the bank's questions. A read: asking again is harmless."""
    asked: Authentication = claim.transaction.payment.authentication
    return gateway.authentication_result(ResultRequest(gateway_id=asked.gateway_id, send_before=claim.send_before))


def _challenge(payment: Payment) -> bool:
    """Whether the bank shall question the buyer, whatever it thinks of the risk."""
    return bool(payment.authentication.challenge_reason)


def _card(payment: Payment) -> CardToken:
    """The card as it was when the payment started: what the bank says, it says about this one."""
    if payment.instrument is None:
        raise ValueError(f"payment {payment.pk} has no instrument")
    return CardToken(token=payment.authentication.token, holder_name=payment.instrument.holder_name)


def _website(payment: Payment) -> Website:
    if payment.website is None:
        raise ValueError(f"payment {payment.pk} was started on no website")
    return payment.website
