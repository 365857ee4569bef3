"""Every row lock of the payment module. The order, kept by each function and by their callers:

period (share) → customer account → payables by id → their documents → credits by id → payment → transaction →
instrument → number sequence (last statement). The claim locks one transaction row alone and commits.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from django.db.models import Model, QuerySet

from commerce.models import Customer
from oropay.models import Payable, Payment, PaymentPayable, PaymentTransaction, TransactionState, Watch

M = TypeVar("M", bound=Model)


def customer_account(*, pk: int) -> None:
    """Lock a customer's account: whoever spends unallocated credit, or promises to, holds it."""
    Customer.objects.select_for_update(no_key=True).only("pk").get(pk=pk)


def payables(*, ids: Iterable[int]) -> list[Payable]:
    """Lock payables in id order."""
    return list(
        Payable.objects.select_for_update(of=("self",))
        .select_related("organization")
        .filter(pk__in=list(ids))
        .order_by("pk")
    )


def payables_of(*, payment_id: int) -> list[Payable]:
    """Lock the payables that one payment pays, in id order.

    While we waited, an invoice may have taken over its order: then we look again. It is always the younger payable,
    so the order of locks holds.
    """
    rows = (
        Payable.objects.select_for_update(of=("self",))
        .select_related("organization")
        .filter(parts__payment_id=payment_id)
        .order_by("pk")
    )
    held = {payable.pk: payable for payable in rows}
    while True:
        ids = set(PaymentPayable.objects.filter(payment_id=payment_id).values_list("payable_id", flat=True))
        if ids <= held.keys():
            return [held[pk] for pk in sorted(ids)]
        held |= {payable.pk: payable for payable in payables(ids=ids - held.keys())}


def payment(*, pk: int) -> Payment:
    return (
        Payment.objects.select_for_update(of=("self",))
        .select_related("organization", "instrument", "integration", "provider_account")
        .get(pk=pk)
    )


def payments(*, ids: Iterable[int]) -> list[Payment]:
    """Lock payments in id order."""
    return list(Payment.objects.select_for_update(of=("self",)).filter(pk__in=list(ids)).order_by("pk"))


def transactions_of(*, payment_id: int) -> list[PaymentTransaction]:
    """Lock all transactions of a payment, oldest first; the payment is locked already, so nobody adds one."""
    return list(PaymentTransaction.objects.select_for_update().filter(payment_id=payment_id).order_by("pk"))


def claim(*, pk: int) -> PaymentTransaction | None:
    """Lock one queued transaction alone; None when another worker has it or it is no longer queued."""
    return (
        PaymentTransaction.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk=pk, state=TransactionState.QUEUED)
        .first()
    )


def look(*, pk: int) -> PaymentTransaction | None:
    """Lock one unknown transaction alone, to reserve its next look-up."""
    return (
        PaymentTransaction.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk=pk, state=TransactionState.UNKNOWN)
        .first()
    )


def watch(*, pk: int) -> Watch | None:
    """Lock one watch alone, to reserve its next look."""
    return Watch.objects.select_for_update(skip_locked=True).filter(pk=pk, next_at__isnull=False).first()


def sealed(rows: QuerySet[M], *, ids: Iterable[int]) -> list[M]:
    """Lock rows that hold a sealed box, in id order and nothing else, while their boxes are changed."""
    return list(rows.select_for_update(of=("self",), no_key=True).filter(pk__in=list(ids)).order_by("pk"))


def due(rows: QuerySet[M], *, limit: int) -> Sequence[M]:
    """Lock due rows nobody else publishes at this moment."""
    return list(rows.select_for_update(of=("self",), skip_locked=True).order_by("next_at")[:limit])
