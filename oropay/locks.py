"""Every row lock of the payment module. The order, kept by each function and by their callers:

period (share) → customer account → payables by id → their documents → credits by id → payment → transaction → maker →
approval → instrument → number sequence (last statement). The claim locks one transaction row alone and commits.
A dispute comes before all of them: nobody who holds any other asks for it. A claim of its answer locks that row alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.conf import settings
from django.db import connection
from django.db.models import Model, Q, QuerySet
from django.db.transaction import atomic

from commerce.models import Customer, User
from oropay.models import (
    INSTRUMENT_REQUEST_LIVE,
    NOTIFICATION_WAITING,
    AchReturn,
    Approval,
    ApprovalState,
    Dispute,
    DisputeRequest,
    Freeze,
    Instrument,
    InstrumentRequest,
    InstrumentRequestKind,
    InstrumentRequestState,
    Mandate,
    Notification,
    Payable,
    Payment,
    PaymentPayable,
    PaymentTransaction,
    ProviderAccount,
    RequestState,
    TransactionState,
    Watch,
)
from plumbing.compiled import compiled
from plumbing.prepared import prepared

M = TypeVar("M", bound=Model)


def customer_account(*, pk: int) -> None:
    """Lock a customer's account: whoever spends unallocated credit, or promises to, holds it."""
    Customer.objects.select_for_update(no_key=True).only("pk").get(pk=pk)


def maker(*, pk: int) -> None:
    """Lock the person who gives money back: limits count what this one gave, in however many windows."""
    User.objects.select_for_update(no_key=True).only("pk").get(pk=pk)


def approval(*, pk: int) -> Approval:
    """Lock one approval; what it is about is locked already."""
    return Approval.objects.select_for_update(of=("self",)).get(pk=pk)


def approval_waiting(*, transaction_id: int) -> Approval | None:
    """Lock the approval that a transaction waits for, if it does; the transaction is locked already."""
    return (
        Approval.objects.select_for_update(of=("self",))
        .filter(transaction_id=transaction_id, state=ApprovalState.WAITING)
        .first()
    )


@compiled
def payables(*, ids: Iterable[int]) -> QuerySet[Payable]:
    """Lock payables in id order."""
    return (
        Payable.objects.select_for_update(of=("self",)).select_related("organization").filter(pk__in=ids).order_by("pk")
    )


@dataclass(frozen=True)
class Paid:
    """What one payment pays, locked: nobody adds or moves a part of these payables now."""

    payables: list[Payable]
    parts: list[PaymentPayable]
    """All parts of these payables, also those that other payments pay."""


def payables_of(*, payment_id: int) -> Paid:
    """Lock the payables that one payment pays, in id order.

    While we waited, an invoice may have taken over its order: then we look again. It is always the younger payable,
    so the order of locks holds.
    """
    held = {payable.pk: payable for payable in _payables_of(payment_id=payment_id)}
    while True:
        parts = _parts_beside(payment_id=payment_id, payable_ids=held.keys())
        ids = {part.payable_id for part in parts if part.payment_id == payment_id}
        if ids <= held.keys():
            return Paid(
                payables=[held[pk] for pk in sorted(ids)], parts=[part for part in parts if part.payable_id in ids]
            )
        held |= {payable.pk: payable for payable in payables(ids=ids - held.keys())}


@compiled
def _payables_of(*, payment_id: int) -> QuerySet[Payable]:
    return (
        Payable.objects.select_for_update(of=("self",))
        .select_related("organization")
        .filter(parts__payment_id=payment_id)
        .order_by("pk")
    )


@compiled
def _parts_beside(*, payment_id: int, payable_ids: Iterable[int]) -> QuerySet[PaymentPayable]:
    """The parts of a payment, and everybody's of these payables."""
    return PaymentPayable.objects.filter(Q(payment_id=payment_id) | Q(payable__pk__in=payable_ids)).order_by(
        "payable_id", "pk"
    )


def payment(*, pk: int, seen: Payment | None = None) -> Payment:
    """Lock one payment. `seen` is the same, read before: what was read with it is not read again."""
    [held] = _payment(pk=pk)
    if seen is not None:
        for name, related in seen._state.fields_cache.items():
            setattr(held, name, related)
    return held


@compiled
def _payment(*, pk: int) -> QuerySet[Payment]:
    return Payment.objects.select_for_update(of=("self",)).filter(pk=pk)


def payments(*, ids: Iterable[int]) -> list[Payment]:
    """Lock payments in id order."""
    return list(Payment.objects.select_for_update(of=("self",)).filter(pk__in=list(ids)).order_by("pk"))


@compiled
def transactions_of(*, payment_id: int) -> QuerySet[PaymentTransaction]:
    """Lock all transactions of a payment, oldest first; the payment is locked already, so nobody adds one."""
    return PaymentTransaction.objects.select_for_update().filter(payment_id=payment_id).order_by("pk")


CLAIM = """
UPDATE oropay_paymenttransaction
   SET state = 'sending',
       tries = tries + 1,
       send_before = statement_timestamp() + make_interval(secs => %s),
       answer_by = statement_timestamp() + make_interval(secs => %s),
       lease_until = statement_timestamp() + make_interval(secs => %s),
       next_at = statement_timestamp() + make_interval(secs => %s)
 WHERE id = (
    SELECT id FROM oropay_paymenttransaction waiting
    WHERE id = %s AND state = 'queued' AND (%s OR NOT EXISTS (
        SELECT FROM oropay_payment payment
        JOIN oropay_providerhealth health ON health.provider_account_id = payment.provider_account_id
        WHERE payment.id = waiting.payment_id AND health.open_until IS NOT NULL
    ))
    FOR UPDATE SKIP LOCKED
 )
RETURNING tries, coalesce(queued_at, created_at)
"""
"""One statement, committed by itself: from here on only the holder of the lease may send. Times are the database's."""


@dataclass(frozen=True)
class Claimed:
    """What a claim needs to know to decide whether it may still send."""

    tries: int
    """This one included."""
    queued_at: datetime
    """When it was first in the queue: from there its minute counts."""


def claim(*, pk: int, through: bool = False) -> Claimed | None:
    """Take the lease of one queued transaction and commit; None when another has it, it is no longer queued, or the
    circuit of its provider account is open and it shall not go `through`.
    """
    send = settings.OROPAY_SEND_WITHIN
    answer = send + settings.OROPAY_CONNECT_TIMEOUT + settings.OROPAY_READ_TIMEOUT
    lease = answer + settings.OROPAY_LEASE_MARGIN
    with atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(
            prepared(name="claim", sql=CLAIM, connection=connection),
            [send.total_seconds(), answer.total_seconds(), lease.total_seconds(), lease.total_seconds(), pk, through],
        )
        row = cursor.fetchone()
    return Claimed(*row) if row else None


def ach_return(*, pk: int) -> AchReturn:
    """Lock one bank return; its payment is locked already."""
    return (
        AchReturn.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organization", "transaction__parent")
        .get(pk=pk)
    )


def freeze(*, pk: int) -> Freeze:
    """Lock one frozen account alone."""
    return Freeze.objects.select_for_update(no_key=True, of=("self",)).select_related("organization").get(pk=pk)


def freeze_standing(*, organization_id: int, fingerprint: str) -> None:
    """Lock what freezes an account, if anything does, so that it does not end while the account's state is decided.

    Before the instrument: who lifts a freeze asks for the instruments after it.
    """
    standing = Freeze.objects.filter(organization=organization_id, fingerprint=fingerprint, lifted_at=None)
    list(standing.select_for_update(no_key=True, of=("self",)))


def freezes_of(*, cause: AchReturn) -> list[Freeze]:
    """Lock the accounts that one return froze and that are still frozen."""
    return list(
        Freeze.objects.select_for_update(no_key=True, of=("self",))
        .select_related("organization")
        .filter(cause=cause, lifted_at__isnull=True)
        .order_by("pk")
    )


def mandate(*, pk: int) -> Mandate:
    """Lock one mandate alone."""
    return Mandate.objects.select_for_update(no_key=True, of=("self",)).get(pk=pk)


def look(*, pk: int, due: datetime | None = None) -> PaymentTransaction | None:
    """Lock one unknown transaction alone, to reserve its next look-up; with `due` only if it was to be made by then."""
    return (
        PaymentTransaction.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(_by(due), pk=pk, state=TransactionState.UNKNOWN)
        .first()
    )


def watch(*, pk: int, due: datetime | None = None) -> Watch | None:
    """Lock one watch alone, to reserve its next look; with `due` only if it was to be made by then."""
    return Watch.objects.select_for_update(skip_locked=True).filter(_by(due), pk=pk, next_at__isnull=False).first()


def _by(due: datetime | None) -> Q:
    return Q() if due is None else Q(next_at__lte=due)


def instrument(*, pk: int) -> Instrument:
    """Lock one saved instrument."""
    return (
        Instrument.objects.select_for_update(of=("self",), no_key=True)
        .select_related("customer__organization", "provider_account")
        .get(pk=pk)
    )


def instruments(*, ids: Iterable[int]) -> list[Instrument]:
    """Lock instruments in id order."""
    return list(Instrument.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=list(ids)).order_by("pk"))


def bank_accounts(*, ids: Iterable[int]) -> list[Instrument]:
    """Lock bank accounts in id order, with the seller of each, before their details are corrected."""
    return list(
        Instrument.objects.select_for_update(of=("self",), no_key=True)
        .select_related("customer__organization", "provider_account")
        .filter(pk__in=list(ids))
        .order_by("pk")
    )


def saved_name(*, customer_id: int, owner_id: int | None, fingerprint: str) -> None:
    """Let one at a time decide whether a card or account is saved already; held to the end of the transaction.

    There is no row to lock while nothing is saved, so the name itself is. Who holds a saved instrument of that name
    never asks for it; who holds another one may.
    """
    name = f"oropay.saved:{customer_id}:{owner_id or ''}:{fingerprint}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def instrument_request(*, pk: int, now: datetime) -> InstrumentRequest | None:
    """Lock one due request alone; None when another worker has it or it is not due."""
    return (
        InstrumentRequest.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(pk=pk, state__in=INSTRUMENT_REQUEST_LIVE, next_at__lte=now)
        .first()
    )


def instrument_request_held(*, pk: int) -> InstrumentRequest:
    """Lock one request; its instrument is locked already."""
    return InstrumentRequest.objects.select_for_update(of=("self",)).get(pk=pk)


def undoable_deletion(*, instrument_id: int) -> InstrumentRequest | None:
    """Lock the deletion of an instrument that nobody has begun; its instrument is locked already."""
    return (
        InstrumentRequest.objects.select_for_update(of=("self",))
        .filter(
            instrument=instrument_id, kind=InstrumentRequestKind.DELETE, state=InstrumentRequestState.QUEUED, tries=0
        )
        .exclude(restores_to="")
        .first()
    )


def sealed(rows: QuerySet[M], *, ids: Iterable[int]) -> list[M]:
    """Lock rows that hold a sealed box, in id order and nothing else, while their boxes are changed."""
    return list(rows.select_for_update(of=("self",), no_key=True).filter(pk__in=list(ids)).order_by("pk"))


def notification(*, pk: int) -> Notification:
    """Lock one notification alone."""
    return Notification.objects.select_for_update().get(pk=pk)


def notifications_due(*, integration_id: int, now: datetime, limit: int) -> list[Notification]:
    """Lock what waits in one inbox and nobody else works on, oldest first."""
    rows = Notification.objects.filter(
        integration_id=integration_id, state__in=NOTIFICATION_WAITING, next_at__lte=now
    ).order_by("pk")
    return list(rows.select_for_update(skip_locked=True)[:limit])


def dispute(*, pk: int) -> Dispute:
    """One dispute, held until the transaction ends, read again under the lock."""
    return Dispute.objects.select_for_update(of=("self",)).select_related("organization", "provider_account").get(pk=pk)


def dispute_and_twins(*, pk: int) -> Dispute:
    """As `dispute`, with the cases that other accounts of the seller keep of it, by id: one of them is dealt with."""
    asked = Dispute.objects.filter(pk=pk)
    rows = _disputes(
        Q(gateway_id__in=asked.values("gateway_id"), provider_account__organization__in=asked.values("organization"))
    )
    return next(row for row in rows if row.pk == pk)


def dispute_named(*, provider_account: ProviderAccount, gateway_id: str) -> Dispute:
    """As `dispute_and_twins`, by its name at the gateway."""
    rows = _disputes(Q(gateway_id=gateway_id, provider_account__organization=provider_account.organization_id))
    return next(row for row in rows if row.provider_account_id == provider_account.pk)


def _disputes(which: Q) -> QuerySet[Dispute]:
    rows = Dispute.objects.select_for_update(of=("self",)).select_related("organization", "provider_account")
    return rows.filter(which).order_by("pk")


def dispute_request(*, pk: int, state: RequestState, due: datetime | None = None) -> DisputeRequest | None:
    """Lock one answer to a dispute alone; None when another worker has it, it is in another state by now, or, with
    `due`, its time had not come by then.
    """
    rows = DisputeRequest.objects.select_for_update(of=("self",), skip_locked=True)
    return rows.filter(_by(due), pk=pk, state=state).first()


def due(rows: QuerySet[M], *, limit: int) -> Sequence[M]:
    """Lock due rows nobody else publishes at this moment."""
    return list(rows.select_for_update(of=("self",), skip_locked=True).order_by("next_at")[:limit])
