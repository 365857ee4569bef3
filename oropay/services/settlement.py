"""What the gateway's settlement report says about our transactions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from oropay import locks
from oropay.models import (
    Action,
    PaymentTransaction,
    ProviderAccount,
    TransactionState,
    Watch,
)
from oropay.selectors import merchant_ids
from oropay.services.payable import money_states_write
from plumbing.services import hint, job_add

REREAD_JOB = "oropay.debit-reread"
"""The kind of job that reads one settled bank debit again."""


class SettledKind(StrEnum):
    """Which movement of a transaction's money a line of the report is."""

    SALE = "sale"
    REFUND = "refund"
    RETURN = "return"


KINDS: dict[Action, SettledKind] = {
    Action.CHARGE: SettledKind.SALE,
    Action.CAPTURE: SettledKind.SALE,
    Action.REFUND: SettledKind.REFUND,
    Action.CREDIT: SettledKind.REFUND,
    Action.RETURN: SettledKind.RETURN,
}


@dataclass(frozen=True)
class SettledNote:
    """One settled transaction as the gateway names it."""

    gateway_id: str
    kind: SettledKind
    batch_id: str
    deposit_id: str
    transaction_id: int | None = None
    """Ours, where the report's line was matched: several captures settle under the id of one hold."""


def settlement_note(*, provider_account: ProviderAccount, notes: Iterable[SettledNote], now: datetime) -> int:
    """Write once on each transaction in which batch and deposit it settled; have pending bank debits read again.

    A pending ACH charge is not believed by a report line alone: it is read by id and recorded by the engine.
    An account may keep the deposit of a sale that another account of the merchant made. Must run inside the caller's
    transaction. Returns how many rows were written.
    """
    by_id: dict[tuple[str, SettledKind], list[SettledNote]] = {}
    for note in notes:
        by_id.setdefault((note.gateway_id, note.kind), []).append(note)
    named = PaymentTransaction.objects.filter(
        gateway_id__in=[gateway_id for gateway_id, _kind in by_id],
        payment__provider_account__in=merchant_ids(account=provider_account),
    )
    payments = locks.payments(ids=set(named.values_list("payment_id", flat=True)))
    families: dict[int, list[PaymentTransaction]] = {payment.pk: [] for payment in payments}
    for row in PaymentTransaction.objects.filter(payment__in=payments).select_related("parent").order_by("pk"):
        families[row.payment_id].append(row)
    written = [row for family in families.values() for row in family if _note_on(row=row, by_id=by_id, now=now)]
    PaymentTransaction.objects.bulk_update(written, ["settled_at", "batch_id", "deposit_id"])
    money_states_write({payment: families[payment.pk] for payment in payments})
    return len(written)


def _note_on(
    *, row: PaymentTransaction, by_id: Mapping[tuple[str, SettledKind], Sequence[SettledNote]], now: datetime
) -> bool:
    """Put its note on one transaction of a locked payment; False when nothing is to be written."""
    if row.action not in KINDS:
        return False
    owner = row.parent if row.action in {Action.CAPTURE, Action.RETURN} and row.parent is not None else row
    found = by_id.get((owner.gateway_id, KINDS[Action(row.action)]), ())
    note = next((one for one in found if one.transaction_id in {None, row.pk}), None)
    if note is None:
        return False
    if row.state == TransactionState.PENDING:
        PaymentTransaction.objects.filter(pk=row.pk, state=row.state, next_at__gt=now).update(next_at=now)
        hint("oropay.tasks.reread", row.pk, queue="gateway-batch")
    if row.state != TransactionState.APPROVED or row.deposit_id:
        return False
    row.settled_at = row.settled_at or now
    row.batch_id = row.batch_id or note.batch_id
    row.deposit_id = note.deposit_id
    return True


def returns_reread(*, transaction_ids: Iterable[int], now: datetime) -> int:
    """Have settled bank debits read again whose money the settlement report shows going back.

    Nothing is believed by a report line alone: the engine reads the debit by its id and records what the gateway says.
    Each is a job: a settled debit is final, no column of its own can say that it is to be read. Returns how many.
    """
    asked = sorted(set(transaction_ids))
    for pk in asked:
        job_add(kind=REREAD_JOB, key=str(pk), payload={"transaction": pk}, queue="gateway-batch", now=now)
    return len(asked)


def watch_wake(*, transaction_ids: Iterable[int], now: datetime) -> int:
    """Look at once for transactions that never arrived, because the settlement report names them after all.

    Returns how many are still being watched. Nothing is believed by a report line alone.
    """
    return Watch.objects.filter(pk__in=list(transaction_ids), next_at__gt=now).update(next_at=now)
