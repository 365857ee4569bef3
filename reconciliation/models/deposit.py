"""What the gateway says it settled and sent to the bank. Nothing here is ever edited: news is a new row."""

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from commerce.money import MoneyAmountField, format_money
from plumbing.audit import append_only


@append_only
class Deposit(models.Model):
    """One payout of the gateway, by its name there. What it says about itself is in `versions`, the newest counts."""

    provider_account = models.ForeignKey(
        "oropay.ProviderAccount", on_delete=models.PROTECT, related_name="deposits", verbose_name=_("provider account")
    )
    gateway_id = models.CharField(_("gateway id"), max_length=100)
    seen_at = models.DateTimeField(_("first seen"))

    class Meta:
        verbose_name = _("deposit")
        verbose_name_plural = _("deposits")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["provider_account", "gateway_id"], name="deposit_once_per_account"),
            models.CheckConstraint(condition=~Q(gateway_id=""), name="deposit_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.gateway_id


PAID_OUT = ("FUNDED", "SPLIT_FUNDING", "RELEASED")
"""Deposit statuses that mean the money left the gateway. The others (DELAYED, RESERVED, IRREG) are not booked."""


@append_only
class DepositVersion(models.Model):
    """A deposit as the gateway described it at one time: gross = sales − refunds − chargebacks, net = gross − fees."""

    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField(_("version"))
    """1, 2, …: a new one only when something changed."""
    paid_on = models.DateField(_("paid on"))
    status = models.CharField(_("status"), max_length=40)
    method = models.CharField(_("method"), max_length=10, blank=True)
    """card or ach, where the gateway says so."""
    currency = models.CharField(_("currency"), max_length=3)
    net = MoneyAmountField(_("net"))
    """As the bank statement will show it; negative when the gateway debits our account."""
    sales = MoneyAmountField(_("sales"))
    refunds = MoneyAmountField(_("refunds"))
    """Positive: money given back."""
    chargebacks = MoneyAmountField(_("chargebacks"))
    """Positive: money that disputes took, less what they gave back."""
    fees = MoneyAmountField(_("fees"))
    """Positive: money the gateway kept."""
    seen_at = models.DateTimeField(_("seen"))

    class Meta:
        verbose_name = _("version of a deposit")
        verbose_name_plural = _("versions of deposits")
        ordering = ["deposit_id", "number"]
        constraints = [models.UniqueConstraint(fields=["deposit", "number"], name="deposit_version_number_once")]
        indexes = [models.Index(fields=["paid_on"], name="deposit_version_day")]

    def __str__(self) -> str:
        return f"{self.status} {format_money(self.net, self.currency)} · {self.paid_on}"

    @property
    def gross(self) -> Decimal:
        """What the gateway collected for us, before its fees."""
        gross: Decimal = self.net + self.fees
        return gross

    @property
    def is_paid_out(self) -> bool:
        return self.status in PAID_OUT


@append_only
class DepositBooking(models.Model):
    """The one ledger entry of a deposit, and the version whose figures it took."""

    deposit = models.OneToOneField(Deposit, on_delete=models.PROTECT, related_name="booking")
    version = models.OneToOneField(DepositVersion, on_delete=models.PROTECT, related_name="booking")
    entry = models.OneToOneField(
        "ledger.Entry", null=True, on_delete=models.PROTECT, related_name="deposit_booking", verbose_name=_("entry")
    )
    """Empty only for a deposit of nothing at all."""
    booked_at = models.DateTimeField(_("booked"))

    class Meta:
        verbose_name = _("booked deposit")
        verbose_name_plural = _("booked deposits")

    def __str__(self) -> str:
        return f"{self.deposit_id} · {self.booked_at:%Y-%m-%d}"


class LineKind(models.TextChoices):
    SALE = "sale", _("Sale")
    """Money collected for us."""
    REFUND = "refund", _("Refund")
    """Money we gave back; the amount is negative."""
    CHARGEBACK = "chargeback", _("Chargeback")
    """Money that a dispute took; the amount is negative."""
    REVERSAL = "reversal", _("Chargeback reversal")
    """Money that a dispute gave back."""
    RETURN = "return", _("Return")
    """A bank debit that went back after it was funded; the amount is negative."""


@append_only
class SettlementLine(models.Model):
    """One transaction inside a deposit, as the gateway reports it. Equal lines of one deposit differ by `ordinal`."""

    provider_account = models.ForeignKey(
        "oropay.ProviderAccount",
        on_delete=models.PROTECT,
        related_name="settlement_lines",
        verbose_name=_("provider account"),
    )
    deposit = models.ForeignKey(Deposit, on_delete=models.PROTECT, related_name="lines", verbose_name=_("deposit"))
    gateway_id = models.CharField(_("gateway id"), max_length=100)
    kind = models.CharField(_("kind"), max_length=10, choices=LineKind)
    amount = MoneyAmountField(_("amount"))
    """Signed: a refund, return or chargeback is negative."""
    currency = models.CharField(_("currency"), max_length=3)
    ordinal = models.PositiveSmallIntegerField()
    """1 for the first of equal lines in a deposit, 2 for the second."""
    status = models.CharField(_("status when first seen"), max_length=40)
    """FUNDED or REJECTED; what it became later is in `status_changes`."""
    reference = models.CharField(_("our reference"), max_length=100, blank=True)
    batch_id = models.CharField(max_length=100, blank=True)
    method = models.CharField(_("method"), max_length=10, blank=True)
    """card or ach."""
    time_created = models.DateTimeField(_("time of the transaction"))
    seen_at = models.DateTimeField(_("first seen"))

    class Meta:
        verbose_name = _("settlement line")
        verbose_name_plural = _("settlement lines")
        ordering = ["deposit_id", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider_account", "gateway_id", "kind", "deposit", "amount", "currency", "ordinal"],
                name="settlement_line_once",
            ),
            models.CheckConstraint(condition=Q(ordinal__gte=1), name="settlement_line_ordinal_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {format_money(self.amount, self.currency)} · {self.gateway_id}"


@append_only
class StatusChange(models.Model):
    """A settlement line that the gateway described otherwise than before."""

    line = models.ForeignKey(SettlementLine, on_delete=models.PROTECT, related_name="status_changes")
    number = models.PositiveSmallIntegerField(_("version"))
    """2 for the first change: the line itself is version 1."""
    status = models.CharField(_("status"), max_length=40)
    seen_at = models.DateTimeField(_("seen"))

    class Meta:
        verbose_name = _("status change")
        verbose_name_plural = _("status changes")
        ordering = ["line_id", "number"]
        constraints = [models.UniqueConstraint(fields=["line", "number"], name="status_change_number_once")]

    def __str__(self) -> str:
        return f"{self.status} · {self.seen_at:%Y-%m-%d}"
