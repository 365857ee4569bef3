"""What follows from a move: events to the payables' owners, the ledger entry, expected money, the next transaction."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.conf import settings
from django.utils.translation import gettext as _

from commerce.money import shares
from ledger.models import AccountName, EntryKind
from ledger.services import Line, entry_post
from oropay.engine.judge import Move
from oropay.engine.ladder import next_watch
from oropay.gateway.port import Answer, Capture
from oropay.models import (
    Action,
    AlertKind,
    FailureReason,
    Method,
    Payable,
    Payment,
    PaymentPayable,
    PaymentTransaction,
    RefundLine,
    TransactionState,
    Watch,
)
from oropay.ports import Credit, MoneyEvent, PayableHandler, money_listeners, payable_handlers
from oropay.services.alert import alert_raise
from oropay.services.followup import refund_instead_of_void, reversal_queue
from oropay.services.start import reference_new

S = TransactionState
ENDED = frozenset({S.DECLINED, S.FAILED, S.CANCELED, S.EXPIRED})


@dataclass
class Recording:
    """The rows one `record` works on, all locked."""

    payment: Payment
    row: PaymentTransaction
    family: list[PaymentTransaction]
    payables: list[Payable]
    answer: Answer
    now: datetime
    day: date
    parts: list[PaymentPayable] = field(default_factory=list)

    def parent(self) -> PaymentTransaction | None:
        return next((row for row in self.family if row.pk == self.row.parent_id), None)

    def handler(self, payable: Payable) -> PayableHandler:
        return payable_handlers.get(payable.kind)


def follow(*, news: Recording, move: Move) -> None:
    row, state = news.row, move.state
    news.parts = list(PaymentPayable.objects.filter(payment=news.payment).order_by("payable_id"))
    if move.alert == AlertKind.AMOUNT_DIFFERS and state == S.UNKNOWN:
        reversal_queue(lost=row, now=news.now)
        return
    if row.action == Action.AUTHORIZE:
        _authorize(news=news, state=state)
    elif row.action == Action.CHARGE:
        _charge(news=news, state=state)
    elif row.action == Action.CAPTURE and state == S.APPROVED:
        _captured(news=news)
    elif row.action == Action.CANCEL and row.is_final:
        _canceled(news=news, state=state)
    elif row.action == Action.REFUND and state == S.APPROVED:
        _refunded(news=news)


def _authorize(*, news: Recording, state: TransactionState) -> None:
    if state == S.APPROVED:
        for event, handler in _events(news):
            handler.on_authorized(event=event)
    elif state in ENDED:
        _tell_ended(news)


def _charge(*, news: Recording, state: TransactionState) -> None:
    if news.payment.method == Method.BANK:
        if state == S.PENDING or (state == S.APPROVED and not _expected_before(news)):
            _expect(row=news.row, gateway_id=news.row.gateway_id, amount=news.row.amount, now=news.now)
        if state == S.PENDING:
            for event, handler in _events(news):
                handler.on_pending(event=event)
        elif state == S.APPROVED:
            _post(news=news, kind=EntryKind.SETTLED, ask="on_settled")
        elif state in ENDED:
            if news.row.gateway_id:
                _withdraw(news.row, now=news.now)
            _tell_ended(news)
    elif state == S.APPROVED:
        _post(news=news, kind=EntryKind.CAPTURED, ask="on_captured")
        _expect(row=news.row, gateway_id=news.row.gateway_id, amount=news.row.amount, now=news.now)
    elif state in ENDED:
        _tell_ended(news)


def _expected_before(news: Recording) -> bool:
    """A bank debit is expected from the moment it is accepted; its settlement is not expected a second time."""
    return any(step.state == S.PENDING for step in news.row.steps.all())  # type: ignore[attr-defined]


def _captured(*, news: Recording) -> None:
    hold = news.parent()
    if hold is None:
        raise ValueError(f"capture {news.row.pk} has no hold")
    _post(news=news, kind=EntryKind.CAPTURED, ask="on_captured")
    _expect(row=news.row, gateway_id=hold.gateway_id, amount=news.row.amount, now=news.now)
    rest = hold.amount - news.row.amount
    if hold.capture_mode == Capture.LATER and rest > 0:
        release_add(parent=hold, amount=rest, news=news)


def release_add(*, parent: PaymentTransaction, amount: Decimal, news: Recording) -> None:
    """Write down that the rest of a hold went back by itself."""
    release = PaymentTransaction.objects.create(
        payment=news.payment,
        parent=parent,
        action=Action.RELEASE,
        amount=amount,
        currency=parent.currency,
        state=S.APPROVED,
        reference=reference_new(),
        created_at=news.now,
        ended_at=news.now,
    )
    news.family.append(release)


def _canceled(*, news: Recording, state: TransactionState) -> None:
    """A cancel ended: of a hold, of a charge, or of a transaction whose answer was lost.

    A parent that ended without money by itself has been told already: its reversal changes nothing more.
    """
    parent = news.parent()
    if parent is None:
        raise ValueError(f"cancel {news.row.pk} has no parent")
    if parent.state == S.UNKNOWN:
        _lost_one_ended(news=news, lost=parent, state=state)
    elif state == S.APPROVED and parent.state in {S.PENDING, S.REVIEW}:
        _never_taken(news=news, parent=parent)
    elif state == S.APPROVED and parent.state == S.APPROVED:
        _undone(news=news, parent=parent)
    elif news.row.failure_reason == FailureReason.BATCH_CLOSED and parent.action == Action.CHARGE:
        _void_came_too_late(news=news, charge=parent)


def _undone(*, news: Recording, parent: PaymentTransaction) -> None:
    """A hold was released, or a charge voided before it settled."""
    if parent.action == Action.CHARGE:
        _post(news=news, kind=EntryKind.VOIDED, ask="on_voided")
        _withdraw(parent, now=news.now)
    else:
        _tell_ended(news)
    if news.row.created_by_id is None and not parent.late:
        text = _("Its answer came while its reversal was on its way: nothing is taken any more, and it is due again.")
        alert_raise(row=parent, kind=AlertKind.TAKEN_BACK, text=text, now=news.now)


def _void_came_too_late(*, news: Recording, charge: PaymentTransaction) -> None:
    """Card money is refunded instead. When a bank debit is sure enough to be given back, a person decides."""
    if charge.state == S.APPROVED and news.payment.method == Method.CARD:
        news.family.append(refund_instead_of_void(charge=charge, now=news.now))
    else:
        alert_raise(row=news.row, kind=AlertKind.NOT_DONE, text=_("Refund it once it has settled."), now=news.now)


def _never_taken(*, news: Recording, parent: PaymentTransaction) -> None:
    """A reversal of money that was not sure yet: nothing was booked, so nothing is mirrored."""
    parent.state, parent.next_at, parent.ended_at = S.CANCELED, None, news.now
    parent.save()
    _withdraw(parent, now=news.now)
    _tell_ended(news)


def _lost_one_ended(*, news: Recording, lost: PaymentTransaction, state: TransactionState) -> None:
    """The reversal of an unknown transaction: 200 proves it canceled, 404 proves it never arrived, the rest nothing."""
    if state == S.APPROVED:
        lost.state = S.CANCELED
    elif news.row.failure_reason == FailureReason.NEVER_ARRIVED:
        lost.state, lost.failure_reason = S.FAILED, FailureReason.NEVER_ARRIVED
        Watch.objects.create(
            transaction=lost, next_at=news.now + next_watch(looks=0), until=news.now + settings.OROPAY_WATCH_FOR
        )
    else:
        return
    lost.next_at, lost.ended_at = None, news.now
    lost.save()
    _tell_ended(news)


def _refunded(*, news: Recording) -> None:
    lines = list(RefundLine.objects.filter(refund=news.row).select_related("payable").order_by("pk"))
    by_payable: dict[int | None, list[RefundLine]] = {}
    for line in lines:
        by_payable.setdefault(line.payable_id, []).append(line)
    credited: list[Credit] = []
    for payable_id, own in by_payable.items():
        amount = sum((line.amount for line in own), Decimal(0))
        payable = next((item for item in news.payables if item.pk == payable_id), None)
        if payable is None:
            credited.append(Credit(account=AccountName.CUSTOMER_CREDIT, amount=amount))
            continue
        event = _event(news=news, payable=payable, amount=amount, lines=tuple(own))
        credited.extend(news.handler(payable).on_refunded(event=event))
    _entry(news=news, kind=EntryKind.REFUNDED, credited=credited, sign=-1)
    _expect(row=news.row, gateway_id=news.row.gateway_id, amount=-news.row.amount, now=news.now)


def _tell_ended(news: Recording) -> None:
    for event, handler in _events(news):
        handler.on_ended(event=event)


# -- events, entries, expectations --------------------------------------------------------------------------------


def _event(*, news: Recording, payable: Payable, amount: Decimal, lines: tuple[RefundLine, ...] = ()) -> MoneyEvent:
    return MoneyEvent(
        payment=news.payment,
        transaction=news.row,
        payable=payable,
        amount=amount,
        occurred_on=news.day,
        now=news.now,
        lines=lines,
    )


def _events(news: Recording) -> list[tuple[MoneyEvent, PayableHandler]]:
    """One event per payable, the transaction's amount shared by what each part of the payment is."""
    parts = news.parts
    amounts = shares(news.row.amount, [part.amount for part in parts], news.row.currency)
    by_id = {payable.pk: payable for payable in news.payables}
    return [
        (_event(news=news, payable=by_id[part.payable_id], amount=amount), news.handler(by_id[part.payable_id]))
        for part, amount in zip(parts, amounts, strict=True)
    ]


def _post(*, news: Recording, kind: EntryKind, ask: str) -> None:
    """Ask each payable's owner where the money goes (or comes from) and post one entry."""
    credited: list[Credit] = []
    for event, handler in _events(news):
        credited.extend(getattr(handler, ask)(event=event))
    _entry(news=news, kind=kind, credited=credited, sign=-1 if ask == "on_voided" else 1)


def _entry(*, news: Recording, kind: EntryKind, credited: list[Credit], sign: int) -> None:
    """Gateway clearing against the named accounts; `sign` is 1 for money coming, −1 for money going back."""
    amount = sum((credit.amount for credit in credited), Decimal(0))
    if amount != news.row.amount:
        raise ValueError(f"transaction {news.row.pk}: credits of {amount} for {news.row.amount}")
    entry_post(
        organization_id=news.payment.organization_id,
        currency=news.row.currency,
        kind=kind,
        lines=[
            Line(account=AccountName.GATEWAY_CLEARING, amount=sign * amount),
            *(Line(account=credit.account, amount=-sign * credit.amount) for credit in credited),
        ],
        occurred_on=news.day,
        source=f"transaction:{news.row.pk}",
        customer_id=news.payment.customer_id,
        now=news.now,
    )


def _expect(*, row: PaymentTransaction, gateway_id: str, amount: Decimal, now: datetime) -> None:
    for listener in money_listeners.all():
        listener.on_expected(transaction=row, gateway_id=gateway_id, amount=amount, now=now)


def _withdraw(row: PaymentTransaction, *, now: datetime) -> None:
    for listener in money_listeners.all():
        listener.on_withdrawn(transaction=row, now=now)
