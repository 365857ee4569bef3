"""Where a payment is, as its buyer reads it: an honest sentence that says first what happened to the money."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce.money import format_money
from oropay.declines import DECLINES, Decline, canceled_of, decline_of
from oropay.models import (
    AUTHENTICATING,
    INITIATING,
    Action,
    Authentication,
    AuthenticationOutcome,
    FailureReason,
    Initiator,
    InstrumentState,
    Method,
    MoneyState,
    Payment,
    TransactionState,
)
from oropay.services.threeds import NOT_ASKED, PRESENT
from oropay.status import sums_of
from oropay.threeds import NOT_AUTHENTICATED
from oropay.words import bank_words


@dataclass(frozen=True)
class PayingView:
    """What the Paying page shows of a payment; one row read by key and its transactions."""

    payment: Payment
    state: MoneyState
    final: bool
    succeeded: bool
    sentence: str
    decline: str
    card_not_kept: bool
    repeatable: bool
    """Nothing speaks against trying the very same way again; otherwise another way is needed."""
    slow: bool
    """It takes longer than people are told to expect."""
    challenged: bool = False
    """The bank asks the buyer now."""
    confirmable: bool = False
    """It was declined because the bank had not asked the buyer: one more try asks."""
    hint: str = ""
    """While it is open: may the buyer leave the page, and what becomes of the money then?"""

    @property
    def mark(self) -> str:
        """Changes whenever the page should say something else, also while the state stays."""
        parts = {"slow": self.slow, "asked": self.challenged, "here": self.hint not in {"", str(MAY_LEAVE)}}
        return "-".join([self.state.value, *(name for name, is_so in parts.items() if is_so)])


MAY_LEAVE = gettext_lazy(
    "You may wait here or close this page; nothing is charged twice. The result is kept with your order or invoice."
)
SLOW_AFTER = timedelta(seconds=8)
"""Twice what the page promises; the gateway's own time-out is longer."""

FAILURES = {
    FailureReason.NOT_TAKEN: gettext_lazy(
        "Nothing was charged. We asked the bank: the payment never reached it. It is safe to try again."
    ),
    FailureReason.UNANSWERED: gettext_lazy(
        "Nothing was charged and the card is not saved: its bank gave no answer. Please enter the card again."
    ),
    FailureReason.NOT_SENT: gettext_lazy(
        "Nothing was charged. The payment could not be sent to the bank; please try again."
    ),
    FailureReason.NEVER_ARRIVED: gettext_lazy(
        "Nothing was charged. The payment never reached the bank; it is safe to try again."
    ),
    FailureReason.CARD_GONE: gettext_lazy(
        "Nothing was charged. The payment service no longer has this card; please enter it again."
    ),
    FailureReason.REFUSED: gettext_lazy(
        "Nothing was charged. The payment service refused what we sent, which is our mistake. Please pay another way, "
        "or tell us."
    ),
    FailureReason.REJECTED: gettext_lazy(
        "Nothing was taken. Your bank refused the debit. Please use another account, or ask your bank why."
    ),
    FailureReason.FROZEN: gettext_lazy(
        "Nothing was taken. This bank account cannot be debited because an earlier debit came back. Please use another "
        "account, or contact us."
    ),
    FailureReason.ACCOUNT_WRONG: gettext_lazy(
        "Nothing was taken. Your bank says that details of this account are wrong or have changed. Please enter them "
        "as your bank has them, or use another account."
    ),
}
"""What a buyer reads of a payment that failed: trying again helps against some reasons only."""

REPEATABLE = frozenset({FailureReason.NOT_SENT, FailureReason.NEVER_ARRIVED, FailureReason.NOT_TAKEN})


OPEN_STATES = frozenset({MoneyState.PROCESSING, MoneyState.UNKNOWN, MoneyState.ACTION_REQUIRED, MoneyState.REVIEW})
SUCCEEDED = frozenset(
    {
        MoneyState.AUTHORIZED,
        MoneyState.SETTLING,
        MoneyState.VALIDATED,
        MoneyState.CAPTURED,
        MoneyState.SETTLED,
        MoneyState.PARTIALLY_REFUNDED,
        MoneyState.REFUNDED,
    }
)


def paying_view(*, payment: Payment, now: datetime) -> PayingView:
    """Where a payment is, in an honest sentence that says first what happened to the money."""
    state = MoneyState(payment.money_state)
    slow = state == MoneyState.PROCESSING and now - payment.created_at > SLOW_AFTER
    asked: Authentication | None = getattr(payment, "authentication", None)
    deciding = asked is not None and asked.outcome == AuthenticationOutcome.OPEN and state in OPEN_STATES
    challenged = state == MoneyState.ACTION_REQUIRED and asked is not None and asked.challenged
    failure = _failure_reason(payment=payment) if state == MoneyState.FAILED else ""
    refusal = _refusal(payment=payment, state=state)
    confirmable = _confirmable(payment=payment, refusal=refusal)
    amount = format_money(payment.amount, payment.currency)
    sentences = {
        MoneyState.PROCESSING: (
            _("This takes longer than usual. It is safe to wait or close this page; you will not be charged twice.")
            if slow
            else _("Sent to the bank… usually 2–4 seconds.")
        ),
        MoneyState.UNKNOWN: _(
            "We are checking with the bank. It is safe to wait or close this page; you will not be charged twice."
        ),
        MoneyState.ACTION_REQUIRED: _("Nothing is charged yet. Your bank asks you to confirm.")
        if challenged
        else _("Nothing is charged yet. Your bank is looking whether it wants you to confirm."),
        MoneyState.REVIEW: _(
            "Nothing more to do: the payment is being reviewed. You will not be charged twice; we will tell you."
        ),
        MoneyState.AUTHORIZED: _("{amount} is held on your card. It is charged when we ship."),
        MoneyState.VALIDATED: _("Your card was checked. Nothing was charged."),
        MoneyState.SETTLING: _("Your bank accepted the debit of {amount}. It is expected to settle by {day}."),
        MoneyState.CAPTURED: _("{amount} was paid."),
        MoneyState.SETTLED: _("{amount} was paid."),
        MoneyState.PARTIALLY_REFUNDED: _("{amount} was paid; part of it was given back."),
        MoneyState.REFUNDED: _("{amount} was paid and given back."),
        MoneyState.DECLINED: _("Nothing was charged. The payment was declined."),
        MoneyState.CANCELED: _("Nothing was charged. The payment was canceled."),
        MoneyState.EXPIRED: _("Nothing was charged, and nothing is held: the payment was not finished in time."),
        MoneyState.FAILED: (
            _("Nothing was charged.")
            if refusal is not None
            else str(FAILURES.get(failure, _("Nothing was charged. The payment failed.")))  # type: ignore[call-overload]
        ),
        MoneyState.DISPUTED: _(
            "{amount} was paid and is disputed with the bank. It counts as paid until the bank decides; there is "
            "nothing to pay now."
        ),
        MoneyState.RETURNED: _("Your bank took the money back; the amount is due again. {why}"),
    }
    if payment.is_check:
        sentences |= {
            MoneyState.PROCESSING: _(
                "We are asking the bank about your card… usually 2–4 seconds. Nothing is charged."
            ),
            MoneyState.UNKNOWN: _("We are checking with the bank. Nothing is charged, whatever it answers."),
            MoneyState.DECLINED: _("Nothing was charged, and the card is not saved.")
            if refusal is DECLINES["checks_saving"]
            else _("Nothing was charged, and the card is not saved: its bank did not accept it."),
        }
        if payment.instrument is not None and payment.instrument.same_as_id is not None:
            sentences[MoneyState.VALIDATED] = _(
                "You have this card already. What was saved is renewed with what you entered; nothing was charged."
            )
    if deciding:
        sentences |= {
            MoneyState.PROCESSING: _(
                "Nothing is charged yet. We are asking your bank whether it wants you to confirm."
            ),
            MoneyState.UNKNOWN: _("Nothing is charged yet. Your bank has not answered; we keep asking."),
        }
    if state in TAKEN and payment.method == Method.CARD:
        taken = sums_of(payment.transactions.all())
        amount = format_money(taken.captured, payment.currency)
        held = format_money(taken.held, payment.currency)
        if taken.captured < payment.amount:
            sentences |= _partly_taken(held=held if taken.held > 0 else "")
    succeeded = state in SUCCEEDED
    return PayingView(
        payment=payment,
        state=state,
        final=state not in OPEN_STATES,
        succeeded=succeeded,
        sentence=sentences[state].format(amount=amount, **bank_words(payment=payment, state=state)).strip(),
        decline=str(CONFIRM if confirmable else refusal.buyer) if refusal is not None else "",
        card_not_kept=(
            succeeded
            and payment.keep_instrument
            and payment.instrument is not None
            and payment.instrument.state == InstrumentState.ONCE
            and payment.instrument.same_as_id is None
        ),
        repeatable=failure in REPEATABLE or (refusal is not None and refusal.same_card),
        slow=slow,
        challenged=challenged,
        confirmable=confirmable,
        hint=_hint(asked=asked if deciding else None, challenged=challenged) if state in OPEN_STATES else "",
    )


TAKEN = frozenset(
    {
        MoneyState.CAPTURED,
        MoneyState.SETTLED,
        MoneyState.PARTIALLY_REFUNDED,
        MoneyState.REFUNDED,
        MoneyState.DISPUTED,
    }
)
"""What was taken may be less than what was held."""


def _partly_taken(*, held: str) -> dict[MoneyState, str]:
    """The sentences of a hold that was not taken as a whole; `held` is what is still held of it, empty for nothing."""
    words = (
        _("{amount} was paid. {held} more is held on your card; it is charged when we ship the rest.").replace(
            "{held}", held
        )
        if held
        else _("{amount} was paid. The rest is not charged: your bank frees it on your card.")
    )
    return {MoneyState.CAPTURED: words, MoneyState.SETTLED: words}


CONFIRM = gettext_lazy(
    "Your bank wants you to confirm this payment first. Please try once more: it will ask you before anything is "
    "charged."
)


def _confirmable(*, payment: Payment, refusal: Decline | None) -> bool:
    """Whether one more payment, with the bank's question first, is worth offering to who sits before the page."""
    return refusal is not None and refusal.code == NOT_ASKED and Initiator(payment.initiator) in PRESENT


def _hint(*, asked: Authentication | None, challenged: bool) -> str:
    """What leaving the page would mean. While the bank wants something of the buyer, nothing goes on without them."""
    if asked is None:
        return str(MAY_LEAVE)
    until = date_format(timezone.localtime(asked.expires_at), "H:i T")
    if challenged:
        return _(
            "Please answer your bank below, by {time}. If you leave, nothing is charged and nothing is held: open this "
            "page again until then, or pay another way."
        ).format(time=until)
    return _(
        "Please stay on this page. If you leave, nothing is charged and nothing is held: open it again by {time}, or "
        "pay another way after that."
    ).format(time=until)


ATTEMPTS = [*INITIATING, Action.VALIDATE]
"""Transactions whose end is the payment's end."""


def _refusal(*, payment: Payment, state: MoneyState) -> Decline | None:
    """Why the last attempt was refused or taken back, if a reason is known."""
    attempts = payment.transactions.filter(action__in=ATTEMPTS).order_by("-pk")
    if state == MoneyState.CANCELED:
        last = attempts.filter(state=TransactionState.CANCELED).first()
        return canceled_of(last) if last is not None else None
    if state not in {MoneyState.DECLINED, MoneyState.FAILED}:
        return None
    ended = TransactionState.DECLINED if state == MoneyState.DECLINED else TransactionState.FAILED
    last = attempts.filter(state=ended).first()
    if last is None:
        return None
    if last.action in AUTHENTICATING:
        words = NOT_AUTHENTICATED.get(payment.authentication.outcome)
        return Decline("threeds", words, "") if words else None
    found = decline_of(last)
    asked = getattr(payment, "authentication", None)
    if found is DECLINES[NOT_ASKED] and asked is not None and asked.outcome != AuthenticationOutcome.EXEMPT:
        return replace(DECLINES["101"], code="")  # the bank was asked, so asking once more helps nobody
    return found


def _failure_reason(*, payment: Payment) -> str:
    """Why the last attempt to hold or take the money failed."""
    return (
        payment.transactions.filter(state=TransactionState.FAILED, action__in=ATTEMPTS)
        .order_by("-pk")
        .values_list("failure_reason", flat=True)
        .first()
        or ""
    )
