"""Write down what the gateway said of a dispute: one database transaction, whoever brings the news.

Always commits: facts are never refused. The case and its step, the rows and entries of its payment, what the payables'
owners do and what finance is told stand or fall together.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.money import format_money
from ledger.services import period_hold
from oropay import locks, vault
from oropay.engine.follow.dispute import Effect, effect_of, follow_dispute
from oropay.engine.record import payment_refresh, recording_lock
from oropay.gateway.port import Answer, DisputeTold, Verdict
from oropay.models import (
    HOLDS,
    Action,
    AlertKind,
    Dispute,
    DisputeLine,
    DisputeResult,
    DisputeStatus,
    DisputeStep,
    NoticeKind,
    PaymentTransaction,
    ProviderAccount,
    StepSource,
    TransactionState,
)
from oropay.ports import DisputeTurn
from oropay.selectors import family_of, linked_twin
from oropay.services.alert import alert_raise
from oropay.services.dispute.notice import notice_give
from oropay.services.followup.disputed import left_of, money_of
from plumbing.audit import because
from plumbing.services import note_add

TOLD = {
    "stage": 40,
    "status": 40,
    "reason_code": 40,
    "reason": 250,
    "arn": 60,
    "reference": 60,
    "order_reference": 60,
    "brand": 20,
    "last4": 4,
}
"""What is copied from a reading as it came, cut to its column."""

FACT = Answer(verdict=Verdict.APPROVED)
"""A fact from outside has no exchange of its own with the payment; it is in the dispute's steps."""


def dispute_record(
    *, provider_account: ProviderAccount, told: DisputeTold, source: StepSource, asked_at: datetime, now: datetime
) -> Dispute:
    """Record one reading of a dispute, asked for at `asked_at`. The same reading again changes nothing.

    A reading that is older than what we know (by the gateway's own times, or asked for earlier) is dropped: two workers
    may read at once, and money must not be booked back by the slower one.
    """
    with atomic(durable=True), because(by=None, why="told by the gateway"):
        Dispute.objects.bulk_create([_first(account=provider_account, told=told, now=now)], ignore_conflicts=True)
        dispute = locks.dispute_named(provider_account=provider_account, gateway_id=told.gateway_id)
        last = dispute.steps.order_by("-pk").first()
        if last is not None and _is_old(dispute=dispute, told=told, asked_at=asked_at):
            return dispute
        news = last is None or _of_step(last) != _of_told(told)
        _write(dispute=dispute, told=told, asked_at=asked_at)
        if news:
            _step_add(dispute=dispute, told=told, source=source, now=now)
        linked = dispute.transaction_id is None and _link(dispute=dispute)
        if linked or last is None or last.amount != dispute.amount:
            _say_too_large(dispute=dispute, now=now)
        turns: list[DisputeTurn] = []
        if news or linked:
            turns = dispute_follow(dispute=dispute, funding=told.funding, day=_day(dispute, now=now), now=now)
            _tell_finance(dispute=dispute, turns=turns, now=now)
    return dispute


def dispute_follow(*, dispute: Dispute, funding: str, day: date, now: datetime) -> list[DisputeTurn]:
    """Bring the books of a dispute's payment to where it leaves the money. The caller has locked the dispute."""
    effect = effect_of(stage=dispute.stage, status=dispute.status, result=dispute.result, funding=funding)
    if effect is None:
        text = _("The gateway says {stage}, {status}, {result}, which we do not know. No money was booked; look at it.")
        words = text.format(stage=dispute.stage, status=dispute.status, result=dispute.result or "–")
        note_add(on=dispute, text=words, by=None, now=now)
        return []
    if dispute.transaction_id is None:
        return []
    period_hold(organization_id=dispute.organization_id, day=day)
    news = recording_lock(transaction_id=dispute.transaction_id, answer=FACT, now=now)
    news.day = day
    turns = follow_dispute(news=news, dispute=dispute, effect=Effect(effect))
    payment_refresh(news=news)
    return turns


def charge_of(*, dispute: Dispute) -> PaymentTransaction | None:
    """The charge or capture a dispute is about, by our reference there, else by an earlier dispute of the sale.

    Adopted only on identity: same account, currency and card, of a payment that took at least what is disputed. Else a
    person links. Of several captures it is the one that has enough left, of those the one worth just as much; if none
    has, the one with most left: what is disputed beyond it is taken off the others (see `refundable`).
    """
    fitting: list[tuple[Decimal, bool, int]] = []
    for row in _named(dispute=dispute):
        family = family_of(payment=row.payment)
        if _same_card(row=row, dispute=dispute) and _worth(family=family) >= dispute.amount:
            lacks = max(Decimal(0), dispute.amount - left_of(transaction=row, family=family))
            fitting.append((lacks, row.amount != dispute.amount, row.pk))
    return PaymentTransaction.objects.get(pk=min(fitting)[-1]) if fitting else None


def _named(*, dispute: Dispute) -> list[PaymentTransaction]:
    """The charges and captures that a dispute names, by our reference or by an earlier dispute of the sale.

    Finance's word that it is not about a payment stands above that.
    """
    rows = (
        PaymentTransaction.objects.filter(
            payment__provider_account_id=dispute.provider_account_id, currency=dispute.currency
        )
        .exclude(payment__in=dispute.unlinks.values("transaction__payment"))
        .select_related("payment__instrument")
    )
    if dispute.reference:
        named = rows.filter(Q(reference=dispute.reference) | Q(gateway_reference=dispute.reference, late=True))
        return [money for row in named.order_by("pk") for money in _money_of(row)]
    if dispute.arn:
        earlier = Dispute.objects.filter(
            provider_account_id=dispute.provider_account_id, arn=dispute.arn, transaction__isnull=False
        )
        return list(rows.filter(pk__in=earlier.exclude(pk=dispute.pk).values("transaction_id")))
    return []


def _worth(*, family: Sequence[PaymentTransaction]) -> Decimal:
    """What a payment took at most, in major units, whatever went back of it since."""
    return sum((row.amount for row in money_of(family=family)), Decimal(0))


def _money_of(row: PaymentTransaction) -> list[PaymentTransaction]:
    """What took the money: a charge itself, or the captures of a hold."""
    rows = [row]
    if row.action in HOLDS:
        rows = list(row.children.filter(action=Action.CAPTURE).select_related("payment__instrument").order_by("pk"))
    taking = {Action.CHARGE, Action.CAPTURE}
    return [one for one in rows if one.action in taking and one.state == TransactionState.APPROVED]


def _same_card(*, row: PaymentTransaction, dispute: Dispute) -> bool:
    instrument = row.payment.instrument
    if instrument is None or not instrument.last4 or not dispute.last4:
        return True
    return instrument.last4 == dispute.last4


def _first(*, account: ProviderAccount, told: DisputeTold, now: datetime) -> Dispute:
    dispute = Dispute(
        organization_id=account.organization_id,
        provider_account=account,
        gateway_id=told.gateway_id,
        opened_at=told.opened_at or told.stage_at or now,
        read_at=now,
    )
    _copy(dispute=dispute, told=told)
    return dispute


def _copy(*, dispute: Dispute, told: DisputeTold) -> None:
    for name, longest in TOLD.items():
        setattr(dispute, name, getattr(told, name)[:longest] or getattr(dispute, name))
    dispute.result = told.result[:40]
    dispute.amount, dispute.currency = told.amount.amount, told.amount.currency.code
    dispute.stage_at = told.stage_at or dispute.stage_at or dispute.opened_at
    dispute.status_at, dispute.respond_by = told.status_at, told.respond_by


def _write(*, dispute: Dispute, told: DisputeTold, asked_at: datetime) -> None:
    amount = dispute.amount
    _copy(dispute=dispute, told=told)
    dispute.read_at = max(dispute.read_at, asked_at)
    dispute.save()
    if dispute.amount != amount:
        DisputeLine.objects.filter(dispute=dispute).delete()  # said of another amount: pro rata again


def _is_old(*, dispute: Dispute, told: DisputeTold, asked_at: datetime) -> bool:
    if asked_at < dispute.read_at:
        return True
    if told.stage_at is None or told.stage_at != dispute.stage_at:
        return told.stage_at is not None and told.stage_at < dispute.stage_at
    return told.status_at is not None and dispute.status_at is not None and told.status_at < dispute.status_at


Words = tuple[object, ...]


def _of_told(told: DisputeTold) -> Words:
    return (told.stage, told.status, told.result, told.amount.amount, told.respond_by, told.funding.value)


def _of_step(step: DisputeStep) -> Words:
    return (step.stage, step.status, step.result, step.amount, step.respond_by, step.funding)


def _step_add(*, dispute: Dispute, told: DisputeTold, source: StepSource, now: datetime) -> None:
    sealed = vault.payload_close({"response": told.response})
    DisputeStep.objects.create(
        dispute=dispute,
        stage=dispute.stage,
        status=dispute.status,
        result=dispute.result,
        amount=dispute.amount,
        respond_by=dispute.respond_by,
        funding=told.funding,
        source=source,
        payload=sealed.blob,
        key_id=sealed.key_id,
        at=now,
    )


def _link(*, dispute: Dispute) -> bool:
    found = charge_of(dispute=dispute)
    if found is None or linked_twin(dispute=dispute) is not None:
        return False
    dispute.transaction = found
    dispute.save(update_fields=["transaction"])
    return True


def _say_too_large(*, dispute: Dispute, now: datetime) -> None:
    """Ask a person to look at a dispute that is larger than the sale it names, or than the capture it is booked on."""
    amount = format_money(dispute.amount, dispute.currency)
    row = dispute.transaction
    if row is not None and row.amount < dispute.amount:
        text = _(
            "Dispute {id} over {amount} is larger than this capture of {capture}. All of it is booked here, and what "
            "goes beyond can no longer be refunded of the payment's other captures. See on the case that it is about "
            "this payment and what a loss is taken from."
        )
        words = text.format(id=dispute.gateway_id, amount=amount, capture=format_money(row.amount, row.currency))
        alert_raise(row=row, kind=AlertKind.AMOUNT_DIFFERS, text=words, now=now)
        note_add(on=dispute, text=words, by=None, now=now)
    elif row is None:
        named = [one for one in _named(dispute=dispute) if _same_card(row=one, dispute=dispute)]
        if named:
            took = format_money(_worth(family=family_of(payment=named[0].payment)), dispute.currency)
            text = _(
                "Dispute {id} over {amount} names this payment, which took {took} in all. Nothing was booked. Ask the "
                "gateway what it is about, and link it on its page to the payment that took as much."
            )
            words = text.format(id=dispute.gateway_id, amount=amount, took=took)
            alert_raise(row=named[0], kind=AlertKind.AMOUNT_DIFFERS, text=words, now=now)
            note_add(on=dispute, text=words, by=None, now=now)


def _day(dispute: Dispute, *, now: datetime) -> date:
    """The world's date of the news in the seller's time zone; never in the future."""
    at = dispute.stage_at if dispute.is_open else dispute.status_at or dispute.stage_at
    return dispute.organization.today(min(at, now))


def _tell_finance(*, dispute: Dispute, turns: list[DisputeTurn], now: datetime) -> None:
    if linked_twin(dispute=dispute) is not None:
        return
    if dispute.is_open:
        notice_give(dispute=dispute, kind=NoticeKind.OPENED, now=now)
    elif dispute.result == DisputeResult.WON:
        notice_give(dispute=dispute, kind=NoticeKind.WON, now=now)
    elif dispute.status == DisputeStatus.CLOSED and dispute.result in {DisputeResult.LOST, DisputeResult.ACCEPTED}:
        notice_give(dispute=dispute, kind=NoticeKind.LOST, now=now, written_off=DisputeTurn.WRITTEN_OFF in turns)
