"""Reads of the payment module, starting from what a person may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce.models import Permission, User
from commerce.money import format_money
from commerce.selectors import rows_visible_to
from oropay.declines import Decline, canceled_of, decline_of
from oropay.models import (
    AUTHENTICATING,
    INITIATING,
    Action,
    Alert,
    AlertKind,
    FailureReason,
    InstrumentState,
    Integration,
    IntegrationType,
    MoneyState,
    Notification,
    NotificationState,
    Payable,
    PayableKind,
    Payment,
    PaymentAction,
    PaymentPayable,
    PaymentTransaction,
    TransactionState,
    WebhookCheck,
)
from oropay.threeds import NOT_AUTHENTICATED
from oropay.words import bank_words


def payments_visible_to(*, user: User) -> QuerySet[Payment]:
    """Payments this person started, or of orders and invoices of customers they may view."""
    if user.is_staff:
        rows = Payment.objects.all()
        return rows if user.is_superuser else rows.filter(organization=user.organization)
    parts = PaymentPayable.objects.filter(
        Q(payable__kind=PayableKind.ORDER)
        & rows_visible_to(
            user=user,
            permission=Permission.VIEW_ORDER,
            customer_field="payable__customer",
            owner_field="payable__order__placed_by",
        )
        | Q(payable__kind=PayableKind.INVOICE)
        & rows_visible_to(
            user=user,
            permission=Permission.VIEW_INVOICE,
            customer_field="payable__customer",
            owner_field="payment__created_by",
        )
    )
    return Payment.objects.filter(Q(created_by=user) | Q(pk__in=parts.values("payment")))


def payment_visible_to(*, user: User, uuid: UUID) -> Payment | None:
    """One payment by its public name, if this person may see it. For one's own it is a row read by key."""
    found = Payment.objects.select_related("instrument", "created_by", "authentication").filter(uuid=uuid).first()
    if found is None or found.created_by_id == user.pk:
        return found
    return found if payments_visible_to(user=user).filter(pk=found.pk).exists() else None


def live_payment_of(*, payable: Payable) -> Payment | None:
    """The attempt that keeps this payable to itself at the moment."""
    return Payment.objects.filter(parts__payable=payable, parts__live=True).first()


@dataclass(frozen=True)
class MethodOffer:
    """One integration as a pay page offers it; `why_not` says in words why it cannot be used for this amount."""

    integration: Integration
    label: str
    short_label: str
    card: bool
    bank: bool
    holds: bool
    """At checkout the amount is held and taken later."""
    why_not: str = ""


def integrations_active(*, organization_id: int) -> list[Integration]:
    """Every active integration of a seller with its account, the account's health, and labels, in two queries; a pay
    page reads them once.
    """
    return list(
        Integration.objects.filter(organization_id=organization_id, is_active=True)
        .select_related("provider_account__health")
        .prefetch_related("labels")
        .order_by("pk")
    )


def methods_for(
    *, payable: Payable, amount: Decimal, language: str, integrations: Sequence[Integration] | None = None
) -> list[MethodOffer]:
    """Every active OroPay integration of the seller, with its label and, if it cannot be used, the reason.

    `integrations` are the seller's active ones, if they have been read already.
    """
    rows = integrations_active(organization_id=payable.organization_id) if integrations is None else integrations
    return [
        _offer(integration=row, payable=payable, amount=amount, language=language)
        for row in rows
        if row.type == IntegrationType.OROPAY and row.provider_account is not None and row.provider_account.is_active
    ]


def _offer(*, integration: Integration, payable: Payable, amount: Decimal, language: str) -> MethodOffer:
    labels = {row.language: row for row in integration.labels.all()}
    label = labels.get(language) or labels.get(language.split("-")[0]) or labels.get("")
    currency = payable.currency
    why_not = ""
    account = integration.provider_account
    health = getattr(account, "health", None)
    if currency not in integration.currencies or (account and account.settlement_currency != currency):
        why_not = _("It does not take {currency}.").format(currency=currency)
    elif integration.min_amount is not None and amount < integration.min_amount:
        why_not = _("It takes {limit} or more.").format(limit=format_money(integration.min_amount, currency))
    elif integration.max_amount is not None and amount > integration.max_amount:
        why_not = _("It takes {limit} or less.").format(limit=format_money(integration.max_amount, currency))
    elif health is not None and health.refuses(timezone.now()):
        why_not = _("The payment service does not answer at the moment. Please try again in a minute.")
    return MethodOffer(
        integration=integration,
        label=label.label if label else integration.name,
        short_label=label.short_label if label else integration.name,
        card=True,
        bank=integration.echeck,
        holds=integration.payment_action == PaymentAction.MANUAL and payable.kind == PayableKind.ORDER,
        why_not=why_not,
    )


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

    @property
    def mark(self) -> str:
        """Changes whenever the page should say something else, also while the state stays."""
        return "-".join([self.state.value, *(["slow"] if self.slow else []), *(["asked"] if self.challenged else [])])


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
    asked = getattr(payment, "authentication", None)
    challenged = state == MoneyState.ACTION_REQUIRED and asked is not None and asked.challenged
    failure = _failure_reason(payment=payment) if state == MoneyState.FAILED else ""
    refusal = _refusal(payment=payment, state=state)
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
            MoneyState.DECLINED: _("Nothing was charged, and the card is not saved: its bank did not accept it."),
        }
    succeeded = state in SUCCEEDED
    return PayingView(
        payment=payment,
        state=state,
        final=state not in OPEN_STATES,
        succeeded=succeeded,
        sentence=sentences[state].format(amount=amount, **bank_words(payment=payment, state=state)).strip(),
        decline=str(refusal.buyer) if refusal is not None else "",
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
    )


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
    return decline_of(last)


def _failure_reason(*, payment: Payment) -> str:
    """Why the last attempt to hold or take the money failed."""
    return (
        payment.transactions.filter(state=TransactionState.FAILED, action__in=ATTEMPTS)
        .order_by("-pk")
        .values_list("failure_reason", flat=True)
        .first()
        or ""
    )


def payment_for_staff(*, user: User, pk: int) -> Payment | None:
    """A payment with everything its page shows, in a fixed number of queries."""
    return (
        payments_visible_to(user=user)
        .select_related(
            "customer", "organization", "integration", "provider_account", "instrument", "created_by", "authentication"
        )
        .prefetch_related(
            "parts__payable",
            Prefetch(
                "transactions",
                PaymentTransaction.objects.order_by("pk")
                .select_related("created_by")
                .prefetch_related("steps", "exchanges", "refund_lines__payable", "alerts"),
            ),
        )
        .filter(pk=pk)
        .first()
    )


@dataclass(frozen=True)
class Inbox:
    """What an integration has heard last."""

    last: Notification | None
    check: WebhookCheck | None


def inbox_of(*, integration: Integration) -> Inbox:
    """The newest message of a gateway and the newest test of our own."""
    messages = Notification.objects.filter(integration=integration).defer("body", "shown")
    return Inbox(
        last=messages.order_by("-received_at").first(),
        check=WebhookCheck.objects.filter(integration=integration).first(),
    )


@dataclass(frozen=True)
class Problem:
    """Something that went wrong between an integration and its gateway."""

    at: datetime
    text: str


PROBLEMS_OF, PROBLEMS_SHOWN = timedelta(days=30), 10


def sync_problems(*, integration: Integration, now: datetime) -> list[Problem]:
    """The newest problems of an integration's exchange with its gateway, whether or not they were logged."""
    messages = Notification.objects.filter(
        integration=integration,
        received_at__gte=now - PROBLEMS_OF,
        state__in=[NotificationState.REJECTED, NotificationState.DEAD],
    ).order_by("-received_at")[:PROBLEMS_SHOWN]
    refusals = Alert.objects.filter(
        kind=AlertKind.GATEWAY_REFUSES_US,
        transaction__payment__integration=integration,
        raised_at__gte=now - PROBLEMS_OF,
    ).order_by("-raised_at")[:PROBLEMS_SHOWN]
    found = [
        *(Problem(row.received_at, f"{row.get_state_display()}: {row.outcome}") for row in messages.defer("body")),
        *(Problem(row.raised_at, str(row)) for row in refusals),
    ]
    return sorted(found, key=lambda problem: problem.at, reverse=True)[:PROBLEMS_SHOWN]


def family_of(*, payment: Payment) -> Sequence[PaymentTransaction]:
    """All transactions of a payment, oldest first."""
    return list(payment.transactions.order_by("pk"))
