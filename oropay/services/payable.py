"""Opening payables and keeping their money columns true."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db import connection
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
from oropay.services.share import Share, own_sums
from oropay.services.threeds import wants_authentication
from oropay.status import is_refused, last_failure, money_state, payment_status
from plumbing.prepared import prepared


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


def payable_recompute(*, payable: Payable) -> None:
    """Write the money columns and the status of a payable that the caller has locked.

    Called by `engine.record` and by every service that adds or reverses an allocation; nobody else writes them.
    """
    MoneyColumns(payables=[payable]).write()


COLUMNS = {
    "total": "numeric",
    "paid": "numeric",
    "settling": "numeric",
    "held": "numeric",
    "refunded": "numeric",
    "disputed": "numeric",
    "cleared": "numeric",
    "is_closed": "boolean",
    "status": "text",
    "derived_status": "text",
    "method": "text",
    "failed_as": "text",
    "failed_at": "timestamptz",
    "bank_asks": "boolean",
}
"""What is derived of a payable, and how Postgres calls it."""

PAYMENT = "payment AS (UPDATE oropay_payment SET money_state = %s WHERE id = %s AND money_state <> %s)"
PARTS = "parts AS (UPDATE oropay_paymentpayable SET live = %s WHERE payment_id = %s AND live <> %s)"
PAYABLES = (
    f"UPDATE oropay_payable AS old SET {', '.join(f'{name} = new.{name}' for name in COLUMNS)} "  # noqa: S608
    f"FROM unnest(%s::bigint[], {', '.join(f'%s::{kind}[]' for kind in COLUMNS.values())}) "
    f"AS new (id, {', '.join(COLUMNS)}) WHERE old.id = new.id"
)
MONEY_COLUMNS = f"WITH {PAYMENT}, {PARTS} {PAYABLES}"


@dataclass
class MoneyColumns:
    """How much of locked payables is paid, held and due after what has just happened: written in one statement."""

    payables: Sequence[Payable]
    payment: Payment | None = None
    """Of the payment that `record` works on: where its money is, and whether it is live, are written too."""
    family: Sequence[PaymentTransaction] = ()
    parts: Sequence[PaymentPayable] | None = None
    """All parts of these payables, if the caller has read them; then what `family` is known for is not read again."""

    def write(self) -> None:
        rows = self._transactions()
        for payable in self.payables:
            _derive(payable=payable, rows=rows.get(payable.pk, []))
        with connection.cursor() as cursor:
            if self.payment is not None:
                self.payment.money_state = money_state(self.family)
                live = is_live(transactions=self.family)
                cursor.execute(
                    prepared(name="money columns", sql=MONEY_COLUMNS, connection=connection),
                    [
                        *(self.payment.money_state, self.payment.pk, self.payment.money_state),
                        *(live, self.payment.pk, live),
                        *self._columns(),
                    ],
                )
            elif self.payables:
                cursor.execute(PAYABLES, self._columns())

    def _transactions(self) -> dict[int, list[Share]]:
        """Every transaction of every payment that pays these payables, with the share that each payable has of it."""
        found: dict[int, list[Share]] = {payable.pk: [] for payable in self.payables}
        asked = list(found)
        if self.payment is not None and self.parts is not None:
            several = {part.payable_id for part in self.parts if part.payment_id != self.payment.pk}
            for part in self.parts:
                if part.payment_id == self.payment.pk and part.payable_id not in several:
                    found[part.payable_id] = [
                        Share(
                            payment_id=self.payment.pk,
                            method=self.payment.method,
                            part=part.amount,
                            whole=self.payment.amount,
                            transactions=list(self.family),
                        )
                    ]
            asked = [pk for pk in found if pk in several]
        if asked:
            rows = (
                PaymentTransaction.objects.filter(payment__parts__payable__in=asked)
                .annotate(
                    payable_id=F("payment__parts__payable_id"),
                    part=F("payment__parts__amount"),
                    whole=F("payment__amount"),
                    method=F("payment__method"),
                )
                .order_by("payable_id", "payment_id", "pk")
            )
            for (payable_id, payment_id), own in groupby(rows, key=lambda row: (row.payable_id, row.payment_id)):
                family: list[Any] = list(own)
                found[payable_id].append(
                    Share(
                        payment_id=payment_id,
                        method=family[0].method,
                        part=family[0].part,
                        whole=family[0].whole,
                        transactions=family,
                    )
                )
        return found

    def _columns(self) -> list[list[Any]]:
        return [[getattr(payable, name) for payable in self.payables] for name in ("pk", *COLUMNS)]


def _derive(*, payable: Payable, rows: Sequence[Share]) -> None:
    """Set the columns of one payable from what its owner and its payments say."""
    figures = payable_handlers.get(payable.kind).figures(payable=payable)
    sums = own_sums(payable=payable, rows=rows)
    transactions = [row for own in rows for row in own.transactions]

    def amount(value: Decimal) -> Decimal:
        return rounded(value, payable.currency)

    payable.total = figures.total
    payable.paid = amount(sums.net if figures.paid is None else figures.paid)
    payable.settling = amount(sums.settling if figures.settling is None else figures.settling)
    payable.held = amount(sums.held)
    payable.refunded = amount(sums.refunded)
    payable.disputed = amount(sums.disputed)
    payable.cleared = figures.cleared
    payable.is_closed = figures.is_closed or figures.is_billed
    payable.derived_status = payment_status(
        total=payable.total,
        paid=payable.paid,
        cleared=payable.cleared,
        sums=sums,
        refused=is_refused(transactions),
        billed=figures.is_billed,
    )
    if not payable.is_forced:
        payable.status = payable.derived_status
    failure = last_failure(transactions)
    payable.failed_as, payable.failed_at = (failure.state, failure.ended_at) if failure else ("", None)
    payable.bank_asks = failure is not None and wants_authentication(failure, family=transactions)
    payable.method = rows[-1].method if rows else ""


def payable_take_over(*, old: Payable, new: Payable) -> int:
    """Let `new` (an invoice) stand where `old` (its order) stood in every payment: later captures, voids and refunds
    of those payments reach the invoice. Returns how many payments moved.

    Inside the caller's transaction, which has noted that the old one is billed. Whoever holds a payable decides about
    its parts, so both are locked here. Nothing but refunds may be running that names the old payable: see
    `payable_running`. They are asked then what took it over: see `share.stands_now`.
    """
    held = {payable.pk: payable for payable in locks.payables(ids=[old.pk, new.pk])}
    moved = PaymentPayable.objects.filter(payable=old).update(payable=new)
    for payable in held.values():
        payable_recompute(payable=payable)
    return moved


def payable_running(*, payable: Payable, besides: Collection[Action] = ()) -> bool:
    """Whether any conversation with the gateway about this payable's payments, `besides` some, has no outcome yet.

    Pending bank debits and open holds are outcomes: they may go on for days.
    """
    running = PaymentTransaction.objects.filter(
        payment__parts__payable=payable, state__in=[*LIVE, TransactionState.AWAITING_APPROVAL]
    )
    return running.exclude(action__in=besides).exists()


def money_states_write(families: Mapping[Payment, Sequence[PaymentTransaction]]) -> None:
    """Write where the money of locked payments is now, from all their transactions; nobody else writes it."""
    moved = [payment for payment, rows in families.items() if payment.money_state != money_state(rows)]
    for payment in moved:
        payment.money_state = money_state(families[payment])
    Payment.objects.bulk_update(moved, ["money_state"])


def is_live(*, transactions: Iterable[PaymentTransaction]) -> bool:
    """Whether a payment keeps its payables to itself: an initiating transaction has no outcome yet."""
    return any(row.action in INITIATING and row.state in LIVE for row in transactions)
