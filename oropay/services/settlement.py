"""What the gateway's settlement report says about our transactions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from oropay import locks
from oropay.models import (
    Action,
    Method,
    PaymentTransaction,
    ProviderAccount,
    TransactionState,
)
from oropay.status import money_state
from plumbing.services import hint


@dataclass(frozen=True)
class SettledNote:
    """One settled transaction as the gateway names it."""

    gateway_id: str
    is_refund: bool
    batch_id: str
    deposit_id: str


def settlement_note(*, provider_account: ProviderAccount, notes: Iterable[SettledNote], now: datetime) -> int:
    """Write once on each transaction in which batch and deposit it settled; have pending bank debits read again.

    A pending ACH charge is not believed by a report line alone: it is read by id and recorded by the engine.
    Must run inside the caller's transaction. Returns how many rows were written.
    """
    by_id = {(note.gateway_id, note.is_refund): note for note in notes}
    rows = (
        PaymentTransaction.objects.filter(
            Q(gateway_id__in=[gateway_id for gateway_id, _refund in by_id])
            | Q(action=Action.CAPTURE, parent__gateway_id__in=[gateway_id for gateway_id, _refund in by_id]),
            payment__provider_account=provider_account,
            action__in=[Action.CHARGE, Action.CAPTURE, Action.REFUND],
        )
        .select_related("payment", "parent")
        .order_by("pk")
    )
    written, payments = 0, {}
    for row in rows:
        named = row.parent if row.action == Action.CAPTURE and row.parent is not None else row
        note = by_id.get((named.gateway_id, row.action == Action.REFUND))
        if note is None:
            continue
        if row.state == TransactionState.PENDING:
            hint("oropay.tasks.reread", row.pk, queue="gateway-batch")
        elif row.state == TransactionState.APPROVED and not row.deposit_id:
            PaymentTransaction.objects.filter(pk=row.pk, deposit_id="").update(
                settled_at=row.settled_at or now, batch_id=row.batch_id or note.batch_id, deposit_id=note.deposit_id
            )
            written += 1
            payments[row.payment_id] = row.payment
    for payment_id in sorted(payments):
        payment = locks.payment(pk=payment_id)
        state = money_state(payment.transactions.all())
        if payment.method != Method.OFFLINE and payment.money_state != state:
            payment.money_state = state
            payment.save(update_fields=["money_state"])
    return written
