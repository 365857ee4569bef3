"""Giving captured money back, and saying what it is taken from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Sum
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import User
from commerce.money import format_money, shares
from ledger.models import AccountName
from ledger.selectors import balance
from oropay import locks
from oropay.exceptions import NoteRequired, RefundRefused, RefundTooLarge
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
from oropay.services.ach.hold import refund_held
from oropay.services.followup.asking import giving_back_ask
from oropay.services.followup.disputed import left_of, left_of_payment, taken_off
from oropay.services.followup.queue import (
    ZERO,
    Allowed,
    follow_up_queue,
    lock_family,
    member,
    refuse_moved,
    refuse_running,
    representable,
)
from oropay.services.limits import over_limit
from oropay.services.share import left_by_payable
from plumbing.services import note_add


@dataclass(frozen=True)
class RefundLineAsked:
    """So much, in major units, taken from one source."""

    source: RefundSource
    amount: Decimal
    payable_id: int | None = None


def refundable(*, transaction: PaymentTransaction, family: Sequence[PaymentTransaction]) -> Allowed:
    """What may still be given back of a charge or capture: captured − refunded − refunds not ended − disputed.

    Of a bank debit: settled − refunded − returned. While its bank may still return it, a second person must agree.

    Source: card scheme rules allow no more than was taken, although GP-API itself would allow 115 %.
    """
    if transaction.action == Action.CHARGE and transaction.state == TransactionState.PENDING:
        return Allowed(ZERO, _("It has not settled yet; void it while its batch is open."))
    if transaction.action not in {Action.CHARGE, Action.CAPTURE} or transaction.state != TransactionState.APPROVED:
        return Allowed(ZERO, _("Only approved charges and captures can be refunded."))
    children = taken_off(transaction=transaction, family=family)
    voids = [row for row in children if row.action == Action.CANCEL]
    if any(row.state == TransactionState.AWAITING_APPROVAL for row in voids):
        return Allowed(ZERO, _("Its void waits for a second person."))
    if voids:
        return Allowed(ZERO, _("It was canceled."))
    if any(row.parent_id == transaction.pk and row.state in RUNNING for row in family):
        return Allowed(ZERO, _("Another refund of it has not ended."))
    if transaction.payment.method == Method.BANK and transaction.settled_at is None:
        return Allowed(ZERO, _("It has not settled yet; void it while its batch is open."))
    own = max(ZERO, left_of(transaction=transaction, family=family))
    left = max(ZERO, min(own, left_of_payment(family=family)))
    if left < own:
        return Allowed(left, _("a dispute or refund of another capture took the rest."))
    if any(row.action == Action.CHARGEBACK for row in children):
        return Allowed(left, _("the rest was refunded already, or a dispute took it."))
    if left == transaction.amount:
        return Allowed(left, _("no more was taken."))
    return Allowed(left, _("the rest was refunded already.") if left else _("All of it was refunded already."))


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
    """Queue giving part of a captured charge back to where it came from; `lines` say what it is taken from.

    Above what `by` may give back alone, and while a bank may still return its debit, it waits in AWAITING_APPROVAL for
    a second person. `after`: see `capture_start`.

    Raises:
        PaymentMoved: something was started since `after`.
        NoteRequired: `note` is blank.
        RefundTooLarge: more than captured − refunded.
        RefundRefused: not captured, or a line names a payable this payment did not pay.
        FollowUpRunning: another refund or cancel of this charge has not ended.
    """
    if not note.strip():
        raise NoteRequired
    if any(line.source == RefundSource.CREDIT for line in lines):
        locks.customer_account(pk=charge.payment.customer_id)
    payment, family = lock_family(payment_id=charge.payment_id)
    charge = member(family, charge.pk)
    refuse_moved(family=family, after=after)
    return refund_queue(
        payment=payment, family=family, charge=charge, lines=lines, reason=reason, note=note, by=by, now=now
    )


def refund_queue(
    *,
    payment: Payment,
    family: Sequence[PaymentTransaction],
    charge: PaymentTransaction,
    lines: Sequence[RefundLineAsked],
    reason: RefundReason,
    note: str,
    by: User,
    now: datetime,
) -> PaymentTransaction:
    """As `refund_start`, of a family that the caller has locked, with the customer's account where credit is spent."""
    amount = sum((line.amount for line in lines), ZERO)
    if amount <= 0 or any(line.amount <= 0 for line in lines):
        raise RefundRefused(why=_("The amount must be more than nothing."))
    representable(amount=amount, currency=charge.currency)
    refuse_running(parent=charge, family=family)
    charge.payment = payment
    allowed = refundable(transaction=charge, family=family)
    if amount > allowed.limit:
        raise RefundTooLarge(asked=amount, limit=allowed.limit, currency=charge.currency, why=allowed.reason)
    _lines_fit(payment=payment, family=family, lines=lines)
    why = over_limit(payment=payment, charge=charge, amount=amount, by=by, now=now) or (
        refund_held(payment=payment, charge=charge, now=now) if payment.method == Method.BANK else ""
    )
    refund = follow_up_queue(
        payment=payment,
        parent=charge,
        action=Action.REFUND,
        amount=amount,
        by=by,
        now=now,
        reason=reason,
        waits=bool(why),
    )
    RefundLine.objects.bulk_create(
        RefundLine(refund=refund, source=line.source, payable_id=line.payable_id, amount=line.amount) for line in lines
    )
    note_add(on=payment, text=note, by=by, now=now)
    if why:
        giving_back_ask(row=refund, why=why, note=note, by=by, now=now)
    return refund


def refund_lines_suggested(*, charge: PaymentTransaction, amount: Decimal) -> list[RefundLineAsked]:
    """Where a refund of `amount` would be taken from if nobody says otherwise: what is left of what the payment paid,
    pro rata.
    """
    parts = list(charge.payment.parts.select_related("payable").order_by("payable_id"))
    left = left_by_payable(payment=charge.payment, family=list(charge.payment.transactions.order_by("pk")))
    weights = [max(ZERO, left[part.payable_id]) for part in parts]
    if sum(weights, ZERO) < amount:
        weights = [part.amount for part in parts]
    return [
        RefundLineAsked(source=_source_of(part.payable), amount=share, payable_id=part.payable_id)
        for part, share in zip(parts, shares(amount, weights, charge.currency), strict=True)
        if share > 0
    ]


def refund_instead_of_void(
    *, charge: PaymentTransaction, family: Sequence[PaymentTransaction], reason: str, now: datetime
) -> PaymentTransaction | None:
    """Queue refunding what is left of a charge or capture whose void came after its batch had closed.

    `reason` is the void's. Returns None if nothing may go back.

    The caller holds the payment's lock. `family`: see `refundable`.
    """
    left = refundable(transaction=charge, family=family).limit
    if left <= 0:
        return None
    refund = follow_up_queue(
        payment=charge.payment,
        parent=charge,
        action=Action.REFUND,
        amount=left,
        by=None,
        now=now,
        reason=reason or RefundReason.OTHER,
    )
    RefundLine.objects.bulk_create(
        RefundLine(refund=refund, source=line.source, payable_id=line.payable_id, amount=line.amount)
        for line in refund_lines_suggested(charge=charge, amount=left)
    )
    return refund


def _source_of(payable: Payable) -> RefundSource:
    return {
        PayableKind.ORDER: RefundSource.DEPOSIT,
        PayableKind.INVOICE: RefundSource.INVOICE,
        PayableKind.ACCOUNT: RefundSource.CREDIT,
    }[PayableKind(payable.kind)]


def _lines_fit(*, payment: Payment, family: Sequence[PaymentTransaction], lines: Sequence[RefundLineAsked]) -> None:
    paid = {part.payable_id: part.payable for part in payment.parts.select_related("payable")}
    if any(payable.kind == PayableKind.ORDER for payable in paid.values()) and any(
        line.source == RefundSource.CREDIT for line in lines
    ):
        raise RefundRefused(why=_("Money paid for an order that is not billed is its deposit, not credit."))
    credit_suffices(payment=payment, amounts=[line.amount for line in lines if line.source == RefundSource.CREDIT])
    for line in lines:
        if line.source == RefundSource.CREDIT and line.payable_id is None:
            continue
        payable = paid.get(line.payable_id or 0)
        if payable is None or _source_of(payable) != line.source:
            raise RefundRefused(why=_("A line names something this payment did not pay."))
    for why in lines_beyond(payment=payment, family=family, lines=lines).values():
        raise RefundRefused(why=why)


def lines_beyond(
    *, payment: Payment, family: Sequence[PaymentTransaction], lines: Sequence[RefundLineAsked]
) -> Mapping[int, str]:
    """By payable id, why lines ask for more than is left to give back of what the payment paid for it."""
    beyond: dict[int, str] = {}
    left = left_by_payable(payment=payment, family=family)
    for part in payment.parts.select_related("payable").order_by("payable_id"):
        asked = sum((line.amount for line in lines if line.payable_id == part.payable_id), ZERO)
        most = max(ZERO, left[part.payable_id])
        if asked > most:
            beyond[part.payable_id] = _("At most {left} that was paid for {what} is left to give back.").format(
                left=format_money(most, payment.currency), what=part.payable
            )
    return beyond


def credit_suffices(*, payment: Payment, amounts: Sequence[Decimal], besides: PaymentTransaction | None = None) -> None:
    """A refund of unallocated credit may take no more than the customer has, less what refunds under way will take.

    `besides`: a refund that is written already and asks again. Raises RefundRefused.
    """
    asked = sum(amounts, ZERO)
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
    if besides is not None:
        under_way = under_way.exclude(refund=besides)
    credit = booked - under_way.aggregate(sum=Sum("amount", default=ZERO))["sum"]
    if asked > credit:
        raise RefundRefused(
            why=_("The customer has {credit} of unallocated credit, not {asked}.").format(
                credit=format_money(max(ZERO, credit), payment.currency), asked=format_money(asked, payment.currency)
            )
        )
