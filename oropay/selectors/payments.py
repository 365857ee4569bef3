"""Reads of the payment module, starting from what a person may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from commerce.models import Permission, User
from commerce.selectors import rows_visible_to
from oropay.models import (
    Alert,
    AlertKind,
    Integration,
    IntegrationType,
    Notification,
    NotificationState,
    Payable,
    PayableKind,
    Payment,
    PaymentAction,
    PaymentPayable,
    PaymentTransaction,
    WebhookCheck,
)
from oropay.selectors.owed import PartLimits, limit_refusal, part_limits


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


LONGEST_NAME = 60
"""Of anything a gateway or we call a transaction."""


def payment_returned_to(*, key: str, reference: str, gateway_id: str) -> Payment | None:
    """The payment that a gateway names when it leads a payer's browser back to an integration's secret address.

    Our name for a transaction counts first, then the gateway's. Nobody has shown yet that they may see it.
    """
    named = [
        Q(**{column: name}) for column, name in (("reference", reference), ("gateway_id", gateway_id)) if _usable(name)
    ]
    for condition in named:
        row = (
            PaymentTransaction.objects.filter(condition, payment__integration__webhook_key=key)
            .select_related("payment__website")
            .order_by("pk")
            .first()
        )
        if row is not None:
            return row.payment
    return None


def _usable(name: str) -> bool:
    return 0 < len(name) <= LONGEST_NAME and name.isprintable()


@dataclass(frozen=True)
class MethodOffer:
    """One integration as a pay page offers it; `why_not` says in words why it cannot be used for this amount, nor for a
    part of it where one may be chosen.
    """

    integration: Integration
    label: str
    short_label: str
    card: bool
    bank: bool
    holds: bool
    """At checkout the amount is held and taken later."""
    why_not: str = ""
    parts: PartLimits | None = None
    """What it takes at a time, where a part may be chosen."""


def integrations_active(*, organization_id: int, currency: str) -> list[Integration]:
    """Every active integration of a seller with its account, the account's health, its limits in the currency to be
    paid, and labels, in two queries; a pay page reads them once.
    """
    return list(
        Integration.objects.filter(organization_id=organization_id, is_active=True)
        .with_limits(currency=currency)
        .select_related("provider_account__health")
        .prefetch_related("labels")
        .order_by("pk")
    )


def methods_for(
    *,
    payable: Payable,
    amount: Decimal,
    language: str,
    in_parts: bool = False,
    integrations: Sequence[Integration] | None = None,
) -> list[MethodOffer]:
    """Every active OroPay integration of the seller, with its label and, if it cannot be used, the reason.

    `in_parts`: the payer may choose to pay less than the amount. `integrations` are the seller's active ones, if they
    have been read already.
    """
    if integrations is None:
        integrations = integrations_active(organization_id=payable.organization_id, currency=payable.currency)
    return [
        _offer(integration=row, payable=payable, amount=amount, language=language, in_parts=in_parts)
        for row in integrations
        if row.type == IntegrationType.OROPAY and row.provider_account is not None and row.provider_account.is_active
    ]


def _offer(
    *, integration: Integration, payable: Payable, amount: Decimal, language: str, in_parts: bool
) -> MethodOffer:
    labels = {row.language: row for row in integration.labels.all()}
    label = labels.get(language) or labels.get(language.split("-")[0]) or labels.get("")
    currency = payable.currency
    why_not = ""
    account = integration.provider_account
    health = getattr(account, "health", None)
    if currency not in integration.currencies or (account and account.settlement_currency != currency):
        why_not = _("It does not take {currency}.").format(currency=currency)
    elif refusal := limit_refusal(integration=integration, amount=amount, currency=currency, in_parts=in_parts):
        why_not = refusal
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
        parts=part_limits(integration=integration, amount=amount, currency=currency) if in_parts else None,
    )


MANDATE = [f"mandate__{name}" for name in ("given_by", "revoked_by", "document", "instrument__provider_account")]


def payment_for_staff(*, user: User, pk: int) -> Payment | None:
    """A payment with everything its page shows, in a fixed number of queries."""
    return (
        payments_visible_to(user=user)
        .select_related(
            "customer",
            "organization",
            "integration",
            "provider_account",
            "instrument",
            "created_by",
            "authentication",
            *MANDATE,
        )
        .defer("mandate__document__content")
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
