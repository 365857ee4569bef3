"""Money meets invoice. Small writers without transactions of their own: the caller holds payables, invoice and credits.

Facts are never refused: what does not fit the balance becomes customer credit, and a void beyond what is left becomes
credit below zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q, Sum

from invoices import locks
from invoices.models import (
    Allocation,
    AllocationKind,
    AllocationState,
    CreditSource,
    CustomerCredit,
    Invoice,
    InvoiceState,
)
from invoices.models.allocation import FORGIVEN
from oropay.models import Payment, PaymentTransaction

ZERO = Decimal(0)


@dataclass(frozen=True)
class Allocated:
    """What stands against an invoice, in major units."""

    paid: Decimal
    """Σ live allocations of money."""
    settling: Decimal
    cleared: Decimal
    """Σ live allocations of every other kind."""


@dataclass(frozen=True)
class Split:
    """How an amount was divided: so much to (or from) invoices, so much to (or from) customer credit."""

    allocated: Decimal
    credited: Decimal


def allocated_to(*, invoice: Invoice) -> Allocated:
    """Add up an invoice's allocations, in one query."""
    money = Q(kind=AllocationKind.PAYMENT)
    live = Q(state=AllocationState.LIVE)
    sums = Allocation.objects.filter(invoice=invoice).aggregate(
        paid=Sum("amount", filter=money & live, default=ZERO),
        settling=Sum("amount", filter=Q(state=AllocationState.SETTLING), default=ZERO),
        cleared=Sum("amount", filter=live & ~money, default=ZERO),
    )
    return Allocated(**sums)


def balance(*, invoice: Invoice) -> Decimal:
    """total − Σ live of all kinds; a void invoice has none."""
    if invoice.state == InvoiceState.VOID:
        return ZERO
    now = allocated_to(invoice=invoice)
    left: Decimal = invoice.total - now.paid - now.cleared
    return left


def allocation_expect(
    *,
    invoice: Invoice,
    payment: Payment,
    transaction: PaymentTransaction,
    amount: Decimal,
    occurred_on: date,
    now: datetime,
) -> None:
    """A bank debit was accepted: note what it will pay, at most what nobody else pays or is about to pay."""
    stands = allocated_to(invoice=invoice)
    room = invoice.total - stands.paid - stands.cleared - stands.settling
    if invoice.state == InvoiceState.VOID or room <= 0:
        return
    _add(
        state=AllocationState.SETTLING,
        invoice=invoice,
        payment=payment,
        transaction=transaction,
        amount=min(amount, room),
        occurred_on=occurred_on,
        now=now,
    )


def allocation_apply(
    *,
    invoice: Invoice,
    payment: Payment,
    transaction: PaymentTransaction,
    amount: Decimal,
    occurred_on: date,
    now: datetime,
    source: CreditSource = CreditSource.OVERPAYMENT,
) -> Split:
    """Money is here: pay the invoice up to its balance, keep the rest as credit of the customer.

    What was noted as settling for this transaction ends: it becomes live if it is exactly what counts now, else it is
    reversed and a new row says the amount, because amounts never change.
    """
    waiting = list(Allocation.objects.filter(invoice=invoice, transaction=transaction, state=AllocationState.SETTLING))
    applied = min(amount, balance(invoice=invoice))
    if len(waiting) == 1 and waiting[0].amount == applied:
        _move(rows=waiting, state=AllocationState.LIVE)
    else:
        _move(rows=waiting, state=AllocationState.REVERSED)
        if applied > 0:
            _add(
                state=AllocationState.LIVE,
                invoice=invoice,
                payment=payment,
                transaction=transaction,
                amount=applied,
                occurred_on=occurred_on,
                now=now,
            )
    rest = amount - applied
    if rest > 0:
        credit_add(payment=payment, transaction=transaction, amount=rest, source=source, note=invoice.number, now=now)
    return Split(allocated=applied, credited=rest)


def allocation_forget(*, invoice: Invoice, payment: Payment) -> None:
    """What was under way will not come: nothing settles any more from this payment."""
    _move(
        rows=list(Allocation.objects.filter(invoice=invoice, payment=payment, state=AllocationState.SETTLING)),
        state=AllocationState.REVERSED,
    )


def allocation_take_back(
    *, invoice: Invoice, payment: Payment, transaction: PaymentTransaction | None, amount: Decimal, now: datetime
) -> Split:
    """As `allocation_reach`; what is still missing, the customer owes."""
    reached = allocation_reach(invoice=invoice, payment=payment, transaction=transaction, amount=amount, now=now)
    missing = amount - reached.allocated - reached.credited
    if missing > 0:
        credit_overdraw(payment=payment, transaction=transaction, amount=missing, now=now)
    return Split(allocated=reached.allocated, credited=reached.credited + missing)


def allocation_reach(
    *,
    invoice: Invoice,
    payment: Payment,
    transaction: PaymentTransaction | None,
    amount: Decimal,
    now: datetime,
    credit_first: bool = False,
) -> Split:
    """Money of a payment goes back: the invoice is due again by as much as it had been paid with it.

    Taken, in this order, from what `transaction` pays of this invoice, what the payment pays of it otherwise, credit
    the payment left behind (or that before all others), other invoices of the payment. It may come to less than
    `amount`.
    """
    spared = credit_shrink(payment=payment, amount=amount) if credit_first else ZERO
    rows = sorted(
        Allocation.objects.filter(payment=payment, kind=AllocationKind.PAYMENT, state=AllocationState.LIVE),
        key=lambda row: (
            row.invoice_id != invoice.pk,
            transaction is not None and row.transaction_id != transaction.pk,
            -row.pk,
        ),
    )
    here = [row for row in rows if row.invoice_id == invoice.pk]
    elsewhere = [row for row in rows if row.invoice_id != invoice.pk]
    allocated = _shrink(rows=here, amount=amount - spared, now=now)
    credited = spared + credit_shrink(payment=payment, amount=amount - spared - allocated)
    allocated += _shrink(rows=elsewhere, amount=amount - allocated - credited, now=now)
    return Split(allocated=allocated, credited=credited)


def allocation_write_off(
    *,
    invoice: Invoice,
    payment: Payment,
    transaction: PaymentTransaction,
    amount: Decimal,
    occurred_on: date,
    now: datetime,
) -> Decimal:
    """Give up what the customer owes of an invoice, up to `amount`; returns how much was given up.

    `transaction` is the lost dispute because of which it is owed.
    """
    given_up = min(amount, balance(invoice=invoice))
    if given_up <= 0:
        return ZERO
    Allocation.objects.create(
        invoice=invoice,
        kind=AllocationKind.WRITE_OFF,
        state=AllocationState.LIVE,
        amount=given_up,
        payment=payment,
        transaction=transaction,
        occurred_on=occurred_on,
        created_at=now,
    )
    return given_up


def allocation_write_off_end(
    *, invoice: Invoice, payment: Payment, transaction: PaymentTransaction, amount: Decimal, now: datetime
) -> Decimal:
    """Money of a dispute came back, so that up to `amount` of what was given up for it is owed again; returns how much.

    `transaction` is any row of that dispute: all of them carry its name at the gateway.
    """
    rows = Allocation.objects.filter(
        invoice=invoice,
        payment=payment,
        kind=AllocationKind.WRITE_OFF,
        state=AllocationState.LIVE,
        transaction__gateway_id=transaction.gateway_id,
    )
    return _shrink(rows=list(rows.order_by("-pk")), amount=amount, now=now)


@dataclass(frozen=True)
class Undone:
    """What a bank return took apart: money from invoices and from credit, and what had been forgiven with it."""

    allocated: Decimal
    credited: Decimal
    discounts: Decimal
    differences: Decimal


def allocation_undo(
    *, invoice: Invoice, payment: Payment, transaction: PaymentTransaction, amount: Decimal, now: datetime
) -> Undone:
    """The bank took money of a payment back: the invoice is due again by what the payment still pays of it.

    Discounts and small differences born with `transaction` on this invoice end with it. Unlike `allocation_take_back`
    nothing is overdrawn: what the payment does not cover any more is for the caller to claim.
    """
    rows = sorted(
        Allocation.objects.filter(payment=payment, kind=AllocationKind.PAYMENT, state=AllocationState.LIVE),
        key=lambda row: (row.invoice_id != invoice.pk, -row.pk),
    )
    here = [row for row in rows if row.invoice_id == invoice.pk]
    elsewhere = [row for row in rows if row.invoice_id != invoice.pk]
    allocated = _shrink(rows=here, amount=amount, now=now)
    credited = credit_shrink(payment=payment, amount=amount - allocated)
    allocated += _shrink(rows=elsewhere, amount=amount - allocated - credited, now=now)
    forgiven = list(
        Allocation.objects.filter(
            invoice=invoice, transaction=transaction, kind__in=FORGIVEN, state=AllocationState.LIVE
        )
    )
    _move(rows=forgiven, state=AllocationState.REVERSED)

    def sum_of(kind: AllocationKind) -> Decimal:
        return sum((row.amount for row in forgiven if row.kind == kind), ZERO)

    return Undone(
        allocated=allocated,
        credited=credited,
        discounts=sum_of(AllocationKind.DISCOUNT),
        differences=sum_of(AllocationKind.SMALL_DIFFERENCE),
    )


def credit_spend(*, payment: Payment, transaction: PaymentTransaction, amount: Decimal, now: datetime) -> Decimal:
    """Give credit of a payment's customer back, up to `amount`; returns how much there was.

    What this payment has not left there is noted below zero, against what others left.
    """
    spent = min(amount, max(ZERO, credit_of(payment=payment)))
    beyond = spent - credit_shrink(payment=payment, amount=spent)
    if beyond > 0:
        credit_overdraw(payment=payment, transaction=transaction, amount=beyond, now=now)
    return spent


def credit_of(*, payment: Payment) -> Decimal:
    """All that is left of the credit of a payment's customer, whichever payments left it."""
    left: Decimal = CustomerCredit.objects.filter(
        organization_id=payment.organization_id, customer_id=payment.customer_id, currency=payment.currency
    ).aggregate(sum=Sum("remaining", default=ZERO))["sum"]
    return left


def credit_add(
    *,
    payment: Payment,
    transaction: PaymentTransaction | None,
    amount: Decimal,
    source: CreditSource,
    note: str,
    now: datetime,
) -> CustomerCredit:
    """Keep money that pays nothing for its customer."""
    return CustomerCredit.objects.create(
        organization_id=payment.organization_id,
        customer_id=payment.customer_id,
        currency=payment.currency,
        source=source,
        note=note,
        payment=payment,
        transaction=transaction,
        amount=amount,
        remaining=amount,
        created_at=now,
    )


def credit_overdraw(
    *, payment: Payment, transaction: PaymentTransaction | None, amount: Decimal, now: datetime
) -> CustomerCredit:
    """Note that more was given back than was left: the customer owes `amount`."""
    return credit_add(
        payment=payment,
        transaction=transaction,
        amount=-amount,
        source=CreditSource.OVERDRAWN,
        note="",
        now=now,
    )


def credit_shrink(*, payment: Payment, amount: Decimal) -> Decimal:
    """Take up to `amount` from what a payment left as credit, newest first; returns how much was there."""
    taken = ZERO
    if amount <= 0:
        return taken
    for credit in locks.credits_of_payment(payment_id=payment.pk):
        part = min(credit.remaining, amount - taken)
        if part > 0:
            credit.remaining -= part
            credit.save(update_fields=["remaining"])
            taken += part
    return taken


def _shrink(*, rows: Sequence[Allocation], amount: Decimal, now: datetime) -> Decimal:
    """Reverse allocations until `amount` is free; the last one is taken apart by a new row for what stays."""
    taken = ZERO
    for row in rows:
        part = min(row.amount, amount - taken)
        if part <= 0:
            break
        _move(rows=[row], state=AllocationState.REVERSED)
        if part < row.amount:
            Allocation.objects.create(
                invoice_id=row.invoice_id,
                kind=row.kind,
                state=AllocationState.LIVE,
                amount=row.amount - part,
                payment_id=row.payment_id,
                transaction_id=row.transaction_id,
                occurred_on=row.occurred_on,
                created_at=now,
            )
        taken += part
    return taken


def _add(
    *,
    state: AllocationState,
    invoice: Invoice,
    payment: Payment,
    transaction: PaymentTransaction,
    amount: Decimal,
    occurred_on: date,
    now: datetime,
) -> Allocation:
    return Allocation.objects.create(
        invoice=invoice,
        kind=AllocationKind.PAYMENT,
        state=state,
        amount=amount,
        payment=payment,
        transaction=transaction,
        occurred_on=occurred_on,
        created_at=now,
    )


def _move(*, rows: Sequence[Allocation], state: AllocationState) -> None:
    if rows:
        Allocation.objects.filter(pk__in=[row.pk for row in rows]).update(state=state)
