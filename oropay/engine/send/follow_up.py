"""Captures, cancels and refunds of an earlier transaction, named by the gateway's id of it."""

from dataclasses import replace

from moneyed import Money

from oropay.engine.evidence import SILENT, owner_at_gateway
from oropay.engine.send.claim import Claim
from oropay.gateway.port import Answer, Capture, FollowUpRequest, PaymentGateway, Verdict
from oropay.models import Action, Method, PaymentTransaction, TransactionState

UNREAD = Answer(verdict=Verdict.NOT_SENT, error_text="the parent could not be read before the follow-up")


def capture(claim: Claim, gateway: PaymentGateway) -> Answer:
    """Take all or part of a hold; NOT_SENT when the hold cannot be read first (see `snapshot`)."""
    if not snapshot(claim=claim, gateway=gateway):
        return UNREAD
    return gateway.capture(replace(follow_up_request(claim=claim), sequence=_sequence(claim.transaction)))


def reauthorize(claim: Claim, gateway: PaymentGateway) -> Answer:
    """The parent is read first: whether it had lapsed decides what must still be released."""
    if not snapshot(claim=claim, gateway=gateway):
        return UNREAD
    return gateway.reauthorize(follow_up_request(claim=claim))


def cancel(claim: Claim, gateway: PaymentGateway) -> Answer:
    """Reverse the whole parent, which is all that GP-API can; NOT_SENT when it cannot be read first."""
    if not snapshot(claim=claim, gateway=gateway):
        return UNREAD
    return gateway.cancel(replace(follow_up_request(claim=claim), amount=None))


def refund(claim: Claim, gateway: PaymentGateway) -> Answer:
    """Give part or all of a charge back."""
    return gateway.refund(follow_up_request(claim=claim))


def release(claim: Claim, gateway: PaymentGateway) -> Answer:
    """Let a payment go that the gateway held for fraud."""
    return gateway.release(follow_up_request(claim=claim))


def follow_up_request(*, claim: Claim) -> FollowUpRequest:
    """What every follow-up has in common; the parent is named by the gateway's id, or by our reference if none came."""
    row = claim.transaction
    owner = owner_at_gateway(parent_of(row))
    return FollowUpRequest(
        gateway_id=owner.gateway_id or owner.reference,
        idempotency_key=str(row.idempotency_key),
        send_before=claim.send_before,
        amount=Money(row.amount, row.currency),
        reference=row.reference,
        reason=row.reason,
        by_bank=row.payment.method == Method.BANK,
    )


def snapshot(*, claim: Claim, gateway: PaymentGateway) -> bool:
    """Note what the gateway says of the parent before the first try: an unknown capture or cancel is judged against it.

    A reversal by reference has nothing to read. Returns False when the gateway could not say: then nothing is sent.
    """
    row = claim.transaction
    parent = parent_of(row)
    owner = owner_at_gateway(parent)
    if not owner.gateway_id or row.parent_before:
        return True
    seen = gateway.look_up(gateway_id=owner.gateway_id)
    if seen.verdict in SILENT or not seen.status:
        return False
    PaymentTransaction.objects.filter(pk=row.pk).update(
        parent_before={"status": seen.status, "amount": str(seen.amount.amount) if seen.amount is not None else ""}
    )
    return True


def parent_of(row: PaymentTransaction) -> PaymentTransaction:
    """The transaction that a follow-up follows.

    Raises:
        ValueError: it has none; rows are wrong, nothing is sent.
    """
    if row.parent is None:
        raise ValueError(f"transaction {row.pk} ({row.action}) has no parent")
    return row.parent


def _sequence(row: PaymentTransaction) -> str:
    """Which of several captures this is; nothing where a hold has only one."""
    if row.capture_mode == Capture.LAST:
        return "LAST"
    if row.capture_mode != Capture.MULTIPLE:
        return ""
    earlier = PaymentTransaction.objects.filter(
        parent=row.parent, action=Action.CAPTURE, state=TransactionState.APPROVED
    )
    return "SUBSEQUENT" if earlier.exists() else "FIRST"
