"""Undo that a dispute is about a payment: somebody linked it to the wrong one."""

from collections.abc import Sequence
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


def unlink_refusal(*, dispute: Dispute) -> str:
    """Why a dispute cannot be taken from its payment now; empty when it can."""
    if dispute.transaction_id is None:
        return _("It has no payment.")
    if dispute.requests.filter(state__in=REQUEST_LIVE).exists():
        return _("An answer is on its way: withdraw it if it waits, else wait until it has arrived.")
    return ""


def booked_amount(*, dispute: Dispute) -> Decimal:
    """How much of its payment a dispute has taken in our books, lost or not, in major units."""
    if dispute.transaction is None:
        return ZERO
    return booked_of(dispute=dispute, family=list(family_of(payment=dispute.transaction.payment))).taken


@atomic(durable=True)
def dispute_unlink(*, dispute: Dispute, charge: PaymentTransaction, note: str, by: User, now: datetime) -> Dispute:
    """Say that a dispute is not about the charge it was linked to; it waits to be linked to another payment.

    All that it did to that payment is undone in our books: rows and entries by their opposites, and the debit memos
    made because of it are void. Whether its loss is pursued and what it is taken from must be said anew.

    Raises:
        NoteRequired: `note` is blank.
        UnlinkRefused: it has no payment or another one by now, an answer is on its way, or something is paid on a
            debit memo that was made because of it.
    """
    if not note.strip():
        raise NoteRequired
    note = note.strip()
    dispute = locks.dispute(pk=dispute.pk)
    refusal = unlink_refusal(dispute=dispute)
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


def _memos_void(*, news: Recording, dispute: Dispute, owed: Sequence[Debt], note: str, by: User) -> Decimal:
    """Void the debit memos that stand because of the dispute; returns how much of its loss they asked for.

    A memo that came from money which has come back since stays: the customer got credit to pay it with.
    """
    losses = {row.pk for row in rows_of(dispute=dispute, family=news.family) if row.action == Action.CHARGEBACK_LOST}
    refunds = {row.pk for row in news.family if row.action == Action.REFUND}
    lost = booked_of(dispute=dispute, family=news.family).lost
    unowed = ZERO
    for debt in reversed(owed):
        is_fee = debt.kind == DebtKind.DISPUTE_FEE and debt.cause_id in losses
        asks_loss = debt.kind == DebtKind.DISPUTE_LOST and debt.cause_id in losses | refunds
        if asks_loss and debt.amount <= lost - unowed:
            unowed += debt.amount
        elif not is_fee:
            continue
        debts.get(DEBTS).withdraw(debt=debt, note=note, by=by, now=news.now)
    return unowed


def _alerts_over(*, dispute: Dispute, charge: PaymentTransaction, now: datetime) -> None:
    """What asked people to look at this payment because of the dispute is over."""
    kinds = (AlertKind.AMOUNT_DIFFERS, AlertKind.DISPUTE_UNANSWERED)
    told = Alert.objects.filter(transaction=charge, kind__in=kinds, resolved_at=None, text__contains=dispute.gateway_id)
    told.update(resolved_at=now, remark=_("The dispute is not about this payment."))
