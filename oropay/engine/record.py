"""Write down what the gateway or the bank said: one database transaction, whoever brings the news.

`record` always commits: facts are never refused. It moves the transaction, posts the ledger entry, tells the owners of
the payables and the listeners for expected money, and queues what must follow.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.conf import settings
from django.db.transaction import atomic
from django.utils import timezone

from commerce.money import shares
from ledger.models import AccountName, EntryKind
from ledger.services import Line, entry_post, period_hold
from oropay import locks, vault
from oropay.engine.judge import Move, judge
from oropay.gateway.port import Answer, Capture, Verdict
from oropay.models import (
    INITIATING,
    Action,
    Alert,
    AlertKind,
    Exchange,
    FailureReason,
    Instrument,
    InstrumentKind,
    InstrumentState,
    Method,
    Payable,
    Payment,
    PaymentPayable,
    PaymentTransaction,
    ProviderHealth,
    RefundLine,
    TransactionState,
)
from oropay.ports import Credit, MoneyEvent, PayableHandler, money_listeners, payable_handlers
from oropay.services.followup import refund_instead_of_void, reversal_queue
from oropay.services.payable import is_live, payable_recompute
from oropay.services.start import reference_new
from oropay.status import money_state
from plumbing.services import hint

S = TransactionState
GOOD = frozenset(Verdict) - {Verdict.UNKNOWN, Verdict.NOT_SENT, Verdict.REFUSED}
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


@atomic(durable=True)
def record(*, transaction_id: int, answer: Answer, kind: str, now: datetime | None = None) -> PaymentTransaction:
    """Record one answer about one transaction; `kind` is `send` for our own request's answer, `look` for a look-up.

    Idempotent: an answer that changes nothing only leaves its exchange behind.
    """
    now = now or timezone.now()
    payment_id = PaymentTransaction.objects.values_list("payment_id", flat=True).get(pk=transaction_id)
    if answer.verdict in GOOD:
        period_hold(organization_id=_organization_of(payment_id), day=now.date())
    payables = locks.payables_of(payment_id=payment_id)
    for handled in sorted({payable.kind for payable in payables}):
        payable_handlers.get(handled).lock(payables=[p for p in payables if p.kind == handled])
    payment = locks.payment(pk=payment_id)
    family = locks.transactions_of(payment_id=payment_id)
    row = next(item for item in family if item.pk == transaction_id)
    row.payment = payment
    news = Recording(
        payment=payment,
        row=row,
        family=family,
        payables=payables,
        answer=answer,
        now=now,
        day=payment.organization.today(now),
    )
    for member in family:
        member.payment = payment
    _exchange_add(news=news, kind=kind)
    _wake_the_unknown(news=news)
    move = judge(row=row, answer=answer, now=now, last_try=_last_try(row=row, now=now))
    if move is None:
        return row
    _apply(news=news, move=move)
    _follow(news=news, move=move)
    payment_refresh(news=news)
    return row


def _organization_of(payment_id: int) -> int:
    return Payment.objects.values_list("organization_id", flat=True).get(pk=payment_id)


def _last_try(*, row: PaymentTransaction, now: datetime) -> bool:
    from oropay.engine.execute import GIVE_UP_AFTER, TRIES

    return row.tries >= TRIES or now - row.created_at > GIVE_UP_AFTER


def _exchange_add(*, news: Recording, kind: str) -> None:
    answer = news.answer
    sealed = vault.payload_close(
        {"request": answer.request, "response": answer.response, "error": answer.error_text, "status": answer.status}
    )
    Exchange.objects.create(
        transaction=news.row,
        kind=kind,
        verdict=answer.verdict,
        http_status=answer.http_status,
        error_code=answer.error_code[:20],
        gateway_id=answer.gateway_id,
        payload=sealed.blob,
        key_id=sealed.key_id,
        at=news.now,
    )


def _wake_the_unknown(*, news: Recording) -> None:
    """The first good answer after silence restarts the look-up ladder of everything unknown at this account."""
    account = news.payment.provider_account
    if account is None:
        return
    if news.answer.verdict == Verdict.UNKNOWN:
        ProviderHealth.objects.get_or_create(provider_account=account)
        ProviderHealth.objects.filter(provider_account=account, silent_since=None).update(silent_since=news.now)
    elif news.answer.verdict in GOOD and ProviderHealth.objects.filter(
        provider_account=account, silent_since__isnull=False
    ).update(silent_since=None):
        PaymentTransaction.objects.filter(
            payment__provider_account=account, state=S.UNKNOWN, unknown_since__isnull=False
        ).exclude(pk=news.row.pk).update(next_at=news.now, looks=0)


# -- the transaction itself ---------------------------------------------------------------------------------------


def _apply(*, news: Recording, move: Move) -> None:
    """Move the row and keep what the gateway said about it."""
    row, answer, now = news.row, news.answer, news.now
    row.state = move.state
    row.failure_reason = move.failure or ""
    if answer.gateway_id and row.action not in {Action.CAPTURE, Action.CANCEL}:
        row.gateway_id = answer.gateway_id
    row.gateway_status = answer.status or row.gateway_status
    row.result_code = answer.result_code[:20] or row.result_code
    row.message = (answer.message or answer.error_text)[:250] or row.message
    row.error_code = answer.error_code[:20] or row.error_code
    for name in ("auth_code", "avs_address", "avs_postal_code", "cvv", "risk"):
        setattr(row, name, getattr(answer, name)[:20] or getattr(row, name))
    row.batch_id = row.batch_id or answer.batch_id
    row.next_at = None
    row.lease_until = None
    if move.state == S.QUEUED:
        row.next_at = now + settings.OROPAY_RESEND_AFTER
    elif move.state == S.UNKNOWN:
        row.unknown_since = row.unknown_since or now
        row.next_at = now + settings.OROPAY_LOOKUP_STEPS[0]
    elif row.is_final:
        row.ended_at = now
        if move.state == S.APPROVED and news.payment.method == Method.BANK and row.action == Action.CHARGE:
            row.settled_at = now
    row.save()
    if move.state == S.QUEUED:
        hint("oropay.tasks.execute", row.pk, queue="gateway-interactive")
    if move.alert is not None:
        alert_raise(row=row, kind=move.alert, text=answer.error_text or answer.message or answer.status, now=now)
    if row.action in INITIATING and move.state in {S.APPROVED, S.PENDING}:
        _instrument_learn(news=news)


def _instrument_learn(*, news: Recording) -> None:
    """What the answer says about the card; a token that was to be kept becomes a saved card.

    If the answer was lost and we learn of the approval by a look-up, there is no lasting token: the card is not kept
    and the page says so.
    """
    instrument, answer = news.payment.instrument, news.answer
    if instrument is None or instrument.kind != InstrumentKind.CARD:
        return
    changed = {
        "brand": answer.brand[:20],
        "last4": answer.last4,
        "expiry_month": answer.expiry_month,
        "expiry_year": answer.expiry_year,
        "fingerprint": answer.fingerprint,
        "brand_reference": instrument.brand_reference or answer.brand_reference,
    }
    if news.payment.keep_instrument and answer.kept_token and instrument.state == InstrumentState.ONCE:
        changed |= {"token": answer.kept_token, "state": InstrumentState.ACTIVE}
    changed = {name: value for name, value in changed.items() if value and getattr(instrument, name) != value}
    if changed:
        Instrument.objects.filter(pk=instrument.pk).update(**changed)


def alert_raise(*, row: PaymentTransaction, kind: AlertKind, text: str, now: datetime) -> None:
    """Ask a person to look, once per transaction and kind."""
    Alert.objects.get_or_create(transaction=row, kind=kind, defaults={"text": text, "raised_at": now})


# -- what follows from it -----------------------------------------------------------------------------------------


def _follow(*, news: Recording, move: Move) -> None:
    row, state = news.row, move.state
    news.parts = list(PaymentPayable.objects.filter(payment=news.payment).order_by("payable_id"))
    if move.alert == AlertKind.AMOUNT_DIFFERS:
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
        if state in {S.PENDING, S.APPROVED} and not _expected_before(news):
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
    """A cancel ended: of a hold, of a charge, or of a transaction whose answer was lost."""
    parent = news.parent()
    if parent is None:
        raise ValueError(f"cancel {news.row.pk} has no parent")
    if parent.state == S.UNKNOWN:
        _lost_one_ended(news=news, lost=parent, state=state)
    elif state == S.APPROVED and parent.action == Action.CHARGE:
        _post(news=news, kind=EntryKind.VOIDED, ask="on_voided")
        _withdraw(parent, now=news.now)
    elif state == S.APPROVED:
        _tell_ended(news)
    elif news.row.failure_reason == FailureReason.BATCH_CLOSED and parent.action == Action.CHARGE:
        news.family.append(refund_instead_of_void(charge=parent, now=news.now))


def _lost_one_ended(*, news: Recording, lost: PaymentTransaction, state: TransactionState) -> None:
    """The reversal of an unknown transaction: 200 proves it canceled, 404 proves it never arrived, the rest nothing."""
    if state == S.APPROVED:
        lost.state = S.CANCELED
    elif news.answer.verdict == Verdict.NOT_FOUND:
        lost.state, lost.failure_reason = S.FAILED, FailureReason.NEVER_ARRIVED
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


def payment_refresh(*, news: Recording) -> None:
    """Write the payment's money state, whether it keeps its payables to itself, and the payables' own columns."""
    state = money_state(news.family)
    if news.payment.money_state != state:
        news.payment.money_state = state
        news.payment.save(update_fields=["money_state"])
    live = is_live(transactions=news.family)
    PaymentPayable.objects.filter(payment=news.payment).exclude(live=live).update(live=live)
    for payable in news.payables:
        payable_recompute(payable=payable)
