"""Where the money is: pure functions from transactions to states. No I/O, so that tables can test them.

Each function says which rule it is.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from oropay.models import AUTHENTICATING, Action, MoneyState, PaymentStatus, PaymentTransaction, TransactionState

ZERO = Decimal(0)
S = TransactionState
INCOMING = frozenset({Action.CHARGE, Action.OFFLINE_RECEIPT})
"""What brings money by itself; a capture brings what its hold promised."""
PRELUDES = AUTHENTICATING | {Action.VALIDATE}
"""What may come before a hold or a charge: approved, it says nothing about money yet; refused, it is the end."""
ANSWERED_LAST = frozenset({Action.AUTHENTICATE_INITIATE, Action.AUTHENTICATE_RESULT})
"""Approved in time, one of these is followed by a hold or a charge at once."""
STARTS = PRELUDES | INCOMING | {Action.AUTHORIZE, Action.CREDIT}
"""What a payment begins with; its answer is the payment's while nothing has followed."""
WITHOUT_MONEY = frozenset({S.DECLINED, S.FAILED, S.CANCELED, S.EXPIRED})
"""An attempt that ended like this brought nothing."""

AmountOf = Callable[[PaymentTransaction], Decimal]


@dataclass(frozen=True)
class Sums:
    """Money of one payment or payable, in major units. `net` never counts what is still settling or only disputed."""

    authorized: Decimal = ZERO
    """Approved holds, whatever became of them."""
    held: Decimal = ZERO
    """Holds still open."""
    captured: Decimal = ZERO
    """Approved charges and captures, less those voided."""
    settling: Decimal = ZERO
    """Accepted, and not sure yet: bank debits under way, checks expected."""
    refunded: Decimal = ZERO
    refunding: Decimal = ZERO
    """Refunds that have not ended; they already lower what can be given back."""
    returned: Decimal = ZERO
    """Bank debits the bank took back."""
    disputed: Decimal = ZERO
    """Taken back while we dispute it; still in `net`."""
    lost: Decimal = ZERO
    """Lost in disputes that are decided."""
    given: Decimal = ZERO
    """Standalone credits: money given without an earlier charge."""
    canceled: Decimal = ZERO
    """Holds released and charges voided."""

    @property
    def net(self) -> Decimal:
        """captured − refunded − returned − lost disputes."""
        return self.captured - self.refunded - self.returned - self.lost

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(**{name: getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__})


def whole_amount(row: PaymentTransaction) -> Decimal:
    """All of a transaction: what it means to its payment."""
    amount: Decimal = row.amount
    return amount


def sums_of(transactions: Iterable[PaymentTransaction], *, amount_of: AmountOf = whole_amount) -> Sums:
    """Add up one payment's transactions; `amount_of` says how much of each belongs to the payable that asks."""
    rows = list(transactions)
    by_id = {row.pk: row for row in rows}
    approved = [row for row in rows if row.state == S.APPROVED]

    def total(*actions: Action, among: Sequence[PaymentTransaction] = approved) -> Decimal:
        return sum((amount_of(row) for row in among if row.action in actions), ZERO)

    renewed = {row.parent_id for row in approved if row.action == Action.REAUTHORIZE}
    voided = released = unrefunded = recovered = ZERO
    for row in approved:
        parent = by_id.get(row.parent_id) if row.parent_id else None
        if row.action == Action.CHARGEBACK_REVERSAL and parent is not None and parent.action == Action.CHARGEBACK_LOST:
            recovered += amount_of(row)
        if row.action not in {Action.CANCEL, Action.RELEASE} or parent is None or parent.state != S.APPROVED:
            continue
        if parent.action in {Action.CHARGE, Action.CAPTURE}:
            voided += amount_of(row)
        elif parent.action == Action.REFUND:
            unrefunded += amount_of(row)
        elif parent.pk not in renewed and not is_nobodys_hold(parent):  # a renewed hold lives on in its renewal
            released += amount_of(row)
    authorized, captures = total(Action.AUTHORIZE), total(Action.CAPTURE)
    lost = total(Action.CHARGEBACK_LOST) - recovered
    return Sums(
        authorized=authorized,
        held=max(ZERO, authorized - captures - released),
        captured=captures + total(*INCOMING) - voided,
        settling=total(*INCOMING, among=[row for row in rows if row.state == S.PENDING]),
        refunded=total(Action.REFUND) - unrefunded,
        refunding=total(
            Action.REFUND, among=[row for row in rows if row.state not in WITHOUT_MONEY and row.state != S.APPROVED]
        ),
        returned=total(Action.RETURN),
        disputed=total(Action.CHARGEBACK) - total(Action.CHARGEBACK_REVERSAL) - lost,
        lost=lost,
        given=total(Action.CREDIT),
        canceled=voided + released,
    )


def is_nobodys_hold(row: PaymentTransaction) -> bool:
    """Whether it is a renewal that turned up late: the old hold counts as it did, so giving it back frees nothing.

    It is never captured, renewed or counted, only given back. Any other hold that turned up late is a hold.
    """
    return row.late and row.action == Action.REAUTHORIZE


def attempts_of(transactions: Iterable[PaymentTransaction]) -> list[PaymentTransaction]:
    """What somebody tried in order to pay, oldest first. An approved prelude is no attempt of its own."""
    return sorted(
        (
            row
            for row in transactions
            if row.action in STARTS and not (row.action in PRELUDES and row.state == S.APPROVED)
        ),
        key=lambda row: row.pk,
    )


def is_refused(transactions: Iterable[PaymentTransaction]) -> bool:
    """Whether somebody tried to pay and every attempt ended without money."""
    attempts = attempts_of(transactions)
    return bool(attempts) and all(row.state in WITHOUT_MONEY for row in attempts)


def last_failure(transactions: Iterable[PaymentTransaction]) -> PaymentTransaction | None:
    """The newest attempt to pay, if it ended without money; an older success does not hide it."""
    attempts = attempts_of(transactions)
    return attempts[-1] if attempts and attempts[-1].state in WITHOUT_MONEY else None


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
    """One word for where a payment's money is: what is open comes before what is done, bad news before good."""
    rows = sorted(transactions, key=lambda row: row.pk)
    attempts = attempts_of(rows)
    if any(row.state == S.UNKNOWN for row in rows):
        return MoneyState.UNKNOWN
    for row in reversed(attempts):
        if row.state in INITIAL_WORD:
            return INITIAL_WORD[S(row.state)]
    moved = _word_of_moved(sums_of(rows), rows)
    if moved is not None:
        return moved
    if not attempts and rows and all(row.action == Action.VALIDATE for row in rows):
        return MoneyState.VALIDATED
    if not attempts and any(row.action in ANSWERED_LAST for row in rows):
        return MoneyState.EXPIRED  # the bank said yes when nobody waited any more
    return FINAL_WORD.get(S(attempts[-1].state), MoneyState.CANCELED) if attempts else MoneyState.PROCESSING


def _word_of_moved(sums: Sums, rows: Sequence[PaymentTransaction]) -> MoneyState | None:
    """The word for money that moved; None when none ever did. A lost dispute reads like any money taken back."""
    if sums.disputed > 0:
        return MoneyState.DISPUTED
    if sums.returned + sums.lost > 0 and sums.net <= 0:
        return MoneyState.RETURNED
    if sums.refunded > 0:
        return MoneyState.REFUNDED if sums.net <= 0 else MoneyState.PARTIALLY_REFUNDED
    if sums.given > 0:
        return MoneyState.REFUNDED
    if sums.captured > 0:
        taken = [r for r in rows if r.state == S.APPROVED and r.action in {Action.CHARGE, Action.CAPTURE}]
        return MoneyState.SETTLED if taken and all(r.settled_at for r in taken) else MoneyState.CAPTURED
    if sums.settling > 0:
        return MoneyState.SETTLING
    if sums.held > 0:
        return MoneyState.AUTHORIZED
    if sums.canceled <= 0:
        return None
    nobodys = {row.pk for row in rows if is_nobodys_hold(row)}
    ends = [
        row
        for row in rows
        if row.state == S.APPROVED and row.action in {Action.CANCEL, Action.RELEASE} and row.parent_id not in nobodys
    ]
    once_taken = {row.pk for row in rows if row.action in {Action.CHARGE, Action.CAPTURE}}
    if any(row.parent_id in once_taken for row in ends):
        return MoneyState.CANCELED  # a void; what its hold held besides was let go with it
    return MoneyState.EXPIRED if ends[-1].action == Action.RELEASE else MoneyState.CANCELED


def payment_status(
    *, total: Decimal, paid: Decimal, cleared: Decimal, sums: Sums, refused: bool, billed: bool = False
) -> PaymentStatus:
    """The status OroCommerce users know: of these rules, in their order, the first that fits answers.

    `paid` is the net that counts for this payable (net captured for an order, live allocations for an invoice);
    `cleared` is what credits, discounts and write-offs took off its balance; `refused` says that every attempt ended
    without money; `billed` that an invoice took over what is owed and what was paid. Settling, unknown, returned and
    disputed money is shown beside it and never in it.
    """
    net, refunds = paid, sums.refunded
    if net >= total or (refunds <= 0 and net + cleared >= total):
        return PaymentStatus.FULL
    if refunds > 0:
        return PaymentStatus.REFUNDED if net <= 0 else PaymentStatus.REFUNDED_PARTIALLY
    if billed:
        return PaymentStatus.INVOICED
    if sums.held > 0:
        return PaymentStatus.AUTHORIZED if net + sums.held >= total else PaymentStatus.AUTHORIZED_PARTIALLY
    if net > 0:
        return PaymentStatus.PARTIALLY
    if sums.canceled > 0:
        return PaymentStatus.CANCELED if sums.canceled >= total else PaymentStatus.CANCELED_PARTIALLY
    return PaymentStatus.DECLINED if refused else PaymentStatus.PENDING
