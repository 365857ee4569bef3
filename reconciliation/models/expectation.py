"""Money our books say will come from the gateway or a bank, or go back through it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from commerce.money import MoneyAmountField, format_money
from plumbing.audit import append_only


class ExpectationKind(models.TextChoices):
    SALE = "sale", _("Sale")
    """A card capture or an accepted ACH charge: the gateway will deposit it."""
    REFUND = "refund", _("Refund")
    """Given back: the gateway will keep it from a deposit. The amount is negative."""
    CHARGEBACK = "chargeback", _("Chargeback")
    """A dispute took money: the gateway will keep it from a deposit. The amount is negative."""
    REVERSAL = "reversal", _("Chargeback reversal")
    """A dispute gave money back: the gateway will deposit it."""
    RETURN = "return", _("Return")
    """A settled bank debit that went back: the gateway will keep it from a deposit. The amount is negative."""
    RECEIPT = "receipt", _("Receipt")
    """A check or wire recorded by staff: a bank statement will show it. No gateway knows of it."""


OUTGOING = [ExpectationKind.REFUND, ExpectationKind.RETURN, ExpectationKind.CHARGEBACK]
"""Kinds that lower a deposit: their amounts are negative."""


@append_only
class Expectation(models.Model):
    """Born in the same transaction as the fact it follows from. Its key names it in the gateway's settlement report."""

    organization = models.ForeignKey("commerce.Organization", on_delete=models.PROTECT, related_name="expectations")
    provider_account = models.ForeignKey(
        "oropay.ProviderAccount",
        null=True,
        on_delete=models.PROTECT,
        related_name="expectations",
        verbose_name=_("provider account"),
    )
    transaction = models.OneToOneField(
        "oropay.PaymentTransaction",
        on_delete=models.PROTECT,
        related_name="expectation",
        verbose_name=_("transaction"),
    )
    kind = models.CharField(_("kind"), max_length=10, choices=ExpectationKind)
    gateway_id = models.CharField(_("gateway id"), max_length=60, blank=True)
    """Of the row that owns it there: a capture is settled under its authorization's id, a refund under its own, a
    chargeback under its dispute's.
    """
    amount = MoneyAmountField(_("amount"))
    """Signed: a refund, return or chargeback is negative."""
    currency = models.CharField(_("currency"), max_length=3)
    due_on = models.DateField(_("due"), null=True)
    """By banking days. Empty for receipts: whoever brings a check to the bank decides the day."""
    late_from = models.DateField(_("late from"), null=True)
    """The banking day after `due_on`."""
    born_at = models.DateTimeField(_("expected since"))

    class Meta:
        verbose_name = _("expectation")
        verbose_name_plural = _("expectations")
        ordering = ["-born_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=OUTGOING, amount__lt=0) | (~Q(kind__in=OUTGOING) & Q(amount__gt=0)),
                name="expectation_refunds_are_negative",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind=ExpectationKind.RECEIPT,
                    provider_account__isnull=True,
                    due_on__isnull=True,
                    late_from__isnull=True,
                )
                | (
                    ~Q(kind=ExpectationKind.RECEIPT)
                    & Q(provider_account__isnull=False, due_on__isnull=False, late_from__isnull=False)
                ),
                name="expectation_of_the_gateway_has_its_days",
            ),
        ]
        indexes = [
            models.Index(fields=["provider_account", "gateway_id", "kind"], name="expectation_key"),
            models.Index(fields=["organization", "late_from"], name="expectation_days"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {format_money(self.amount, self.currency)} · {self.gateway_id}"


class ClosingReason(models.TextChoices):
    WITHDRAWN = "withdrawn", _("Withdrawn")
    """The payment was voided or refused; nothing will come."""


@append_only
class ExpectationClosing(models.Model):
    """Why an expectation is waited for no longer, although nothing came."""

    expectation = models.OneToOneField(Expectation, on_delete=models.PROTECT, related_name="closing")
    reason = models.CharField(_("reason"), max_length=12, choices=ClosingReason)
    closed_at = models.DateTimeField(_("closed"))

    class Meta:
        verbose_name = _("closed expectation")
        verbose_name_plural = _("closed expectations")

    def __str__(self) -> str:
        return f"{self.get_reason_display()} · {self.closed_at:%Y-%m-%d}"
