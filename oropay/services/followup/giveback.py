"""Giving money back whichever way is right: a void while it has not settled, a refund afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import User
from commerce.money import format_money
from oropay import locks
from oropay.exceptions import NoteRequired, WayBackChanged
from oropay.models import Action, PaymentTransaction, RefundReason, RefundSource
from oropay.services.followup.cancel import TAKING, cancel_queue, cancelable
from oropay.services.followup.capture import rest_of
from oropay.services.followup.queue import ZERO, Allowed, lock_family, member, refuse_moved, refuse_running
from oropay.services.followup.refund import RefundLineAsked, refund_queue, refundable


class WayBack(StrEnum):
    """How money goes back to where it came from."""

    VOID = "void"
    """What was taken is undone before it settles: always in full, and nothing shows on the payer's statement."""
    REFUND = "refund"
    """A payment the other way, of all or a part; the payer has it in a few banking days."""


@dataclass(frozen=True)
class WaysBack:
    """What may be given back of a charge now, and which way an amount would go."""

    void: Allowed
    """All of it, or nothing."""
    refund: Allowed
    """At most."""
    lets_go: Decimal = ZERO
    """What a void frees besides: the rest that the captured hold still holds."""

    @property
    def most(self) -> Decimal:
        return max(self.void.limit, self.refund.limit)

    @property
    def only_all(self) -> bool:
        """A part cannot be given back yet."""
        return self.void.limit > 0 and self.refund.limit <= 0

    def of(self, amount: Decimal) -> WayBack:
        """All of what has not settled is voided; everything else is refunded."""
        return WayBack.VOID if 0 < self.void.limit == amount else WayBack.REFUND

    def why(self, amount: Decimal) -> str:
        """Why an amount would go that way."""
        if self.of(amount) == WayBack.VOID:
            return _("It has not settled yet.")
        return _("A void always takes back all of it.") if self.void.limit > 0 else self.void.reason


def ways_back(*, charge: PaymentTransaction, family: Sequence[PaymentTransaction]) -> WaysBack:
    """Both ways of giving a charge, capture or bank debit back, by its settlement. `family`: see `refundable`."""
    refund = refundable(transaction=charge, family=family)
    if charge.action not in TAKING:
        return WaysBack(void=Allowed(ZERO, refund.reason), refund=refund)
    hold = next((row for row in family if charge.action == Action.CAPTURE and row.pk == charge.parent_id), None)
    return WaysBack(
        void=cancelable(transaction=charge, family=family),
        refund=refund,
        lets_go=rest_of(hold=hold, family=family) if hold is not None else ZERO,
    )


@atomic(durable=True)
def give_back_start(
    *,
    charge: PaymentTransaction,
    lines: Sequence[RefundLineAsked],
    shown: WayBack,
    reason: RefundReason,
    note: str,
    by: User,
    now: datetime,
    after: int | None = None,
) -> PaymentTransaction:
    """Queue giving back all or part of a charge by the way that fits: a void (all of what has not settled) or a refund.

    `shown` is the way the person was told; the way is chosen again under the lock. `lines` and `after`: see
    `refund_start`. What needs a second person waits for one, either way.

    Raises:
        WayBackChanged: it would go another way than the person was told, because it settled meanwhile.
        PaymentMoved, NoteRequired, FollowUpRunning, RefundRefused, CancelRefused: nothing was given back.
    Source: card scheme rules: a charge is reversed before its batch closes, and refunded after.
    """
    if not note.strip():
        raise NoteRequired
    if any(line.source == RefundSource.CREDIT for line in lines):
        locks.customer_account(pk=charge.payment.customer_id)
    payment, family = lock_family(payment_id=charge.payment_id)
    charge = member(family, charge.pk)
    charge.payment = payment
    refuse_moved(family=family, after=after)
    refuse_running(parent=charge, family=family)
    ways = ways_back(charge=charge, family=family)
    amount = sum((line.amount for line in lines), ZERO)
    way = ways.of(amount)
    if way != shown:
        raise WayBackChanged(
            amount=format_money(amount, charge.currency), refunded=way == WayBack.REFUND, why=ways.why(amount)
        )
    if way == WayBack.VOID:
        return cancel_queue(
            payment=payment, family=family, transaction=charge, reason=reason, note=note, by=by, now=now
        )
    return refund_queue(
        payment=payment, family=family, charge=charge, lines=lines, reason=reason, note=note, by=by, now=now
    )
