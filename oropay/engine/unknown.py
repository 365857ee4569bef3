"""Ending *unknown* by evidence only: look-ups, adoption on identity, absence proven twice, reversal by reference.

Source: ADR 3. Nothing here ever sends a charge again.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime

from django.conf import settings
from django.db.transaction import atomic
from django.utils import timezone
from django.utils.translation import gettext as _

from oropay import locks
from oropay.engine.evidence import SILENT, for_another_amount, same_transaction
from oropay.engine.funding import debit_record
from oropay.engine.gateways import gateway_of
from oropay.engine.ladder import next_look, next_reread
from oropay.engine.leaving import authentication_expire
from oropay.engine.looking import absent_twice, difference, difference_reversed, listed, note_health
from oropay.engine.parents import look_at_parent, look_at_review
from oropay.engine.record import record
from oropay.gateway.port import Answer, PaymentGateway, Proof, ResultRequest, Verdict
from oropay.models import (
    REREAD,
    RUNNING,
    SALES,
    Action,
    AlertKind,
    Method,
    PaymentTransaction,
    TransactionState,
)
from oropay.services.alert import alert_raise
from oropay.services.followup import reversal_queue

TOOK = frozenset({Verdict.APPROVED, Verdict.PENDING, Verdict.REVIEW})
"""Money is taken, held, or may be."""


def look(*, transaction_id: int, now: datetime, only_due: bool = False) -> None:
    """Make the next look-up of an unknown transaction and act on what it proves; `only_due`: not before its time."""
    row = _reserve(transaction_id=transaction_id, now=now, only_due=only_due)
    if row is None:
        return
    LOOKS[Action(row.action)](row, gateway_of(account=row.payment.provider_account))


def reread(*, transaction_id: int, now: datetime, only_due: bool = False) -> bool:
    """Read again by its gateway id what may still change: a bank debit under way or settled, a fraud review.

    The sweep asks for what is not decided, the settlement pull for what it names, a daily task for settled bank debits.
    `only_due`: what is not decided is not read before its time, as in `look`.
    False when the gateway did not say what became of it.
    """
    row = PaymentTransaction.objects.select_related("payment__provider_account").get(pk=transaction_id)
    state = TransactionState(row.state)
    if state in REREAD:
        later = now + next_reread(state) if row.gateway_id else None
        waiting = PaymentTransaction.objects.filter(pk=row.pk, state=state)
        if only_due:
            waiting = waiting.filter(next_at__lte=now)
        if not waiting.update(next_at=later):
            return True
    elif not (state == TransactionState.APPROVED and row.action == Action.CHARGE and row.payment.method == Method.BANK):
        return True
    if not row.gateway_id:
        return True
    answer = gateway_of(account=row.payment.provider_account).look_up(gateway_id=row.gateway_id)
    return reread_record(row=row, answer=answer, now=now)


def reread_record(*, row: PaymentTransaction, answer: Answer, now: datetime) -> bool:
    """Record what the gateway shows of a transaction that it had not decided, if it is ours beyond doubt.

    False when it did not say, or not yet.
    """
    if answer.verdict in SILENT:
        return False
    if not same_transaction(row=row, answer=answer):
        alert_raise(row=row, kind=AlertKind.IDENTITY_MISMATCH, text=difference(row, answer), now=now)
        return True
    return debit_record(row=row, answer=answer, now=now)


def lease_expired(*, transaction_id: int, now: datetime) -> None:
    """A worker vanished while sending: what it did is unknown, it is never sent again; the gateway is not to blame."""
    row = PaymentTransaction.objects.filter(
        pk=transaction_id, state=TransactionState.SENDING, lease_until__lt=now
    ).first()
    if row is not None:
        record(
            transaction_id=row.pk,
            answer=Answer(verdict=Verdict.UNKNOWN, error_text="the worker that sent it never came back"),
            kind="send",
            now=now,
            asked=False,
        )


@atomic(durable=True)
def _reserve(*, transaction_id: int, now: datetime, only_due: bool) -> PaymentTransaction | None:
    """Count the look-up and plan the next one before making this one, so that a crash loses nothing."""
    row = locks.look(pk=transaction_id, due=now if only_due else None)
    if row is None:
        return None
    PaymentTransaction.objects.filter(pk=row.pk).update(
        looks=row.looks + 1, next_at=now + next_look(looks=row.looks + 1, unknown_for=now - (row.unknown_since or now))
    )
    if PaymentTransaction.objects.filter(parent=row, action=Action.CANCEL, state__in=RUNNING).exists():
        return None  # its reversal is under way: that answer decides
    return PaymentTransaction.objects.select_related(
        "payment__provider_account", "payment__instrument", "payment__authentication", "parent__parent"
    ).get(pk=row.pk)


def _look_for_sale(row: PaymentTransaction, gateway: PaymentGateway) -> None:
    asked_at = timezone.now()
    listing = listed(row=row, gateway=gateway, reference=row.reference)
    other = for_another_amount_of(row=row, gateway=gateway, found=listing.found)
    if other is not None and other.verdict in TOOK:
        _reverse_another_amount(transaction_id=row.pk, answer=other)
    elif listing.found:
        _adopt(row=row, gateway=gateway, found=listing.found)
    elif listing.complete and absent_twice(row=row, asked_at=asked_at):
        _reverse(transaction_id=row.pk)


def _look_for_refund(row: PaymentTransaction, gateway: PaymentGateway) -> None:
    """A refund or credit that is absent is never reversed or sent again: it is looked for until two persons decide."""
    listing = listed(row=row, gateway=gateway, reference=row.reference)
    if listing.found:
        _adopt(row=row, gateway=gateway, found=listing.found)


def _forget(row: PaymentTransaction, gateway: PaymentGateway) -> None:
    """A lost check of a card ends by itself: it moves no money and the gateway keeps no way to look it up.

    If the gateway did keep the card, its name was lost with the answer and pays nothing. The person enters it again.
    """
    answer = Answer(verdict=Verdict.FAILED, error_text="no answer came; a check of a card moves no money")
    record(transaction_id=row.pk, answer=answer, kind="look")


def _look_for_check(row: PaymentTransaction, gateway: PaymentGateway) -> None:
    """A lost check is looked for by our reference; one that never arrived is simply not made: nothing to reverse."""
    if _time_is_over(row):
        return
    asked_at = timezone.now()
    listing = gateway.authentications_by_reference(reference=row.reference)
    note_health(row=row, answers=listing.complete)
    if len(listing.found) == 1:
        details = gateway.authentication_look_up(gateway_id=listing.found[0].gateway_id)
        if details.verdict not in SILENT | {Verdict.NOT_FOUND}:
            record(transaction_id=row.pk, answer=details, kind="look")
    elif listing.found:
        text = _("{number} authentications carry {reference}.").format(
            number=len(listing.found), reference=row.reference
        )
        alert_raise(row=row, kind=AlertKind.IDENTITY_MISMATCH, text=text, now=asked_at)
    elif listing.complete and absent_twice(row=row, asked_at=asked_at):
        _never_arrived(row)


def _look_for_initiate(row: PaymentTransaction, gateway: PaymentGateway) -> None:
    """The authentication itself shows whether its bank was asked: before, it says that it is available."""
    if _time_is_over(row):
        return
    asked_at = timezone.now()
    seen = gateway.authentication_look_up(gateway_id=row.payment.authentication.gateway_id)
    note_health(row=row, answers=seen.verdict not in SILENT)
    if seen.authentication is None:
        return
    if seen.authentication.proof != Proof.AVAILABLE:
        record(transaction_id=row.pk, answer=seen, kind="look")
    elif absent_twice(row=row, asked_at=asked_at):
        _never_arrived(row)


def _look_for_result(row: PaymentTransaction, gateway: PaymentGateway) -> None:
    """Reading a result changes nothing at the gateway, so it is simply read again."""
    if _time_is_over(row):
        return
    within = settings.OROPAY_SEND_WITHIN.total_seconds()
    seen = gateway.authentication_result(
        ResultRequest(gateway_id=row.payment.authentication.gateway_id, send_before=time.monotonic() + within)
    )
    note_health(row=row, answers=seen.verdict not in SILENT)
    if seen.authentication is not None:
        record(transaction_id=row.pk, answer=seen, kind="look")


def _time_is_over(row: PaymentTransaction) -> bool:
    """No proof is of use after its time: the question ends, and is not looked for later than that."""
    expires_at = row.payment.authentication.expires_at
    if timezone.now() >= expires_at:
        authentication_expire(transaction_id=row.pk, now=timezone.now())
        return True
    PaymentTransaction.objects.filter(pk=row.pk, next_at__gt=expires_at).update(next_at=expires_at)
    return False


def _never_arrived(row: PaymentTransaction) -> None:
    text = "the gateway was asked twice and never got it"
    record(transaction_id=row.pk, answer=Answer(verdict=Verdict.NOT_FOUND, error_text=text), kind="look")


def _adopt(*, row: PaymentTransaction, gateway: PaymentGateway, found: tuple[Answer, ...]) -> None:
    """Take over what the gateway has, if it is ours beyond doubt."""
    answer = ours(row=row, gateway=gateway, found=found)
    if answer is not None:
        debit_record(row=row, answer=answer)


def for_another_amount_of(
    *, row: PaymentTransaction, gateway: PaymentGateway, found: tuple[Answer, ...]
) -> Answer | None:
    """What has the name of this charge or hold and another amount than asked, with its details; or None."""
    if row.action not in SALES or len(found) != 1 or not for_another_amount(row=row, answer=found[0]):
        return None
    details = gateway.look_up(gateway_id=found[0].gateway_id)
    return details if for_another_amount(row=row, answer=details) else None


def ours(*, row: PaymentTransaction, gateway: PaymentGateway, found: tuple[Answer, ...]) -> Answer | None:
    """The one transaction among `found` that is the one we sent, in its details too; a person is told of any other."""
    same = [answer for answer in found if same_transaction(row=row, answer=answer)]
    if len(same) != 1:
        alert_raise(
            row=row,
            kind=AlertKind.IDENTITY_MISMATCH,
            text=_("{number} transactions carry {reference}.").format(number=len(same), reference=row.reference)
            if same
            else difference(row, found[0]),
            now=timezone.now(),
        )
        return None
    details = gateway.look_up(gateway_id=same[0].gateway_id)
    if details.verdict in SILENT or details.verdict == Verdict.NOT_FOUND:
        return None  # a list alone decides nothing: it is looked at again
    if not same_transaction(row=row, answer=details):
        alert_raise(row=row, kind=AlertKind.IDENTITY_MISMATCH, text=difference(row, details), now=timezone.now())
        return None
    return details


@atomic(durable=True)
def _reverse(*, transaction_id: int) -> None:
    """Queue the reversal by reference of a transaction that was not found: its answer ends the doubt."""
    lost = _lock_lost(transaction_id=transaction_id)
    if lost is not None:
        PaymentTransaction.objects.filter(pk=lost.pk).update(absent_since=None)
        reversal_queue(lost=lost, now=timezone.now())


@atomic(durable=True)
def _reverse_another_amount(*, transaction_id: int, answer: Answer) -> None:
    """Queue the reversal of what was taken for another amount than asked, once; if it fails, people decide."""
    lost = _lock_lost(transaction_id=transaction_id)
    if lost is not None and not lost.gateway_id:
        now = timezone.now()
        lost.gateway_id = answer.gateway_id
        lost.save(update_fields=["gateway_id"])
        alert_raise(row=lost, kind=AlertKind.AMOUNT_DIFFERS, text=difference_reversed(lost, answer), now=now)
        reversal_queue(lost=lost, now=now)


def _lock_lost(*, transaction_id: int) -> PaymentTransaction | None:
    """The transaction under its payment's lock; None if it is known by now or its reversal is under way."""
    payment_id = PaymentTransaction.objects.values_list("payment_id", flat=True).get(pk=transaction_id)
    payment = locks.payment(pk=payment_id)
    family = locks.transactions_of(payment_id=payment_id)
    lost = next(row for row in family if row.pk == transaction_id)
    if lost.state != TransactionState.UNKNOWN or any(
        row.parent_id == lost.pk and row.state in RUNNING for row in family
    ):
        return None
    lost.payment = payment
    return lost


LOOKS: Mapping[Action, Callable[[PaymentTransaction, PaymentGateway], None]] = {
    Action.AUTHENTICATE_CHECK: _look_for_check,
    Action.AUTHENTICATE_INITIATE: _look_for_initiate,
    Action.AUTHENTICATE_RESULT: _look_for_result,
    Action.CHARGE: _look_for_sale,
    Action.AUTHORIZE: _look_for_sale,
    Action.REAUTHORIZE: _look_for_sale,
    Action.VALIDATE: _forget,
    Action.REFUND: _look_for_refund,
    Action.CREDIT: _look_for_refund,
    Action.CAPTURE: look_at_parent,
    Action.CANCEL: look_at_parent,
    Action.REVIEW_RELEASE: look_at_review,
}
"""Where each action's evidence is looked for."""
