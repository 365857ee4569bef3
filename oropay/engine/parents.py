"""Captures, cancels and releases have no name of their own at the gateway: what they acted on shows whether they
happened.

Source: ADR 3.
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from oropay.engine.evidence import SILENT, for_another_amount, owner_at_gateway, same_transaction
from oropay.engine.looking import answer_is_overdue, listed, note_health
from oropay.engine.record import record
from oropay.gateway.port import Answer, PaymentGateway, Verdict
from oropay.models import Action, AlertKind, Exchange, PaymentTransaction
from oropay.services.alert import alert_raise

SETTLED = ("BATCHED", "FUNDED")
"""Where a captured transaction goes by itself; it cannot be reversed any more."""


def look_at_parent(row: PaymentTransaction, gateway: PaymentGateway) -> None:
    """Captures and cancels carry no reference: read the parent and judge it against what it was before."""
    parent = row.parent
    if parent is None:
        return
    asked_at = timezone.now()
    owner = owner_at_gateway(parent)
    if not owner.gateway_id:
        _look_at_lost_parent(row=row, parent=parent, gateway=gateway, asked_at=asked_at)
        return
    seen = gateway.look_up(gateway_id=owner.gateway_id)
    note_health(row=row, answers=seen.verdict not in SILENT)
    if seen.verdict in SILENT or seen.verdict == Verdict.NOT_FOUND:
        return
    verdict, overdue = parent_verdict(row=row, seen=seen), answer_is_overdue(row=row, at=asked_at)
    if verdict == Verdict.APPROVED or (verdict is not None and overdue):
        answer = replace(seen, verdict=verdict, message="", batch_closed=seen.status in SETTLED)
        record(transaction_id=row.pk, answer=answer, kind="look")
    elif verdict is None and overdue:
        text = _("{row}: {before} before, {now} now.").format(
            row=row, before=row.parent_before.get("status") or "?", now=seen.status
        )
        alert_raise(row=row, kind=AlertKind.NO_EVIDENCE, text=text, now=timezone.now())


def _look_at_lost_parent(
    *, row: PaymentTransaction, parent: PaymentTransaction, gateway: PaymentGateway, asked_at: datetime
) -> None:
    """A reversal by reference went unanswered or was refused: what the gateway lists under that reference decides.

    While it lists nothing, one that was refused stays: another would be refused as well.
    """
    listing = listed(row=row, gateway=gateway, reference=parent.reference)
    if not listing.complete:
        return
    parent.payment = row.payment
    reversed_ = [
        answer
        for answer in listing.found
        if answer.status == "REVERSED"
        and (same_transaction(row=parent, answer=answer) or for_another_amount(row=parent, answer=answer))
    ]
    if reversed_:
        record(transaction_id=row.pk, answer=replace(reversed_[0], verdict=Verdict.APPROVED), kind="look")
    elif answer_is_overdue(row=row, at=asked_at) and (listing.found or not _was_refused(row)):
        record(
            transaction_id=row.pk,
            answer=Answer(verdict=Verdict.FAILED, error_text="the reversal did not happen"),
            kind="look",
        )


def _was_refused(row: PaymentTransaction) -> bool:
    return Exchange.objects.filter(transaction=row, kind="send", verdict=Verdict.FAILED).exists()


def look_at_review(row: PaymentTransaction, gateway: PaymentGateway) -> None:
    """A release carries no reference: whether the gateway still holds its parent decides."""
    parent = row.parent
    if parent is None:
        return
    asked_at = timezone.now()
    seen = gateway.look_up(gateway_id=parent.gateway_id)
    note_health(row=row, answers=seen.verdict not in SILENT)
    if seen.verdict in SILENT or seen.verdict == Verdict.NOT_FOUND:
        return
    if seen.verdict == Verdict.APPROVED:
        record(transaction_id=row.pk, answer=seen, kind="look")
    elif answer_is_overdue(row=row, at=asked_at):
        text = "the gateway still holds it" if seen.verdict == Verdict.REVIEW else f"the gateway shows {seen.status}"
        record(transaction_id=row.pk, answer=replace(seen, verdict=Verdict.FAILED, error_text=text), kind="look")


def parent_verdict(*, row: PaymentTransaction, seen: Answer) -> Verdict | None:
    """Whether the parent shows that an unknown capture or cancel happened; None while it shows neither.

    Without a snapshot nothing was sent: it is committed before a byte leaves.
    """
    before = row.parent_before.get("status", "")
    if row.action == Action.CANCEL:
        if seen.status == "REVERSED":
            return Verdict.APPROVED
        return Verdict.FAILED if not before or seen.status in {before, *SETTLED} else None
    if row.action == Action.CAPTURE:
        if not before or seen.status == "REVERSED":
            return Verdict.FAILED
        if before != "PREAUTHORIZED" and seen.status in SETTLED:
            before = seen.status  # earlier captures of the hold settled meanwhile: the amount alone decides
        if before == "PREAUTHORIZED" and seen.status in {"CAPTURED", *SETTLED}:
            return Verdict.APPROVED
        if seen.status == before:
            amount_before = row.parent_before.get("amount", "")
            grown = (
                seen.amount is not None and amount_before and seen.amount.amount - Decimal(amount_before) == row.amount
            )
            return Verdict.APPROVED if grown and before != "PREAUTHORIZED" else Verdict.FAILED
    return None
