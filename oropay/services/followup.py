"""What staff do with a payment afterwards: capture, cancel, refund. Each queues one row; the worker moves the money."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db.models import Sum
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import User
from commerce.money import exponent, format_money, shares
from ledger.models import AccountName
from ledger.selectors import balance
from oropay import locks
from oropay.exceptions import (
    AmountNotRepresentable,
    CancelRefused,
    CaptureRefused,
    FollowUpRunning,
    NoteRequired,
    PaymentMoved,
    RefundRefused,
    RefundTooLarge,
)
from oropay.gateway.port import Capture
from oropay.models import (
    FINAL,
    RUNNING,
    Action,
    Method,
    Payable,
    PayableKind,
    Payment,
    PaymentTransaction,
    RefundLine,
    RefundReason,
    RefundSource,
    TransactionState,
)
from oropay.services.start import reference_new
from plumbing.services import hint, note_add

ZERO = Decimal(0)
ENDED_WITHOUT = FINAL - {TransactionState.APPROVED}


@dataclass(frozen=True)
class Allowed:
    """How much of a transaction an action may still move, and the sentence that says why not more."""

    limit: Decimal
    reason: str


@dataclass(frozen=True)
class RefundLineAsked:
    source: RefundSource
    amount: Decimal
    payable_id: int | None = None


def capturable(*, hold: PaymentTransaction, family: Sequence[PaymentTransaction]) -> Allowed:
    """What may still be taken of a hold. `family` are the payment's transactions."""
    if hold.action != Action.AUTHORIZE or hold.state != TransactionState.APPROVED:
        return Allowed(ZERO, _("This is not an open hold."))
    if any(row.parent_id == hold.pk and row.state in RUNNING for row in family):
        return Allowed(ZERO, _("Another action on this hold is still running."))
    taken = sum(
        (row.amount for row in family if row.parent_id == hold.pk and row.state == TransactionState.APPROVED), ZERO
    )
    left = hold.amount - taken
    return Allowed(left, _("that is what is still held.") if left else _("Nothing is held any more."))


def cancelable(*, transaction: PaymentTransaction, family: Sequence[PaymentTransaction]) -> Allowed:
    """What a cancel would release (a hold) or void (an unsettled card charge), always in full."""
    if transaction.state != TransactionState.APPROVED:
        return Allowed(ZERO, _("It was not approved, so there is nothing to cancel."))
    children = [row for row in family if row.parent_id == transaction.pk]
    if any(row.state in RUNNING for row in children):
        return Allowed(ZERO, _("Another action on it is still running."))
    if transaction.action == Action.AUTHORIZE:
        return capturable(hold=transaction, family=family)
    if transaction.action == Action.CHARGE:
        if transaction.settled_at:
            return Allowed(ZERO, _("It is settled; refund it instead."))
        if any(row.state == TransactionState.APPROVED for row in children):
            return Allowed(ZERO, _("Part of it was given back already; refund the rest instead."))
        return Allowed(transaction.amount, _("it is not settled yet."))
    return Allowed(ZERO, _("Only a hold or a charge can be canceled."))


def refundable(*, transaction: PaymentTransaction, family: Sequence[PaymentTransaction]) -> Allowed:
    """What may still be given back of a charge or capture: captured − refunded − refunds that have not ended.

    Source: card scheme rules allow no more than was taken, although GP-API itself would allow 115 %.
    """
    if transaction.action not in {Action.CHARGE, Action.CAPTURE} or transaction.state != TransactionState.APPROVED:
        return Allowed(ZERO, _("Only approved charges and captures can be refunded."))
    children = [row for row in family if row.parent_id == transaction.pk and row.state not in ENDED_WITHOUT]
    if any(row.action == Action.CANCEL for row in children):
        return Allowed(ZERO, _("It was canceled."))
    if any(row.state in RUNNING for row in children):
        return Allowed(ZERO, _("Another refund of it has not ended."))
    left = transaction.amount - sum((row.amount for row in children), ZERO)
    return Allowed(left, _("the rest was refunded already.") if left else _("All of it was refunded already."))


@atomic(durable=True)
def capture_start(
    *, hold: PaymentTransaction, amount: Decimal, by: User, now: datetime, after: int | None = None
) -> PaymentTransaction:
    """Queue taking held money. A single-capture hold releases its rest with it.

    `after` is the payment's newest transaction that the person saw: a form sent twice acts once.

    Raises:
        PaymentMoved: something was started since `after`.
        CaptureRefused: more than is held, or the hold is not open.
        FollowUpRunning: another action on this hold has not ended.
    """
    payment, family = _lock_family(payment_id=hold.payment_id)
    hold = _member(family, hold.pk)
    _refuse_moved(family=family, after=after)
    _representable(amount=amount, currency=hold.currency)
    _refuse_running(parent=hold, family=family)
    allowed = capturable(hold=hold, family=family)
    if amount <= 0 or amount > allowed.limit:
        raise CaptureRefused(
            why=_("At most {limit} may be captured: {why}").format(
                limit=format_money(allowed.limit, hold.currency), why=allowed.reason
            )
        )
    return _queue(payment=payment, parent=hold, action=Action.CAPTURE, amount=amount, by=by, now=now)


@atomic(durable=True)
def cancel_start(
    *, transaction: PaymentTransaction, note: str, by: User, now: datetime, after: int | None = None
) -> PaymentTransaction:
    """Queue releasing a hold, or voiding a card charge that is not settled, in full. `after`: see `capture_start`.

    Raises:
        PaymentMoved: something was started since `after`.
        NoteRequired: `note` is blank.
        CancelRefused: nothing can be canceled, with the reason.
        FollowUpRunning: another action on it has not ended.
    """
    if not note.strip():
        raise NoteRequired
    payment, family = _lock_family(payment_id=transaction.payment_id)
    transaction = _member(family, transaction.pk)
    _refuse_moved(family=family, after=after)
    if payment.method != Method.CARD:
        raise CancelRefused(why=_("A bank debit that was accepted can only be refunded after it has settled."))
    _refuse_running(parent=transaction, family=family)
    allowed = cancelable(transaction=transaction, family=family)
    if allowed.limit <= 0:
        raise CancelRefused(why=allowed.reason)
    cancel = _queue(payment=payment, parent=transaction, action=Action.CANCEL, amount=allowed.limit, by=by, now=now)
    note_add(on=payment, text=note, by=by, now=now)
    return cancel


@atomic(durable=True)
def refund_start(
    *,
    charge: PaymentTransaction,
    lines: Sequence[RefundLineAsked],
    reason: RefundReason,
    note: str,
    by: User,
    now: datetime,
    after: int | None = None,
) -> PaymentTransaction:
    """Queue giving part of a captured charge back to the card it came from; `lines` say what it is taken from.

    `after`: see `capture_start`.

    Raises:
        PaymentMoved: something was started since `after`.
        NoteRequired: `note` is blank.
        RefundTooLarge: more than captured − refunded.
        RefundRefused: not a card charge, not captured, or a line names a payable this payment did not pay.
        FollowUpRunning: another refund or cancel of this charge has not ended.
    """
    if not note.strip():
        raise NoteRequired
    if any(line.source == RefundSource.CREDIT for line in lines):
        locks.customer_account(pk=charge.payment.customer_id)
    payment, family = _lock_family(payment_id=charge.payment_id)
    charge = _member(family, charge.pk)
    _refuse_moved(family=family, after=after)
    if payment.method != Method.CARD:
        raise RefundRefused(why=_("Refunds of bank debits are not offered yet; credit the customer instead."))
    amount = sum((line.amount for line in lines), ZERO)
    if amount <= 0 or any(line.amount <= 0 for line in lines):
        raise RefundRefused(why=_("The amount must be more than nothing."))
    _representable(amount=amount, currency=charge.currency)
    _refuse_running(parent=charge, family=family)
    allowed = refundable(transaction=charge, family=family)
    if amount > allowed.limit:
        raise RefundTooLarge(asked=amount, limit=allowed.limit, currency=charge.currency, why=allowed.reason)
    _lines_fit(payment=payment, lines=lines)
    refund = _queue(payment=payment, parent=charge, action=Action.REFUND, amount=amount, by=by, now=now, reason=reason)
    RefundLine.objects.bulk_create(
        RefundLine(refund=refund, source=line.source, payable_id=line.payable_id, amount=line.amount) for line in lines
    )
    note_add(on=payment, text=note, by=by, now=now)
    return refund


def refund_lines_suggested(*, charge: PaymentTransaction, amount: Decimal) -> list[RefundLineAsked]:
    """Where a refund of `amount` would be taken from if nobody says otherwise: what the payment paid, pro rata."""
    parts = list(charge.payment.parts.select_related("payable").order_by("pk"))
    return [
        RefundLineAsked(source=_source_of(part.payable), amount=share, payable_id=part.payable_id)
        for part, share in zip(parts, shares(amount, [part.amount for part in parts], charge.currency), strict=True)
        if share > 0
    ]


def reversal_queue(*, lost: PaymentTransaction, now: datetime) -> PaymentTransaction:
    """Queue asking the gateway to reverse a transaction by our reference. The caller holds the payment's lock.

    For an initiating transaction that two look-ups did not find, or that was approved for another amount than asked.
    """
    return _queue(payment=lost.payment, parent=lost, action=Action.CANCEL, amount=lost.amount, by=None, now=now)


def refund_instead_of_void(*, charge: PaymentTransaction, now: datetime) -> PaymentTransaction:
    """Queue refunding a charge whose void came after its batch had closed. The caller holds the payment's lock."""
    refund = _queue(
        payment=charge.payment,
        parent=charge,
        action=Action.REFUND,
        amount=charge.amount,
        by=None,
        now=now,
        reason=RefundReason.OTHER,
    )
    RefundLine.objects.bulk_create(
        RefundLine(refund=refund, source=line.source, payable_id=line.payable_id, amount=line.amount)
        for line in refund_lines_suggested(charge=charge, amount=charge.amount)
    )
    return refund


def _source_of(payable: Payable) -> RefundSource:
    return {
        PayableKind.ORDER: RefundSource.DEPOSIT,
        PayableKind.INVOICE: RefundSource.INVOICE,
        PayableKind.ACCOUNT: RefundSource.CREDIT,
    }[PayableKind(payable.kind)]


def _lock_family(*, payment_id: int) -> tuple[Payment, list[PaymentTransaction]]:
    locks.payables_of(payment_id=payment_id)
    payment = locks.payment(pk=payment_id)
    return payment, locks.transactions_of(payment_id=payment_id)


def _member(family: Sequence[PaymentTransaction], pk: int) -> PaymentTransaction:
    return next(row for row in family if row.pk == pk)


def _refuse_running(*, parent: PaymentTransaction, family: Sequence[PaymentTransaction]) -> None:
    if any(row.parent_id == parent.pk and row.state in RUNNING for row in family):
        raise FollowUpRunning


def _refuse_moved(*, family: Sequence[PaymentTransaction], after: int | None) -> None:
    if after is not None and any(row.pk > after for row in family):
        raise PaymentMoved


def _representable(*, amount: Decimal, currency: str) -> None:
    if amount != amount.quantize(Decimal(1).scaleb(-exponent(currency))):
        raise AmountNotRepresentable(amount=amount, currency=currency)


def _lines_fit(*, payment: Payment, lines: Sequence[RefundLineAsked]) -> None:
    paid = {part.payable_id: part.payable for part in payment.parts.select_related("payable")}
    if any(payable.kind == PayableKind.ORDER for payable in paid.values()) and any(
        line.source == RefundSource.CREDIT for line in lines
    ):
        raise RefundRefused(why=_("Money paid for an order that is not billed is its deposit, not credit."))
    _credit_suffices(payment=payment, lines=lines)
    for line in lines:
        if line.source == RefundSource.CREDIT and line.payable_id is None:
            continue
        payable = paid.get(line.payable_id or 0)
        if payable is None or _source_of(payable) != line.source:
            raise RefundRefused(why=_("A line names something this payment did not pay."))


def _credit_suffices(*, payment: Payment, lines: Sequence[RefundLineAsked]) -> None:
    """A refund of unallocated credit may take no more than the customer has, less what refunds under way will take."""
    asked = sum((line.amount for line in lines if line.source == RefundSource.CREDIT), ZERO)
    if not asked:
        return
    booked = -balance(
        organization_id=payment.organization_id,
        name=AccountName.CUSTOMER_CREDIT,
        currency=payment.currency,
        customer_id=payment.customer_id,
    )
    under_way = RefundLine.objects.filter(
        source=RefundSource.CREDIT,
        refund__payment__customer_id=payment.customer_id,
        refund__payment__organization_id=payment.organization_id,
        refund__currency=payment.currency,
    ).exclude(refund__state__in=FINAL)
    credit = booked - under_way.aggregate(sum=Sum("amount", default=ZERO))["sum"]
    if asked > credit:
        raise RefundRefused(
            why=_("The customer has {credit} of unallocated credit, not {asked}.").format(
                credit=format_money(max(ZERO, credit), payment.currency), asked=format_money(asked, payment.currency)
            )
        )


def _queue(
    *,
    payment: Payment,
    parent: PaymentTransaction,
    action: Action,
    amount: Decimal,
    by: User | None,
    now: datetime,
    reason: str = "",
) -> PaymentTransaction:
    row = PaymentTransaction.objects.create(
        payment=payment,
        parent=parent,
        action=action,
        amount=amount,
        currency=payment.currency,
        reference=reference_new(),
        capture_mode=Capture.LATER if action == Action.CAPTURE else "",
        reason=reason,
        created_by=by,
        created_at=now,
        next_at=now + settings.OROPAY_RESEND_AFTER,
    )
    hint("oropay.tasks.execute", row.pk, queue="gateway-interactive")
    return row
