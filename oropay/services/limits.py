"""How much one person may give back alone, and changing that: by two persons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import Organization, User
from commerce.money import exponent, format_money
from oropay import locks
from oropay.exceptions import AmountNotRepresentable
from oropay.models import (
    Action,
    Approval,
    ApprovalKind,
    FailureReason,
    Payment,
    PaymentTransaction,
    RefundLimit,
)
from oropay.services.approval import approval_ask
from oropay.status import WITHOUT_MONEY

CUSTOMER_WINDOW = timedelta(days=30)
DAY = timedelta(hours=24)
NAMES = ("per_charge", "per_customer", "per_day")
GIVEN_BACK = Q(action__in=[Action.REFUND, Action.CREDIT]) | Q(
    action=Action.CANCEL, parent__action__in=[Action.CHARGE, Action.CAPTURE]
)
"""Refunds, standalone credits, and voids of what was taken. Releasing a hold gives nothing back."""


def over_limit(*, payment: Payment, charge: PaymentTransaction | None, amount: Decimal, by: User, now: datetime) -> str:
    """Why `by` may not give `amount` back alone; empty if they may.

    Counts what this person gave back of this charge, to this customer in 30 days, and in the last 24 hours, whatever
    has not ended without money; a void that came too late counts for the refund in its place. The person's row is
    locked, so that two windows of one person cannot share a limit.
    """
    limit = RefundLimit.objects.filter(organization=payment.organization_id, currency=payment.currency).first()
    if limit is None:
        return ""
    locks.maker(pk=by.pk)
    mine = PaymentTransaction.objects.filter(
        GIVEN_BACK, created_by=by, currency=payment.currency, payment__organization=payment.organization_id
    ).filter(~Q(state__in=WITHOUT_MONEY) | _refunded_instead())
    counted: list[tuple[Decimal | None, QuerySet[PaymentTransaction], str]] = [
        (limit.per_charge, mine.filter(parent=charge) if charge else mine.none(), _("of one charge")),
        (
            limit.per_customer,
            mine.filter(payment__customer=payment.customer_id, created_at__gt=now - CUSTOMER_WINDOW),
            _("to one customer in 30 days"),
        ),
        (limit.per_day, mine.filter(created_at__gt=now - DAY), _("in 24 hours")),
    ]
    for most, rows, words in counted:
        if most is None:
            continue
        given = rows.aggregate(sum=Sum("amount", default=Decimal(0)))["sum"]
        if given + amount > most:
            return _("{by} may give back {most} {words} alone, and gave {given} already.").format(
                by=by,
                most=format_money(most, payment.currency),
                words=words,
                given=format_money(given, payment.currency),
            )
    return ""


def _refunded_instead() -> Q:
    """Of a void that came too late, and was the last of a person's to: a refund that nobody else asked for took its
    place.
    """
    beside = PaymentTransaction.objects.filter(parent=OuterRef("parent"))
    refunds = beside.filter(action=Action.REFUND, created_by=None, outside=False).exclude(state__in=WITHOUT_MONEY)
    later = beside.filter(failure_reason=FailureReason.BATCH_CLOSED, created_by__isnull=False, pk__gt=OuterRef("pk"))
    return Q(Exists(refunds), ~Exists(later), failure_reason=FailureReason.BATCH_CLOSED)


@dataclass(frozen=True)
class LimitsAsked:
    """New limits of one currency; None is no limit."""

    per_charge: Decimal | None
    per_customer: Decimal | None
    per_day: Decimal | None


@atomic(durable=True)
def refund_limits_propose(
    *, organization: Organization, currency: str, limits: LimitsAsked, note: str, by: User, now: datetime
) -> Approval:
    """Ask a second person to agree to other limits; until then those in force stay.

    Raises:
        NoteRequired: `note` is blank.
        AmountNotRepresentable: a limit has more decimals than the currency knows, or is negative.
    """
    for amount in (limits.per_charge, limits.per_customer, limits.per_day):
        if amount is not None and (amount < 0 or amount != amount.quantize(Decimal(1).scaleb(-exponent(currency)))):
            raise AmountNotRepresentable(amount=amount, currency=currency)
    asked = {
        "currency": currency,
        **{name: None if value is None else f"{value:f}" for name, value in vars(limits).items()},
        "instead_of": _standing(organization_id=organization.pk, currency=currency),
    }
    return approval_ask(
        kind=ApprovalKind.LIMITS,
        organization_id=organization.pk,
        asked=asked,
        why=_("Limits are changed by two persons."),
        note=note,
        by=by,
        now=now,
    )


def _standing(*, organization_id: int, currency: str) -> list[str | None] | None:
    row = RefundLimit.objects.filter(organization=organization_id, currency=currency).first()
    if row is None:
        return None
    return [None if value is None else f"{value:f}" for value in (getattr(row, name) for name in NAMES)]


class LimitsApproval:
    """Registered on `oropay.ports.approval_handlers`. Limits that changed meanwhile void the question."""

    permission = "oropay.change_refundlimit"

    def lock(self, *, approval: Approval) -> None:
        """Nothing but the approval itself: its row orders competing changes of one question."""

    def asked_now(self, subject: Any, *, approval: Approval) -> Mapping[str, Any]:
        standing = _standing(organization_id=approval.organization_id, currency=approval.asked["currency"])
        return {**approval.asked, "instead_of": standing}

    def agree(self, subject: Any, *, approval: Approval, by: User, now: datetime) -> None:
        RefundLimit.objects.update_or_create(
            organization_id=approval.organization_id,
            currency=approval.asked["currency"],
            defaults={name: None if approval.asked[name] is None else Decimal(approval.asked[name]) for name in NAMES},
        )

    def end(self, subject: Any, *, approval: Approval, now: datetime) -> None:
        """Nothing was changed, so nothing has to be taken back."""

    def sentence(self, *, approval: Approval) -> str:
        return _("No money moves. From then on a person may give back in {currency}, alone: {limits}.").format(
            currency=approval.asked["currency"],
            limits=", ".join(f"{label}: {_shown(approval, approval.asked[name])}" for name, label in _labels()),
        )

    def details(self, *, approval: Approval) -> Sequence[tuple[str, str]]:
        """Each limit, as it is and as it would be."""
        before = approval.asked["instead_of"] or [None] * len(NAMES)
        return [
            (label, f"{_shown(approval, old)} → {_shown(approval, approval.asked[name])}")
            for (name, label), old in zip(_labels(), before, strict=True)
        ]


def _labels() -> list[tuple[str, str]]:
    return [(name, str(RefundLimit._meta.get_field(name).verbose_name)) for name in NAMES]  # type: ignore[union-attr]


def _shown(approval: Approval, limit: str | None) -> str:
    return _("no limit") if limit is None else format_money(Decimal(limit), approval.asked["currency"])
