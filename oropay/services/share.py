"""How much of a payment's transactions belongs to one of the payables it pays."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial

from commerce.money import shares
from oropay.models import (
    Action,
    Payable,
    PayableKind,
    Payment,
    PaymentPayable,
    PaymentTransaction,
    RefundLine,
    TransactionState,
)
from oropay.ports import MoneyEvent, payable_handlers
from oropay.status import WITHOUT_MONEY, AmountOf, Sums, sums_of

ZERO = Decimal(0)
COMES_BACK = frozenset({Action.CHARGEBACK_REVERSAL, Action.CANCEL})
"""What undoes a loss or a refund; a capture brings other money."""


@dataclass(frozen=True)
class Share:
    """One payment's transactions, and how much of it is for one payable."""

    payment_id: int
    method: str
    part: Decimal
    whole: Decimal
    transactions: list[PaymentTransaction]


def own_sums(*, payable: Payable, rows: Sequence[Share]) -> Sums:
    """What these payments mean to this payable. No query while every payment pays one thing.

    A transaction is shared by what each part of its payment is, the rest of a cent by largest remainder, as `record`
    shares it among the payables' owners. A refund is this payable's as far as its lines say so; what they take from an
    order that is billed now is its invoice's. What they take from unallocated credit was no invoice's any more.
    """
    parts = _parts(payment_ids=[own.payment_id for own in rows if own.part != own.whole])
    lines = _lines(rows=rows) if parts or payable.kind == PayableKind.INVOICE else {}
    total = Sums()
    for own in rows:
        of_payment = parts.get(own.payment_id)
        amounts = _own_amounts(payable=payable, family=own.transactions, parts=of_payment, lines=lines)
        amount_of = partial(_known, amounts)
        sums = sums_of(own.transactions, amount_of=amount_of)
        if of_payment is not None:
            # What is left of a hold is shared as one: shares of its parts would leave a cent here and there.
            held = sums_of(own.transactions).held
            currency = own.transactions[0].currency
            sums = replace(sums, held=_share(held, payable_id=payable.pk, parts=of_payment, currency=currency))
        if sums.refunded + sums.returned + sums.lost > 0:
            sums = _without(_owed_by_memo(own.transactions, amount_of=amount_of), sums=sums)
        total += sums
    return total


def _owed_by_memo(family: Sequence[PaymentTransaction], *, amount_of: AmountOf) -> Decimal:
    """What went back beyond what the payment covered at that moment: a debit memo asks for it, no document of its own
    does. What is captured later covers none of it, and what comes back is first for the memo.
    """
    beyond = before = ZERO
    booked: list[PaymentTransaction] = []
    for row in _as_booked(row for row in family if row.state == TransactionState.APPROVED):
        booked.append(row)
        net = sums_of(booked, amount_of=amount_of).net
        if row.action in COMES_BACK and net > before:
            beyond = max(ZERO, beyond - (net - before))
        beyond, before = max(beyond, -net), net
    return beyond


def _as_booked(rows: Iterable[PaymentTransaction]) -> list[PaymentTransaction]:
    """In the order of their moments. Workers' clocks write those, so that no row comes before the one it follows."""
    at: dict[int | None, datetime] = {}
    ordered = sorted(rows, key=lambda row: row.pk)
    for row in ordered:
        own = row.ended_at or row.created_at
        at[row.pk] = max(own, at.get(row.parent_id, own))
    return sorted(ordered, key=lambda row: (at[row.pk], row.pk))


def _without(beyond: Decimal, *, sums: Sums) -> Sums:
    """The same money, but for what was taken beyond: losses were last to find something left, refunds first."""
    lost = max(ZERO, sums.lost - beyond)
    beyond -= sums.lost - lost
    returned = max(ZERO, sums.returned - beyond)
    beyond -= sums.returned - returned
    return replace(sums, lost=lost, returned=returned, refunded=sums.refunded - beyond)


def _known(amounts: Mapping[int, Decimal], row: PaymentTransaction) -> Decimal:
    return amounts[row.pk]


def net_at(*, event: MoneyEvent, after: bool) -> Decimal:
    """What an event's payment had brought to its payable before the event's transaction, or has `after` it."""
    part = event.payment.parts.get(payable=event.payable)
    rows = [row for row in event.payment.transactions.order_by("pk") if after or row.pk != event.transaction.pk]
    share = Share(
        payment_id=event.payment.pk,
        method=event.payment.method,
        part=part.amount,
        whole=event.payment.amount,
        transactions=rows,
    )
    return own_sums(payable=event.payable, rows=[share]).net


def left_by_payable(*, payment: Payment, family: Sequence[PaymentTransaction]) -> Mapping[int, Decimal]:
    """By payable id, what a payment took for it less what its refunds name of it, those under way too, in major units.

    What disputes took is not taken off: that is the payment's, and its limits know it.
    """
    parts = _parts(payment_ids=[payment.pk])[payment.pk]
    lines = list(
        RefundLine.objects.filter(refund__payment=payment, payable__isnull=False).exclude(
            refund__state__in=WITHOUT_MONEY
        )
    )
    heirs = stands_now(lines=lines, among=[part.payable_id for part in parts])
    named: defaultdict[int, Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.payable_id is not None:
            named[heirs.get(line.payable_id, line.payable_id)] += line.amount
    left: dict[int, Decimal] = {}
    for part in parts:
        of_part = partial(_share, payable_id=part.payable_id, parts=parts, currency=payment.currency)
        captured = sums_of(family, amount_of=lambda row, of_part=of_part: of_part(row.amount)).captured  # type: ignore[misc]
        left[part.payable_id] = captured - named[part.payable_id]
    return left


def stands_now(*, lines: Iterable[RefundLine], among: Collection[int]) -> Mapping[int, int]:
    """Which of the payables that a payment pays took over what lines of its refunds name, by the ids of both.

    Empty, and asks nobody, where nothing was billed since the refunds were asked for.
    """
    gone = {line.payable_id for line in lines if line.payable_id is not None} - set(among)
    found: dict[int, int] = {}
    for handler in payable_handlers.all() if gone else ():
        found |= handler.took_over(old=gone, among=among)
    return found


def _own_amounts(
    *,
    payable: Payable,
    family: Sequence[PaymentTransaction],
    parts: Sequence[PaymentPayable] | None,
    lines: Mapping[int, Sequence[RefundLine]],
) -> Mapping[int, Decimal]:
    """By transaction id, how much of it is this payable's. `parts` is None where the payment pays nothing else."""
    own: dict[int, Decimal] = {}
    named = [line for row in family for line in lines.get(row.pk, ())]
    heirs = stands_now(lines=named, among=[part.payable_id for part in parts]) if parts is not None else {}
    for row in family:
        if row.pk in lines:
            own[row.pk] = _of_refund(payable=payable, lines=lines[row.pk], heirs=heirs, row=row, parts=parts)
        elif parts is None:
            own[row.pk] = row.amount
        else:
            own[row.pk] = _share(row.amount, payable_id=payable.pk, parts=parts, currency=row.currency)
    return own


def _of_refund(
    *,
    payable: Payable,
    lines: Sequence[RefundLine],
    heirs: Mapping[int, int],
    row: PaymentTransaction,
    parts: Sequence[PaymentPayable] | None,
) -> Decimal:
    counted = [line for line in lines if line.payable_id is not None or payable.kind != PayableKind.INVOICE]
    if parts is None:
        return sum((line.amount for line in counted), ZERO)
    named = nobodys = ZERO
    for line in counted:
        if line.payable_id is None:
            nobodys += line.amount
        elif heirs.get(line.payable_id, line.payable_id) == payable.pk:
            named += line.amount
    return named + _share(nobodys, payable_id=payable.pk, parts=parts, currency=row.currency)


def _share(amount: Decimal, *, payable_id: int, parts: Sequence[PaymentPayable], currency: str) -> Decimal:
    by_part = zip(parts, shares(amount, [part.amount for part in parts], currency), strict=True)
    return next(share for part, share in by_part if part.payable_id == payable_id)


def _parts(*, payment_ids: Iterable[int]) -> Mapping[int, list[PaymentPayable]]:
    ids = list(payment_ids)
    found: dict[int, list[PaymentPayable]] = {payment_id: [] for payment_id in ids}
    for part in PaymentPayable.objects.filter(payment__in=ids).order_by("payable_id") if ids else ():
        found[part.payment_id].append(part)
    return found


def _lines(*, rows: Sequence[Share]) -> Mapping[int, list[RefundLine]]:
    refunds = [row.pk for own in rows for row in own.transactions if row.action == Action.REFUND]
    found: dict[int, list[RefundLine]] = {}
    for line in RefundLine.objects.filter(refund__in=refunds) if refunds else ():
        found.setdefault(line.refund_id, []).append(line)
    return found
