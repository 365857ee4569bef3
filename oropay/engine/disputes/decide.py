"""What finance says of a dispute's money: which payment it is, what a loss is taken from, that it is given up."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import User
from commerce.money import exponent, format_money, shares
from ledger import postings
from ledger.models import EntryKind
from ledger.services import entry_post, period_hold
from oropay import locks
from oropay.engine.disputes.record import FACT, dispute_follow
from oropay.engine.follow.dispute import booked_of, rows_of, split_of, take_differently, write_off
from oropay.engine.follow.recording import Recording
from oropay.engine.record import payment_refresh, recording_lock
from oropay.exceptions import LinkRefused, NoteRequired, SplitRefused, WriteOffRefused
from oropay.models import (
    Action,
    Dispute,
    DisputeLine,
    Payable,
    PayableKind,
    PaymentTransaction,
    ProviderAccount,
    TransactionState,
)
from oropay.selectors import family_of, linked_twin
from plumbing.audit import because
from plumbing.services import note_add

ZERO = Decimal(0)


def link_candidates(*, dispute: Dispute, query: str = "") -> QuerySet[PaymentTransaction]:
    """Charges and captures a dispute may be about, newest first: same account and currency, of a payment that took at
    least as much. A dispute may be larger than each capture of a hold.

    `query` narrows them by our reference, the gateway's id, the customer's name or the number of what was paid.
    """
    money = _money(provider_account=dispute.provider_account).filter(currency=dispute.currency)
    took = (
        money.filter(payment=OuterRef("payment")).order_by().values("payment").annotate(sum=Sum("amount")).values("sum")
    )
    rows = money.alias(took=Subquery(took)).filter(Q(amount__gte=dispute.amount) | Q(took__gte=dispute.amount))
    if query:
        rows = (
            rows.filter(reference=query)
            | rows.filter(gateway_id=query)
            | rows.filter(payment__customer__name__icontains=query)
            | rows.filter(payment__parts__payable__number=query)
        ).distinct()
    return rows.select_related("payment__customer").order_by("-pk")


def _money(*, provider_account: ProviderAccount) -> QuerySet[PaymentTransaction]:
    return PaymentTransaction.objects.filter(
        payment__provider_account=provider_account,
        state=TransactionState.APPROVED,
        action__in=[Action.CHARGE, Action.CAPTURE],
    )


def lost_of(*, dispute: Dispute) -> Decimal:
    """How much of a dispute is given up in our books, in major units."""
    if dispute.transaction is None:
        return ZERO
    return booked_of(dispute=dispute, family=list(family_of(payment=dispute.transaction.payment))).lost


def split_shown(*, dispute: Dispute) -> list[tuple[Payable, Decimal]]:
    """How a loss is, or would be, taken from what the payment paid; nothing while the payment is unknown."""
    if dispute.transaction is None:
        return []
    parts = list(dispute.transaction.payment.parts.select_related("payable").order_by("payable_id"))
    divided = split_of(dispute=dispute, parts=parts, amount=dispute.amount)
    return [(part.payable, share) for part, (_payable_id, share) in zip(parts, divided, strict=True)]


@atomic(durable=True)
def dispute_link(*, dispute: Dispute, transaction: PaymentTransaction, note: str, by: User, now: datetime) -> Dispute:
    """Say which charge a dispute is about; what it did to money so far is booked at once.

    Raises:
        NoteRequired: `note` is blank.
        LinkRefused: it has a payment already, here or with another account, or this charge cannot be the one.
    """
    if not note.strip():
        raise NoteRequired
    dispute = locks.dispute_and_twins(pk=dispute.pk)
    if dispute.transaction_id is not None:
        raise LinkRefused(why=_("It has a payment already."))
    linked = linked_twin(dispute=dispute)
    if linked is not None:
        raise LinkRefused(
            why=_("The account “{name}” keeps this dispute too and has linked it; undo that link first.").format(
                name=linked.provider_account.name
            )
        )
    chosen = link_candidates(dispute=dispute).filter(pk=transaction.pk).first()
    if chosen is None:
        raise LinkRefused(
            why=_(
                "Choose an approved charge of the same account and currency, of a payment that took at least {amount}."
            ).format(amount=format_money(dispute.amount, dispute.currency))
        )
    dispute.transaction = chosen
    with because(by=by, why=note.strip()):
        dispute.save(update_fields=["transaction"])
    last = dispute.steps.latest("pk")
    dispute_follow(dispute=dispute, funding=last.funding, day=dispute.organization.today(now), now=now)
    note_add(on=dispute, text=note, by=by, now=now)
    return dispute


@atomic(durable=True)
def dispute_split(*, dispute: Dispute, lines: Mapping[int, Decimal], note: str, by: User, now: datetime) -> Dispute:
    """Say how much of a loss is taken from each payable (id → amount in major units) instead of pro rata.

    Before the loss it is kept for it. Afterwards what was taken is moved: less is owed again on one invoice, more on
    another, in one entry.

    Raises:
        NoteRequired: `note` is blank.
        SplitRefused: the payment is unknown, a payable is not its, or the amounts do not come to what is disputed.
    """
    if not note.strip():
        raise NoteRequired
    dispute = locks.dispute(pk=dispute.pk)
    news = _lock(dispute=dispute, now=now)
    if news is None:
        raise SplitRefused(why=_("Link the dispute to its payment first."))
    _check_lines(dispute=dispute, news=news, lines=lines)
    lost = booked_of(dispute=dispute, family=news.family).lost
    if lost > 0:
        taken, given = take_differently(news=news, dispute=dispute, lost=lost, lines=lines)
        if taken:
            entry_post(
                organization_id=dispute.organization_id,
                currency=dispute.currency,
                kind=EntryKind.DISPUTE_LOST,
                lines=postings.dispute_moved(taken=taken, given=given),
                occurred_on=news.day,
                source=f"dispute:{dispute.pk}",
                memo=note.strip()[:200],
                customer_id=news.payment.customer_id,
                now=now,
            )
    with because(by=by, why=note.strip()):
        for payable_id, amount in lines.items():
            DisputeLine.objects.update_or_create(dispute=dispute, payable_id=payable_id, defaults={"amount": amount})
    payment_refresh(news=news)
    note_add(on=dispute, text=note, by=by, now=now)
    return dispute


@atomic(durable=True)
def dispute_write_off(*, dispute: Dispute, note: str, by: User, now: datetime) -> Decimal:
    """Give up what customers owe again because a dispute was lost; returns how much that was.

    Raises:
        NoteRequired: `note` is blank.
        WriteOffRefused: it is not lost, or nothing of it is owed any more.
    """
    if not note.strip():
        raise NoteRequired
    dispute = locks.dispute(pk=dispute.pk)
    if dispute.not_pursued:
        raise WriteOffRefused(why=_("It is written off already, or will be once it is lost."))
    news = _lock(dispute=dispute, now=now)
    lost = booked_of(dispute=dispute, family=news.family).lost if news is not None else ZERO
    if news is None or lost <= 0:
        raise WriteOffRefused(why=_("This dispute is not lost."))
    losses = rows_of(dispute=dispute, family=news.family)
    given_up = write_off(news=news, dispute=dispute, amount=lost, losses=losses)
    if given_up <= 0:
        raise WriteOffRefused(why=_("Nothing of it is owed on an invoice any more."))
    dispute.not_pursued = True
    with because(by=by, why=note.strip()):
        dispute.save(update_fields=["not_pursued"])
    payment_refresh(news=news)
    note_add(on=dispute, text=note, by=by, now=now)
    return given_up


def _lock(*, dispute: Dispute, now: datetime) -> Recording | None:
    """Everything that a decision may touch; the dispute is locked already. None while its payment is unknown."""
    if dispute.transaction_id is None:
        return None
    period_hold(organization_id=dispute.organization_id, day=dispute.organization.today(now))
    return recording_lock(transaction_id=dispute.transaction_id, answer=FACT, now=now)


def _even(*, dispute: Dispute, news: Recording) -> list[Decimal]:
    """A dispute shared by what each part of the payment is."""
    return shares(dispute.amount, [part.amount for part in news.parts], dispute.currency)


def _check_lines(*, dispute: Dispute, news: Recording, lines: Mapping[int, Decimal]) -> None:
    if set(lines) != {part.payable_id for part in news.parts}:
        raise SplitRefused(why=_("A line names something this payment did not pay, or one is missing."))
    even = dict(zip((part.payable_id for part in news.parts), _even(dispute=dispute, news=news), strict=True))
    if any(payable.kind != PayableKind.INVOICE and lines[payable.pk] != even[payable.pk] for payable in news.payables):
        raise SplitRefused(why=_("Only invoices can be taken from otherwise than pro rata."))
    unit = Decimal(1).scaleb(-exponent(dispute.currency))
    if any(amount < 0 or amount != amount.quantize(unit) for amount in lines.values()):
        raise SplitRefused(why=_("Every amount must be zero or more, in whole units of the currency."))
    total = sum(lines.values(), ZERO)
    if total != dispute.amount:
        raise SplitRefused(
            why=_("The lines come to {total}; the dispute is about {amount}.").format(
                total=format_money(total, dispute.currency), amount=format_money(dispute.amount, dispute.currency)
            )
        )
