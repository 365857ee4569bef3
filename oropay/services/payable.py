"""Opening payables and keeping their money columns true."""

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import F

from commerce.models import Customer, Order, Organization
from commerce.money import rounded
from oropay.models import INITIATING, LIVE, Action, Payable, PayableKind, PaymentTransaction, TransactionState
from oropay.ports import payable_handlers
from oropay.status import Sums, payment_status, sums_of

REFUSED = frozenset(
    {TransactionState.DECLINED, TransactionState.FAILED, TransactionState.CANCELED, TransactionState.EXPIRED}
)


def payable_open(
    *,
    kind: PayableKind,
    organization: Organization,
    customer: Customer,
    currency: str,
    number: str,
    total: Decimal,
    order: Order | None = None,
    account: Customer | None = None,
) -> Payable:
    """Make the row that says "this is owed", beside its order, invoice or account."""
    return Payable.objects.create(
        kind=kind,
        organization=organization,
        customer=customer,
        currency=currency,
        number=number,
        total=total,
        order=order,
        account=account,
    )


def payable_sums(*, payable: Payable) -> tuple[Sums, list[PaymentTransaction]]:
    """This payable's share of every payment that names it, in one query."""
    rows = list(
        PaymentTransaction.objects.filter(payment__parts__payable=payable)
        .annotate(part=F("payment__parts__amount"), whole=F("payment__amount"))
        .order_by("payment_id", "pk")
    )
    by_payment: dict[int, list[PaymentTransaction]] = {}
    for row in rows:
        by_payment.setdefault(row.payment_id, []).append(row)
    total = Sums()
    for transactions in by_payment.values():
        first = transactions[0]
        total += sums_of(transactions).scaled(part=first.part, whole=first.whole)  # type: ignore[attr-defined]
    return total, rows


def payable_recompute(*, payable: Payable) -> None:
    """Write the money columns and the status of a payable that the caller has locked.

    Called by `engine.record` and by every service that adds or reverses an allocation; nobody else writes them.
    """
    figures = payable_handlers.get(payable.kind).figures(payable=payable)
    sums, rows = payable_sums(payable=payable)
    starts = [row for row in rows if row.action in INITIATING or row.action == Action.OFFLINE_RECEIPT]

    def amount(value: Decimal) -> Decimal:
        return rounded(value, payable.currency)

    payable.total = figures.total
    payable.paid = amount(sums.net if figures.paid is None else figures.paid)
    payable.settling = amount(sums.settling if figures.settling is None else figures.settling)
    payable.held = amount(sums.held)
    payable.refunded = amount(sums.refunded + sums.returned)
    payable.cleared = figures.cleared
    payable.is_closed = figures.is_closed
    payable.status = payment_status(
        total=payable.total,
        paid=payable.paid,
        cleared=payable.cleared,
        sums=sums,
        tried=bool(starts),
        refused=bool(starts) and all(row.state in REFUSED for row in starts),
    )
    payable.save(update_fields=["total", "paid", "settling", "held", "refunded", "cleared", "is_closed", "status"])


def is_live(*, transactions: Iterable[PaymentTransaction]) -> bool:
    """Whether a payment keeps its payables to itself: an initiating transaction has no outcome yet."""
    return any(row.action in INITIATING and row.state in LIVE for row in transactions)
