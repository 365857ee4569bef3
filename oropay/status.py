"""Where the money is: pure functions from transactions to states. No I/O, so that tables can test them."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from oropay.models import Action, MoneyState, PaymentStatus, PaymentTransaction, TransactionState

ZERO = Decimal(0)
S = TransactionState
INCOMING = frozenset({Action.CHARGE, Action.OFFLINE_RECEIPT})


@dataclass(frozen=True)
class Sums:
    """Money of one payment or payable, in major units. `net` never counts what is still settling."""

    authorized: Decimal = ZERO
    """Approved holds, whatever became of them."""
    held: Decimal = ZERO
    """Holds still open."""
    captured: Decimal = ZERO
    """Approved charges and captures, less those voided."""
    settling: Decimal = ZERO
    refunded: Decimal = ZERO
    refunding: Decimal = ZERO
    """Refunds that have not ended; they already lower what can be given back."""
    returned: Decimal = ZERO
    canceled: Decimal = ZERO
    """Holds released and charges voided."""

    @property
    def net(self) -> Decimal:
        return self.captured - self.refunded - self.returned

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(**{name: getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__})

    def scaled(self, *, part: Decimal, whole: Decimal) -> "Sums":
        """The share of a payable that got `part` of a payment over `whole`."""
        if part == whole:
            return self
        return Sums(**{name: getattr(self, name) * part / whole for name in self.__dataclass_fields__})


def sums_of(transactions: Iterable[PaymentTransaction]) -> Sums:
    """Add up one payment's transactions."""
    rows = list(transactions)
    by_id = {row.pk: row for row in rows}
    approved = [row for row in rows if row.state == S.APPROVED]

    def total(*actions: Action) -> Decimal:
        return sum((row.amount for row in approved if row.action in actions), ZERO)

    voided = released = ZERO
    for row in approved:
        if row.action in {Action.CANCEL, Action.RELEASE} and row.parent_id in by_id:
            parent = by_id[row.parent_id]
            if parent.state != S.APPROVED:
                continue
            if parent.action in {Action.CHARGE, Action.CAPTURE}:
                voided += row.amount
            else:
                released += row.amount
    authorized = total(Action.AUTHORIZE)
    captures = total(Action.CAPTURE)
    return Sums(
        authorized=authorized,
        held=max(ZERO, authorized - captures - released),
        captured=captures + total(Action.CHARGE, Action.OFFLINE_RECEIPT) - voided,
        settling=sum((row.amount for row in rows if row.state == S.PENDING and row.action in INCOMING), ZERO),
        refunded=total(Action.REFUND),
        refunding=sum(
            (
                row.amount
                for row in rows
                if row.action == Action.REFUND and row.state not in {S.APPROVED, S.DECLINED, S.FAILED, S.CANCELED}
            ),
            ZERO,
        ),
        returned=total(Action.RETURN, Action.CHARGEBACK) - total(Action.CHARGEBACK_REVERSAL),
        canceled=voided + released,
    )


INITIAL_WORD = {
    S.UNKNOWN: MoneyState.UNKNOWN,
    S.ACTION_REQUIRED: MoneyState.ACTION_REQUIRED,
    S.REVIEW: MoneyState.REVIEW,
    S.QUEUED: MoneyState.PROCESSING,
    S.SENDING: MoneyState.PROCESSING,
    S.AWAITING_APPROVAL: MoneyState.PROCESSING,
}
FINAL_WORD = {
    S.DECLINED: MoneyState.DECLINED,
    S.CANCELED: MoneyState.CANCELED,
    S.EXPIRED: MoneyState.EXPIRED,
    S.FAILED: MoneyState.FAILED,
}


def money_state(transactions: Iterable[PaymentTransaction]) -> MoneyState:
    """One word for where a payment's money is: what is open comes before what is done."""
    rows = sorted(transactions, key=lambda row: row.pk)
    starts = [row for row in rows if row.action in {Action.AUTHORIZE, Action.CHARGE, Action.OFFLINE_RECEIPT}]
    if any(row.state == S.UNKNOWN for row in rows):
        return MoneyState.UNKNOWN
    for row in reversed(starts):
        if row.state in INITIAL_WORD:
            return INITIAL_WORD[S(row.state)]
    sums = sums_of(rows)
    if sums.returned > 0 and sums.net <= 0:
        return MoneyState.RETURNED
    if sums.refunded > 0:
        return MoneyState.REFUNDED if sums.net <= 0 else MoneyState.PARTIALLY_REFUNDED
    if sums.captured > 0:
        taken = [r for r in rows if r.state == S.APPROVED and r.action in {Action.CHARGE, Action.CAPTURE}]
        return MoneyState.SETTLED if taken and all(r.settled_at for r in taken) else MoneyState.CAPTURED
    if sums.settling > 0:
        return MoneyState.SETTLING
    if sums.held > 0:
        return MoneyState.AUTHORIZED
    if sums.canceled > 0:
        return MoneyState.CANCELED
    if starts:
        return FINAL_WORD.get(S(starts[-1].state), MoneyState.CANCELED)
    return MoneyState.PROCESSING


def payment_status(
    *, total: Decimal, paid: Decimal, cleared: Decimal, sums: Sums, tried: bool, refused: bool, billed: bool = False
) -> PaymentStatus:
    """The status OroCommerce users know, by domain.md "Money state and payment status".

    `paid` is what counts for this payable (net captured for an order, live allocations for an invoice); `tried` says
    that somebody tried to pay, `refused` that every attempt ended without money, `billed` that an invoice took over
    what is owed and what was paid.
    """
    if billed:
        return PaymentStatus.INVOICED
    net = paid
    refunds = sums.refunded + sums.returned
    if net >= total or (net + cleared >= total and refunds == 0):
        return PaymentStatus.FULL
    if refunds > 0:
        return PaymentStatus.REFUNDED if net <= 0 else PaymentStatus.REFUNDED_PARTIALLY
    if sums.held > 0:
        return PaymentStatus.AUTHORIZED if net + sums.held >= total else PaymentStatus.AUTHORIZED_PARTIALLY
    if net > 0:
        return PaymentStatus.PARTIALLY
    if sums.canceled > 0:
        return PaymentStatus.CANCELED if sums.canceled >= total else PaymentStatus.CANCELED_PARTIALLY
    if tried and refused:
        return PaymentStatus.DECLINED
    return PaymentStatus.PENDING
