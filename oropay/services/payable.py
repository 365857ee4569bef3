"""Opening payables and keeping their money columns true."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from django.db.models import F

from commerce.models import Customer, Order, Organization
from commerce.money import rounded
from oropay import locks
from oropay.models import (
    INITIATING,
    LIVE,
    Action,
    Payable,
    PayableKind,
    Payment,
    PaymentPayable,
    PaymentTransaction,
    TransactionState,
)
from oropay.ports import payable_handlers
from oropay.status import Sums, money_state, payment_status, sums_of

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
    rows: list[PaymentTransaction] = list(
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
    payable.is_closed = figures.is_closed or figures.is_billed
    payable.status = payment_status(
        total=payable.total,
        paid=payable.paid,
        cleared=payable.cleared,
        sums=sums,
        tried=bool(starts),
        refused=bool(starts) and all(row.state in REFUSED for row in starts),
        billed=figures.is_billed,
    )
    payable.save(update_fields=["total", "paid", "settling", "held", "refunded", "cleared", "is_closed", "status"])


def payable_take_over(*, old: Payable, new: Payable) -> int:
    """Let `new` (an invoice) stand where `old` (its order) stood in every payment: later captures, voids and refunds
    of those payments reach the invoice. Returns how many payments moved.

    Inside the caller's transaction, which has noted that the old one is billed. Whoever holds a payable decides about
    its parts, so both are locked here. Nothing may be running that names the old payable: see `payable_running`.
    """
    held = {payable.pk: payable for payable in locks.payables(ids=[old.pk, new.pk])}
    moved = PaymentPayable.objects.filter(payable=old).update(payable=new)
    for payable in held.values():
        payable_recompute(payable=payable)
    return moved


def payable_running(*, payable: Payable) -> bool:
    """Whether any conversation with the gateway about this payable's payments has no outcome yet.

    Pending bank debits and open holds are outcomes: they may go on for days.
    """
    return PaymentTransaction.objects.filter(
        payment__parts__payable=payable, state__in=[*LIVE, TransactionState.AWAITING_APPROVAL]
    ).exists()


def money_states_write(families: Mapping[Payment, Sequence[PaymentTransaction]]) -> None:
    """Write where the money of locked payments is now, from all their transactions; nobody else writes it."""
    moved = [payment for payment, rows in families.items() if payment.money_state != money_state(rows)]
    for payment in moved:
        payment.money_state = money_state(families[payment])
    Payment.objects.bulk_update(moved, ["money_state"])


def is_live(*, transactions: Iterable[PaymentTransaction]) -> bool:
    """Whether a payment keeps its payables to itself: an initiating transaction has no outcome yet."""
    return any(row.action in INITIATING and row.state in LIVE for row in transactions)
