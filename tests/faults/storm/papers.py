"""What our documents say against what the gateway did: orders, invoices, their allocations and receipts, credits."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, Sum

from invoices.models import (
    Allocation,
    AllocationKind,
    AllocationState,
    CustomerCredit,
    Invoice,
    InvoiceKind,
    InvoiceState,
    Receipt,
)
from oropay.models import Action, Payable, PayableKind, Payment, PaymentTransaction, TransactionState
from oropay.ports import DebtKind
from oropay.status import WITHOUT_MONEY
from tests.faults.storm.gateway_books import ZERO, Moved

TAKEN_BACK = (DebtKind.RETURNED.value, DebtKind.DISPUTE_LOST.value)
"""Debit memos for money that went back twice; all others are fees, which no payment brought."""
TAKES = frozenset({Action.CHARGE, Action.CAPTURE})


def wrong(payments: Iterable[Payment], moved: Mapping[int, Moved]) -> Iterator[str]:
    """Where our documents and the gateway's money part."""
    payments = list(payments)
    yield from _customers(payments, moved)
    yield from _allocations(payments, moved)
    yield from _receipts(payments)


def _customers(payments: Iterable[Payment], moved: Mapping[int, Moved]) -> Iterator[str]:
    """What a customer's documents were paid, with the credit that is left, is what the gateway has of the customer."""
    there: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    for payment in payments:
        there[payment.customer_id, payment.currency] += moved[payment.pk].net
    here: dict[tuple[int, str], Decimal] = defaultdict(Decimal)
    memos = Invoice.objects.filter(kind=InvoiceKind.DEBIT_MEMO, cause_kind__in=TAKEN_BACK, state=InvoiceState.POSTED)
    counted: list[tuple[QuerySet[Any], str, int]] = [
        (Payable.objects.all(), "paid", 1),
        (CustomerCredit.objects.all(), "remaining", 1),
        (memos, "total", -1),
    ]
    for rows, column, sign in counted:
        sums = rows.order_by().values_list("customer_id", "currency").annotate(sum=Sum(column))
        for customer_id, currency, amount in sums:
            here[customer_id, currency] += sign * amount
    for key in sorted(there.keys() | here.keys()):
        if there[key] != here[key]:
            yield f"customer {key}: {here[key]} by our documents, {there[key]} at the gateway"


def _allocations(payments: Iterable[Payment], moved: Mapping[int, Moved]) -> Iterator[str]:
    """No payment pays invoices with more than it brought."""
    paid = dict(
        Allocation.objects.filter(kind=AllocationKind.PAYMENT, state=AllocationState.LIVE)
        .order_by()
        .values_list("payment")
        .annotate(sum=Sum("amount"))
    )
    for payment in payments:
        if paid.get(payment.pk, ZERO) > moved[payment.pk].net:
            yield f"payment {payment.pk}: {paid[payment.pk]} allocated of {moved[payment.pk].net}"


def _receipts(payments: Iterable[Payment]) -> Iterator[str]:
    """Whatever was taken for invoices has one receipt over all of it; what went back by itself has none."""
    of_invoices = Payable.objects.filter(kind=PayableKind.INVOICE, invoice__order=None)
    written: dict[int, list[Decimal]] = defaultdict(list)
    for pk, amount in Receipt.objects.values_list("transaction", "amount"):
        written[pk].append(amount)
    ids = set(of_invoices.values_list("parts__payment", flat=True))
    for payment in payments:
        for row in payment.transactions.all():
            found = written[row.pk]
            if sum(found) > row.amount:
                yield f"payment {payment.pk}: receipts over {sum(found)} for {row.pk} {row}"
            brought = row.action in TAKES and row.state == TransactionState.APPROVED
            if payment.pk in ids and brought and found not in _papers(row, payment):
                yield f"payment {payment.pk}: receipts over {found} for {row.pk} {row}"


def _papers(row: PaymentTransaction, payment: Payment) -> list[list[Decimal]]:
    """What may have been written about money that came. Nobody waited for what turned up late and went back."""
    whole: list[Decimal] = [row.amount]
    if not row.late:
        return [whole]
    back = [one for one in payment.transactions.all() if one.parent_id == row.pk and one.state not in WITHOUT_MONEY]
    by_itself = any(one.action == Action.CANCEL and one.created_by_id is None for one in back)
    if by_itself:
        return [[]]
    return [whole, []] if any(one.action in {Action.CANCEL, Action.REFUND} for one in back) else [whole]
