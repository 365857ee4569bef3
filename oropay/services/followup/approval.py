"""What waits for a second person before it is sent: money given back above its maker's limit."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from commerce.models import User
from commerce.money import format_money
from oropay import locks
from oropay.exceptions import CancelRefused, RefundTooLarge
from oropay.models import (
    Action,
    Approval,
    Payment,
    PaymentTransaction,
    RefundLine,
    RefundSource,
    TransactionState,
)
from oropay.services.followup.asking import giving_back_asked
from oropay.services.followup.cancel import cancelable
from oropay.services.followup.capture import rest_of
from oropay.services.followup.queue import ZERO, follow_up_release, lock_family, member, refuse_running, waiting_end
from oropay.services.followup.refund import credit_suffices, refundable
from oropay.services.share import stands_now
from plumbing.services import note_add

Subject = tuple[Payment, list[PaymentTransaction]]


class GivingBack:
    """Registered on `oropay.ports.approval_handlers` for refunds and voids."""

    permission = "oropay.approve_refund"

    def lock(self, *, approval: Approval) -> Subject:
        row = _row_of(approval)
        if RefundLine.objects.filter(refund=row, source=RefundSource.CREDIT).exists():
            locks.customer_account(pk=row.payment.customer_id)
        return lock_family(payment_id=row.payment_id)

    def asked_now(self, subject: Subject, *, approval: Approval) -> Mapping[str, Any]:
        payment, family = subject
        row = member(family, _row_of(approval).pk)
        if row.state != TransactionState.AWAITING_APPROVAL:
            return {"state": row.state}
        return giving_back_asked(row=row, payment=payment)

    def agree(self, subject: Subject, *, approval: Approval, by: User, now: datetime) -> None:
        payment, family = subject
        row = member(family, _row_of(approval).pk)
        others = [one for one in family if one.pk != row.pk]
        charge = member(family, row.parent_id or 0)
        refuse_running(parent=charge, family=others)
        self._limits_again(row=row, charge=charge, others=others, payment=payment)
        follow_up_release(row=row, now=now)
        note_add(on=payment, text=_("Agreed as the second person: {what}").format(what=row), by=by, now=now)

    def end(self, subject: Subject, *, approval: Approval, now: datetime) -> None:
        waiting_end(row=member(subject[1], _row_of(approval).pk), now=now)

    def sentence(self, *, approval: Approval) -> str:
        row = _row_of(approval)
        amount = format_money(row.amount, row.currency)
        if row.action == Action.CANCEL:
            voided = _("The charge of {amount} is voided: {instrument} is not charged.").format(
                amount=amount, instrument=row.payment.instrument
            )
            return " ".join(part for part in (voided, _let_go(row)) if part)
        return _("{amount} goes back to {instrument} in a few banking days.").format(
            amount=amount, instrument=row.payment.instrument
        )

    def details(self, *, approval: Approval) -> Sequence[tuple[str, str]]:
        row = _row_of(approval)
        lines = [
            (" · ".join(words), format_money(line.amount, row.currency)) for line, words in _taken_from(refund=row)
        ]
        reason = str(row.get_reason_display())
        return [*([(_("Reason"), reason)] if reason else []), *lines]

    def _limits_again(
        self,
        *,
        row: PaymentTransaction,
        charge: PaymentTransaction,
        others: Sequence[PaymentTransaction],
        payment: Payment,
    ) -> None:
        if row.action == Action.CANCEL:
            allowed = cancelable(transaction=charge, family=others)
            if allowed.limit != row.amount:
                raise CancelRefused(why=allowed.reason)
            return
        allowed = refundable(transaction=charge, family=others)
        if row.amount > allowed.limit:
            raise RefundTooLarge(asked=row.amount, limit=allowed.limit, currency=row.currency, why=allowed.reason)
        credit = [line for line in RefundLine.objects.filter(refund=row) if line.source == RefundSource.CREDIT]
        credit_suffices(payment=payment, amounts=[line.amount for line in credit], besides=row)


def _taken_from(*, refund: PaymentTransaction) -> Iterator[tuple[RefundLine, list[str]]]:
    """What a refund that waits would be taken from, in words; an order that was billed since names its invoice too."""
    lines = list(RefundLine.objects.filter(refund=refund).select_related("payable").order_by("pk"))
    parts = {part.payable_id: part.payable for part in refund.payment.parts.select_related("payable")}
    heirs = stands_now(lines=lines, among=parts)
    for line in lines:
        words = [str(line.get_source_display())]
        if line.payable is not None:
            words.append(line.payable.number)
            if (heir := heirs.get(line.payable.pk)) is not None:
                words.append(_("billed since: {invoice} is due again").format(invoice=parts[heir].number))
        yield line, words


def _let_go(void: PaymentTransaction) -> str:
    """What else a void of a capture does: the rest of its hold is reversed with it."""
    hold = void.parent.parent if void.parent is not None and void.parent.action == Action.CAPTURE else None
    rest = rest_of(hold=hold, family=list(void.payment.transactions.all())) if hold is not None else ZERO
    if rest <= 0:
        return ""
    return _("The {amount} that its hold still holds is let go too.").format(amount=format_money(rest, void.currency))


def _row_of(approval: Approval) -> PaymentTransaction:
    if approval.transaction is None:
        raise ValueError(f"approval {approval.pk} is about no transaction")
    return approval.transaction
