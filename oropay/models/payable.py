"""What is owed, by whom and for what; and which payment pays how much of it."""

from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from commerce.money import MoneyAmountField


class PayableKind(models.TextChoices):
    ORDER = "order", _("Order")
    """An order that is not billed yet."""
    INVOICE = "invoice", _("Invoice")
    """A posted invoice."""
    ACCOUNT = "account", _("Customer account")
    """A prepayment: there is no limit to what may be paid on it."""


class PaymentStatus(models.TextChoices):
    """The words OroCommerce users know, derived by `oropay.status.payment_status`."""

    FULL = "full", _("Paid in full")
    PARTIALLY = "partially", _("Paid partially")
    INVOICED = "invoiced", _("Invoiced")
    AUTHORIZED = "authorized", _("Payment authorized")
    AUTHORIZED_PARTIALLY = "authorized_partially", _("Payment authorized partially")
    DECLINED = "declined", _("Payment declined")
    PENDING = "pending", _("Pending payment")
    CANCELED = "canceled", _("Payment canceled")
    CANCELED_PARTIALLY = "canceled_partially", _("Canceled partially")
    REFUNDED = "refunded", _("Refunded")
    REFUNDED_PARTIALLY = "refunded_partially", _("Refunded partially")


class Payable(models.Model):
    """One row per order, invoice or customer account. Its money columns are written by `payable_recompute` alone."""

    kind = models.CharField(_("kind"), max_length=10, choices=PayableKind)
    organization = models.ForeignKey("commerce.Organization", on_delete=models.PROTECT, related_name="payables")
    customer = models.ForeignKey("commerce.Customer", on_delete=models.PROTECT, related_name="payables")
    currency = models.CharField(_("currency"), max_length=3)
    order = models.OneToOneField(
        "commerce.Order", null=True, blank=True, on_delete=models.PROTECT, related_name="payable"
    )
    account = models.ForeignKey(
        "commerce.Customer", null=True, blank=True, on_delete=models.PROTECT, related_name="account_payables"
    )
    number = models.CharField(_("number"), max_length=40)
    """The order's or invoice's number, so that a payment can name it without asking upstairs."""
    total = MoneyAmountField(_("total"), default=Decimal(0))
    paid = MoneyAmountField(_("paid"), default=Decimal(0))
    settling = MoneyAmountField(_("settling"), default=Decimal(0))
    held = MoneyAmountField(_("on hold"), default=Decimal(0))
    refunded = MoneyAmountField(_("refunded"), default=Decimal(0))
    cleared = MoneyAmountField(_("cleared otherwise"), default=Decimal(0))
    """Credits, discounts and write-offs: they lower what is due and are not payments."""
    is_closed = models.BooleanField(_("closed"), default=False)
    """Billed, canceled or void: nothing more may be paid on it."""
    status = models.CharField(_("payment status"), max_length=24, choices=PaymentStatus, default=PaymentStatus.PENDING)

    class Meta:
        verbose_name = _("payable")
        verbose_name_plural = _("payables")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=PayableKind.ORDER, order__isnull=False, account__isnull=True)
                | Q(kind=PayableKind.INVOICE, order__isnull=True, account__isnull=True)
                | Q(kind=PayableKind.ACCOUNT, order__isnull=True, account__isnull=False),
                name="payable_kind_says_what_it_points_at",
            ),
            models.UniqueConstraint(
                fields=["account", "currency"],
                condition=Q(kind=PayableKind.ACCOUNT),
                name="payable_account_once_per_currency",
            ),
        ]

    document: Any = None
    """What its owner keeps here while it is locked: the order or invoice behind it, read once under the lock."""

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"

    @property
    def payable_now(self) -> Decimal:
        """What may still be asked for: total − paid − settling − open holds − what was cleared otherwise."""
        if self.is_closed:
            return Decimal(0)
        left: Decimal = self.total - self.paid - self.settling - self.held - self.cleared
        return max(Decimal(0), left)

    @property
    def due(self) -> Decimal:
        """What is owed, whatever is under way: total − paid − cleared; nothing once closed."""
        if self.is_closed:
            return Decimal(0)
        left: Decimal = self.total - self.paid - self.cleared
        return max(Decimal(0), left)


class PaymentPayable(models.Model):
    """One payment pays this much of this payable. `live` while the payment's outcome is open."""

    payment = models.ForeignKey("oropay.Payment", on_delete=models.PROTECT, related_name="parts")
    payable = models.ForeignKey(Payable, on_delete=models.PROTECT, related_name="parts")
    amount = MoneyAmountField(_("amount"))
    live = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("part of a payment")
        verbose_name_plural = _("parts of payments")
        constraints = [
            models.UniqueConstraint(fields=["payable"], condition=Q(live=True), name="one_live_payment_per_payable"),
            models.UniqueConstraint(fields=["payment", "payable"], name="payment_pays_a_payable_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="part_pays_something"),
        ]
        indexes = [models.Index(fields=["payable", "payment"], name="part_payable_payment")]

    def __str__(self) -> str:
        return f"{self.payable_id} ← {self.amount}"
