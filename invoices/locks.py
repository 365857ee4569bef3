"""Every row lock of this room. Its place in the order of the house: after the payables, before credits and payments.

period (share) → payables by id → order → invoices by id → credits by id → payment → transaction → number (last).
"""

from collections.abc import Sequence

from invoices.models import CustomerCredit, Invoice, Receipt
from oropay.models import Payable, PaymentPayable


def invoice(*, pk: int) -> Invoice:
    """One invoice, held until the transaction ends, read again under the lock."""
    return (
        Invoice.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organization", "website", "customer", "payable", "payment_term")
        .get(pk=pk)
    )


def invoices_of(*, payables: Sequence[Payable]) -> list[Invoice]:
    """The invoices behind payables that are locked already, in id order."""
    return list(
        Invoice.objects.select_for_update(no_key=True, of=("self",)).filter(payable__in=payables).order_by("pk")
    )


def credits_of_payers(*, payables: Sequence[Payable]) -> list[CustomerCredit]:
    """Credit that any payment of these payables left behind: a refund or void may take it back."""
    payments = PaymentPayable.objects.filter(payable__in=payables).values("payment_id")
    return list(
        CustomerCredit.objects.select_for_update(no_key=True, of=("self",))
        .filter(payment_id__in=payments)
        .order_by("pk")
    )


def credits_of_payment(*, payment_id: int) -> list[CustomerCredit]:
    """Credit one payment left behind, newest first; locked by `credits_of_payers` already where an invoice is paid."""
    return sorted(
        CustomerCredit.objects.select_for_update(no_key=True, of=("self",))
        .filter(payment_id=payment_id)
        .order_by("pk"),
        key=lambda credit: -credit.pk,
    )


def receipt(*, pk: int) -> Receipt:
    """One receipt, so that it gets one number and one document."""
    return (
        Receipt.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organization", "customer", "payment__created_by", "payment__website")
        .get(pk=pk)
    )


def receipt_of(*, transaction_id: int) -> Receipt | None:
    """The receipt of a charge, capture or recorded receipt that is still being written: it has no number yet."""
    return (
        Receipt.objects.select_for_update(no_key=True, of=("self",))
        .filter(transaction_id=transaction_id, number="")
        .order_by("pk")
        .first()
    )
