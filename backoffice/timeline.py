"""What happened to a payment, in one line of time: every step, every exchange, every note and alert."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.authentications import decided_by, proof_words
from backoffice.dialogs import Words
from backoffice.display import VARIANTS, day_of, moment, time_of
from backoffice.nextsteps import next_of
from backoffice.records import Event
from backoffice.worth import released_of
from commerce.money import format_money
from oropay.declines import decline_of
from oropay.gateway.port import Verdict
from oropay.models import (
    AUTHENTICATING,
    HOLDS,
    RUNNING,
    Action,
    Alert,
    Exchange,
    FailureReason,
    Method,
    MoneyState,
    Payment,
    PaymentTransaction,
    TransactionState,
)
from oropay.services import held_until, releasable
from oropay.status import sums_of
from plumbing.models import Note
from plumbing.selectors import notes_on


def timeline(payment: Payment, *, payloads: bool) -> list[Event]:
    """Oldest first. `payloads`: whether the reader may open what was sent and answered.

    The payment comes from `payment_for_staff`, so this asks for the notes only.
    """
    events: list[tuple[datetime, int, Event]] = []
    for row in payment.transactions.all():
        events += [(at, 1, event) for at, event in _steps(row, payment)]
        events += [
            (exchange.at, 2, _exchange(exchange, payment, payloads=payloads)) for exchange in row.exchanges.all()
        ]
        if row.settled_at is not None:
            events.append((row.settled_at, 3, _settled(row)))
        for alert in row.alerts.all():
            events += [(at, 4, event) for at, event in _alert(alert)]
    events += [(note.created_at, 5, _note(note)) for note in notes_on(payment)]
    return [event for _at, _rank, event in sorted(events, key=lambda one: one[:2])]


SENTENCES = {
    MoneyState.PROCESSING: gettext_lazy("Queued or with the gateway; it usually answers in 2–4 seconds."),
    MoneyState.ACTION_REQUIRED: gettext_lazy("Nothing is taken yet: the buyer's bank asks the buyer to confirm."),
    MoneyState.REVIEW: gettext_lazy(
        "Held for a fraud review: nothing is booked. Release it if it is good; cancel it, and nothing is taken."
    ),
    MoneyState.AUTHORIZED: gettext_lazy(
        "Held on the card, not taken. Capture it when the goods go out, or release it."
    ),
    MoneyState.SETTLING: gettext_lazy(
        "The bank accepted the debit; it is not sure yet. Bank debits take about three banking days to settle."
    ),
    MoneyState.VALIDATED: gettext_lazy("The card's bank answers for it. A check moves no money."),
    MoneyState.CAPTURED: gettext_lazy("Taken; on its way to our bank with the gateway's next deposit."),
    MoneyState.SETTLED: gettext_lazy("Taken, and in a deposit of the gateway."),
    MoneyState.PARTIALLY_REFUNDED: gettext_lazy("Taken; part of it was given back."),
    MoneyState.REFUNDED: gettext_lazy("Taken and given back."),
    MoneyState.DECLINED: gettext_lazy("Nothing was taken: the bank said no. The buyer may try again."),
    MoneyState.CANCELED: gettext_lazy("Nothing is taken: the hold was released or the charge voided."),
    MoneyState.EXPIRED: gettext_lazy("Nothing was taken: it was not finished, or its hold not captured, in time."),
    MoneyState.FAILED: gettext_lazy("Nothing was taken."),
    MoneyState.UNKNOWN: gettext_lazy(
        "Sent, and no trustworthy answer yet: money may have moved. It is looked up by itself until there is proof; "
        "it is never sent twice."
    ),
    MoneyState.RETURNED: gettext_lazy("The bank took the money back; what it paid is due again."),
    MoneyState.DISPUTED: gettext_lazy("The card holder contests it with the bank."),
}
"""What a money state means to staff; buyers read other words on their page."""

FAILURES = {
    FailureReason.NOT_SENT: gettext_lazy(
        "Nothing was taken: it could not be sent to the gateway. The buyer may try again."
    ),
    FailureReason.NEVER_ARRIVED: gettext_lazy(
        "Nothing was taken: the gateway was asked twice and never got it. It is watched for 90 days, in case it does "
        "turn up."
    ),
    FailureReason.NOT_DONE: gettext_lazy(
        "Nothing was done: its answer was lost, and what it acts on is as it was before. It is watched for 90 days."
    ),
    FailureReason.REFUSED: gettext_lazy(
        "Nothing was taken: the gateway refused the form of our request. Its alert says what to do."
    ),
    FailureReason.REJECTED: gettext_lazy(
        "Nothing was taken: the bank rejected the debit before it was funded. The buyer may pay another way."
    ),
    FailureReason.NOT_TAKEN: gettext_lazy(
        "Nothing was taken: no evidence decided it, and two persons did. It is watched for 90 days."
    ),
    FailureReason.CARD_GONE: gettext_lazy(
        "Nothing was taken: the gateway no longer knows this card. Its owner must enter it again."
    ),
    FailureReason.UNANSWERED: gettext_lazy(
        "Nothing was taken: the card's check got no answer, and a check moves no money. The card is not saved."
    ),
    FailureReason.BATCH_CLOSED: gettext_lazy(
        "The void came too late: the charge had already gone for settlement. A refund takes its place."
    ),
    FailureReason.FROZEN: gettext_lazy(
        "Nothing was taken and nothing was sent: the bank account is frozen after a return. See Bank returns."
    ),
    FailureReason.ACCOUNT_WRONG: gettext_lazy(
        "Nothing was taken and nothing was sent: its bank calls details of the account wrong and nobody has put them "
        "right. See Notices of change."
    ),
}
"""What each proof that nothing was taken means to staff."""

LATE = gettext_lazy("turned up late at the gateway, after it had been proven absent")


NOT_RELEASABLE = gettext_lazy(
    "Held in review: nothing is booked, and it cannot be released here. Cancel it, and nothing is taken."
)
"""What is in review because of its address or security code, or is not held by the gateway's filter."""


def paused_until(row: PaymentTransaction, *, now: datetime) -> datetime | None:
    """When it is tried again, while nothing of it is with the gateway; None of what does not pause."""
    pauses = row.state == TransactionState.QUEUED and row.queued_at is not None and row.queued_at > now
    return row.queued_at if pauses else None


def sentence_of(payment: Payment, *, now: datetime) -> str:
    if payment.method == Method.OFFLINE:
        return _("Recorded by hand; it waits in undeposited funds for its bank line.")
    running = [row for row in payment.transactions.all() if row.parent_id and row.state in RUNNING]
    if running and (again_at := paused_until(running[-1], now=now)):
        return _(
            "{what} was not done yet: it is tried again by itself at {time}, or as soon as a gateway that was away "
            "answers. If that fails for good, an alert says what to do."
        ).format(what=name_of(running[-1]), time=time_of(again_at))
    if running:
        return _("{what} is with the gateway now; this page follows.").format(what=name_of(running[-1]))
    still = sums_of(payment.transactions.all())
    if still.held > 0 and still.captured > 0:
        hold = [row for row in payment.transactions.all() if row.action in HOLDS][-1]
        return _(
            "Part of the hold was taken; {held} of it is still held and may be captured until {day}, or released."
        ).format(held=format_money(still.held, payment.currency), day=day_of(held_until(hold)))
    released = released_of(payment.transactions.all())
    if released and payment.money_state in {MoneyState.CAPTURED, MoneyState.SETTLED}:
        return _("Part of the hold was taken; {released} of it was released and cannot be captured any more.").format(
            released=format_money(released, payment.currency)
        )
    if told := _how_given_back(payment):
        return told
    if payment.money_state == MoneyState.REVIEW and not _is_releasable(payment):
        return str(NOT_RELEASABLE)
    if payment.money_state == MoneyState.FAILED and (why := _why_failed(payment)):
        return str(FAILURES[why])
    return str(SENTENCES[MoneyState(payment.money_state)])


def _how_given_back(payment: Payment) -> str:
    """Of a charge that was given back: by a void or a refund, since people ask for it with one button."""
    rows = list(payment.transactions.all())
    taken = {row.pk for row in rows if row.action in {Action.CHARGE, Action.CAPTURE}}
    voids = [row for row in rows if row.action == Action.CANCEL and row.parent_id in taken]
    done = next((row for row in voids if row.state == TransactionState.APPROVED), None)
    if payment.money_state == MoneyState.CANCELED and done is not None:
        voided = _("Voided before it settled: {instrument} is not charged.").format(instrument=payment.instrument)
        rest = sum((row.amount for row in rows if row.action == Action.RELEASE and row.pk > done.pk), Decimal(0))
        if not rest:
            return voided
        let_go = _("The {amount} that its hold still held was let go too.")
        return f"{voided} {let_go.format(amount=format_money(rest, payment.currency))}"
    if payment.money_state == MoneyState.REFUNDED and any(
        row.failure_reason == FailureReason.BATCH_CLOSED for row in voids
    ):
        return _("It had gone for settlement before it could be voided, so it was refunded to {instrument}.").format(
            instrument=payment.instrument
        )
    return ""


def _is_releasable(payment: Payment) -> bool:
    family = list(payment.transactions.all())
    return any(releasable(transaction=row, family=family).limit > 0 for row in family)


def _why_failed(payment: Payment) -> FailureReason | None:
    """Of the newest attempt, which is the one the payment's state speaks of."""
    failed = [row.failure_reason for row in payment.transactions.all() if not row.parent_id and row.failure_reason]
    return FailureReason(failed[-1]) if failed else None


def name_of(row: PaymentTransaction) -> str:
    return f"{row.get_action_display()} {format_money(row.amount, row.currency)}"


def _steps(row: PaymentTransaction, payment: Payment) -> Iterable[tuple[datetime, Event]]:
    for step in sorted(row.steps.all(), key=lambda step: step.pgh_id):  # type: ignore[attr-defined]
        state = TransactionState(step.state)
        why = FailureReason(step.failure_reason).label if step.failure_reason else ""
        detail = [str(why)] if why else []
        if state in {TransactionState.DECLINED, TransactionState.FAILED} and (row.message or row.result_code):
            detail.append(f"{row.message} ({row.result_code})" if row.result_code else row.message)
            decline = decline_of(row)
            detail += [str(decline.staff)] if decline is not None else []
        if row.action in AUTHENTICATING and state in {TransactionState.APPROVED, TransactionState.DECLINED}:
            detail = [proof_words(payment)] if row == decided_by(payment) else []
        if row.reason and step.pgh_label == "born":
            detail.append(str(row.get_reason_display()))
        if row.late and step.pgh_label == "born":
            detail.append(str(LATE))
        yield (
            step.pgh_created_at,
            Event(
                at=moment(step.pgh_created_at),
                title=f"{name_of(row)} → {state.label}",
                detail=" · ".join(detail),
                by=str(row.created_by) if step.pgh_label == "born" and row.created_by else "",
                variant=_colour(state),
            ),
        )


def _colour(state: TransactionState) -> str:
    if state in {TransactionState.DECLINED, TransactionState.FAILED}:
        return "danger"
    return VARIANTS.get(state.value, "default")


def _exchange(exchange: Exchange, payment: Payment, *, payloads: bool) -> Event:
    silent = _("no answer") if exchange.verdict == Verdict.UNKNOWN else ""
    status = f"HTTP {exchange.http_status}" if exchange.http_status else silent
    links: list[SafeString] = []
    if payloads:
        address = reverse("admin:oropay_payment_exchange", args=[payment.pk, exchange.pk])
        links.append(format_html('<a class="office-link" href="{}">{}</a>', address, _("Request and response")))
    return Event(
        at=moment(exchange.at),
        title=_told(exchange),
        detail=" · ".join(part for part in (status, exchange.gateway_id, exchange.error_code) if part),
        links=links,
    )


def _settled(row: PaymentTransaction) -> Event:
    return Event(
        at=moment(row.settled_at),
        title=f"{name_of(row)} → {_('settled by the gateway')}",
        detail=" · ".join(
            part
            for part in (
                _("batch {id}").format(id=row.batch_id) if row.batch_id else "",
                _("deposit {id}").format(id=row.deposit_id) if row.deposit_id else "",
            )
            if part
        ),
        variant="success",
    )


def _alert(alert: Alert) -> Iterable[tuple[datetime, Event]]:
    todo = next_of(alert) if alert.resolved_at is None else ""
    yield (
        alert.raised_at,
        Event(
            at=moment(alert.raised_at),
            title=alert.get_kind_display(),
            detail=" · ".join(part for part in (alert.text, todo) if part),
            variant="warning",
        ),
    )
    if alert.resolved_at is not None:
        yield (
            alert.resolved_at,
            Event(
                at=moment(alert.resolved_at),
                title=_("{alert}: resolved").format(alert=alert.get_kind_display()),
                detail=alert.remark,
                variant="success",
            ),
        )


def _note(note: Note) -> Event:
    return Event(
        at=moment(note.created_at),
        title=_("Note"),
        detail=note.text,
        by=str(note.by) if note.by else _("the system"),
    )


NOT_SENT: Mapping[str, Words] = {
    Verdict.NOT_SENT: gettext_lazy("Not sent: nothing left us"),
    Verdict.WITHHELD: gettext_lazy("Not sent: the bank account is frozen"),
    Verdict.MISDIRECTED: gettext_lazy("Not sent: its bank calls the account wrong"),
}
HEARD: Mapping[str, Words] = {
    Verdict.APPROVED: gettext_lazy("approved"),
    Verdict.DECLINED: gettext_lazy("declined"),
    Verdict.PENDING: gettext_lazy("accepted, not sure yet"),
    Verdict.REVIEW: gettext_lazy("held for review"),
    Verdict.ASKED: gettext_lazy("the buyer must act first"),
    Verdict.UNAVAILABLE: gettext_lazy("the card holder's bank cannot say"),
    Verdict.CANCELED: gettext_lazy("reversed"),
    Verdict.FAILED: gettext_lazy("refused"),
    Verdict.REFUSED: gettext_lazy("turned away"),
    Verdict.DUPLICATE: gettext_lazy("sent before"),
    Verdict.RETURNED: gettext_lazy("went back to the bank"),
    Verdict.NOT_FOUND: gettext_lazy("not there"),
    Verdict.UNKNOWN: gettext_lazy("what became of it is not known"),
}


def _told(exchange: Exchange) -> str:
    """What was asked and what came of it, in words."""
    if exchange.verdict in NOT_SENT:
        return str(NOT_SENT[exchange.verdict])
    words = _("Sent to the gateway") if exchange.kind == "send" else _("Looked up at the gateway")
    return f"{words}: {HEARD[exchange.verdict]}"
