"""Undo that a dispute is about a payment: somebody linked it to the wrong one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import User
from ledger.services import period_hold
from oropay import locks
from oropay.engine.disputes.record import FACT
from oropay.engine.follow.dispute import booked_of, rows_of
from oropay.engine.follow.recording import Recording
from oropay.engine.follow.undispute import undo
from oropay.engine.record import payment_refresh, recording_lock
from oropay.exceptions import NoteRequired, UnlinkRefused
from oropay.models import (
    REQUEST_LIVE,
    Action,
    Alert,
    AlertKind,
    Dispute,
    DisputeLine,
    DisputeUnlink,
    PayableKind,
    PaymentPayable,
    PaymentTransaction,
)
from oropay.ports import DEBTS, Debt, DebtKind, debts, payable_handlers
from oropay.selectors import family_of
from plumbing.audit import because
from plumbing.services import note_add

ZERO = Decimal(0)


WRITE_OFF = "oropay.write_off_dispute"


def unlink_refusal(*, dispute: Dispute, by: User) -> str:
    """Why this person cannot take a dispute from its payment now; empty when they can.

    Once it was lost in our books, undoing it voids debit memos that customers have and ends a write-off, so whoever
    may not write off may not do that either.
    """
    if dispute.transaction_id is None:
        return _("It has no payment.")
    if dispute.requests.filter(state__in=REQUEST_LIVE).exists():
        return _("An answer is on its way: withdraw it if it waits, else wait until it has arrived.")
    if was_lost(dispute=dispute) and not by.has_perm(WRITE_OFF):
        return _("It was lost in our books: only who may write a loss off may undo its link.")
    return ""


def was_lost(*, dispute: Dispute) -> bool:
    """Whether the books of its payment ever said that it is lost, also if it was won after that."""
    rows = PaymentTransaction.objects.filter(gateway_id=dispute.gateway_id, action=Action.CHARGEBACK_LOST)
    return dispute.transaction is not None and rows.filter(payment=dispute.transaction.payment_id).exists()


@dataclass(frozen=True)
class Undoing:
    """What undoing the link of a dispute would do in our books."""

    back: Decimal
    """How much of what it took from its payment is given back, lost or not, in major units."""
    memos: Sequence[Debt]
    """The debit memos that would be void."""


def undoing_of(*, dispute: Dispute) -> Undoing:
    """What taking a dispute from its payment would do now."""
    if dispute.transaction is None:
        return Undoing(back=ZERO, memos=[])
    payment = dispute.transaction.payment
    family = list(family_of(payment=payment))
    because = _because_of(dispute=dispute, family=family, owed=debts.get(DEBTS).standing(payment=payment))
    return Undoing(back=booked_of(dispute=dispute, family=family).taken, memos=[*because.fees, *because.losses])


@atomic(durable=True)
def dispute_unlink(*, dispute: Dispute, charge: PaymentTransaction, note: str, by: User, now: datetime) -> Dispute:
    """Say that a dispute is not about the charge it was linked to; it waits to be linked to another payment.

    All that it did to that payment is undone in our books: rows and entries by their opposites, and the debit memos
    made because of it are void. Whether its loss is pursued and what it is taken from must be said anew.

    Raises:
        NoteRequired: `note` is blank.
        UnlinkRefused: it has no payment or another one by now, an answer is on its way, it was lost and `by` may not
            write that off, or something is paid on a debit memo that was made because of it.
    """
    if not note.strip():
        raise NoteRequired
    note = note.strip()
    dispute = locks.dispute(pk=dispute.pk)
    refusal = unlink_refusal(dispute=dispute, by=by)
    if not refusal and dispute.transaction_id != charge.pk:
        refusal = _("It is linked to another charge by now.")
    if refusal:
        raise UnlinkRefused(why=refusal)
    owed = _payables_lock(dispute=dispute, charge=charge, now=now)
    news = recording_lock(transaction_id=charge.pk, answer=FACT, now=now)
    unowed = _memos_void(news=news, dispute=dispute, owed=owed, note=note, by=by)
    undo(news=news, dispute=dispute, unowed=unowed, note=note, by=by, now=now)
    DisputeUnlink.objects.create(dispute=dispute, transaction=charge, by=by, at=now)
    dispute.transaction, dispute.not_pursued = None, False
    with because(by=by, why=note):
        DisputeLine.objects.filter(dispute=dispute).delete()
        dispute.save(update_fields=["transaction", "not_pursued"])
    payment_refresh(news=news)
    _alerts_over(dispute=dispute, charge=charge, now=now)
    text = _("Dispute {id} is not about payment #{number}; what it had booked there is undone: {note}")
    words = text.format(id=dispute.gateway_id, number=charge.payment_id, note=note)
    for told in (dispute, news.payment):
        note_add(on=told, text=words, by=by, now=now)
    return dispute


def _payables_lock(*, dispute: Dispute, charge: PaymentTransaction, now: datetime) -> Sequence[Debt]:
    """Lock what the payment pays and what it made the customer owe, in one order; returns the latter."""
    period_hold(organization_id=dispute.organization_id, day=dispute.organization.today(now))
    ids = {debt.payable.pk for debt in debts.get(DEBTS).standing(payment=charge.payment)}
    paid = PaymentPayable.objects.filter(payment=charge.payment_id).values_list("payable_id", flat=True)
    held = {payable.pk: payable for payable in locks.payables(ids=ids.union(paid))}
    invoices = [payable for payable in held.values() if payable.kind == PayableKind.INVOICE]
    payable_handlers.get(PayableKind.INVOICE).lock(payables=invoices)
    return [debt for debt in debts.get(DEBTS).standing(payment=charge.payment) if debt.payable.pk in held]


@dataclass(frozen=True)
class _BecauseOf:
    """The debit memos that stand because of a dispute, newest first."""

    fees: list[Debt]
    losses: list[Debt]


def _because_of(*, dispute: Dispute, family: list[PaymentTransaction], owed: Sequence[Debt]) -> _BecauseOf:
    """Which of what a payment made the customer owe would not be owed without the dispute.

    A memo that came from money which has come back since stays: the customer got credit to pay it with.
    """
    lost_by = {row.pk for row in rows_of(dispute=dispute, family=family) if row.action == Action.CHARGEBACK_LOST}
    refunds = {row.pk for row in family if row.action == Action.REFUND}
    left = booked_of(dispute=dispute, family=family).lost
    found = _BecauseOf(fees=[], losses=[])
    for debt in reversed(owed):
        asks_loss = debt.kind == DebtKind.DISPUTE_LOST and debt.cause_id in lost_by | refunds
        if debt.kind == DebtKind.DISPUTE_FEE and debt.cause_id in lost_by:
            found.fees.append(debt)
        elif asks_loss and debt.amount <= left:
            found.losses.append(debt)
            left -= debt.amount
    return found


def _memos_void(*, news: Recording, dispute: Dispute, owed: Sequence[Debt], note: str, by: User) -> Decimal:
    """Void the debit memos that stand because of the dispute; returns how much of its loss they asked for."""
    found = _because_of(dispute=dispute, family=news.family, owed=owed)
    for debt in [*found.fees, *found.losses]:
        debts.get(DEBTS).withdraw(debt=debt, note=note, by=by, now=news.now)
    return sum((debt.amount for debt in found.losses), ZERO)


def _alerts_over(*, dispute: Dispute, charge: PaymentTransaction, now: datetime) -> None:
    """What asked people to look at this payment because of the dispute is over."""
    kinds = (AlertKind.AMOUNT_DIFFERS, AlertKind.DISPUTE_UNANSWERED)
    told = Alert.objects.filter(transaction=charge, kind__in=kinds, resolved_at=None, text__contains=dispute.gateway_id)
    told.update(resolved_at=now, remark=_("The dispute is not about this payment."))
