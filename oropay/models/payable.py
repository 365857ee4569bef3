"""What is owed, by whom and for what; and which payment pays how much of it."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from commerce.money import MoneyAmountField
from oropay.models.payment import Method
from plumbing.audit import tracked


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
    disputed = MoneyAmountField(_("disputed"), default=Decimal(0))
    """Taken back by card issuers while we dispute it. Still counts as paid; off reminders and autopay until decided."""
    cleared = MoneyAmountField(_("cleared otherwise"), default=Decimal(0))
    """Credits, discounts and write-offs: they lower what is due and are not payments."""
    is_closed = models.BooleanField(_("closed"), default=False)
    """Billed, canceled or void: nothing more may be paid on it."""
    status = models.CharField(_("payment status"), max_length=24, choices=PaymentStatus, default=PaymentStatus.PENDING)
    """What people see and filter by: the forced status while one is in force, else `derived_status`."""
    derived_status = models.CharField(
        _("payment status by the rules"), max_length=24, choices=PaymentStatus, default=PaymentStatus.PENDING
    )
    is_forced = models.BooleanField(_("status forced"), default=False)
    method = models.CharField(_("payment method"), max_length=10, choices=Method, blank=True)
    """Of the newest payment with news; empty while nobody tried to pay."""
    failed_as = models.CharField(
        _("last attempt"),
        max_length=20,
        choices=[
            ("declined", _("Declined")),
            ("failed", _("Failed")),
            ("canceled", _("Canceled")),
            ("expired", _("Expired")),
        ],
        blank=True,
    )
    """How the newest attempt to pay ended, if it brought no money: an older success does not hide it."""
    failed_at = models.DateTimeField(_("last attempt ended"), null=True, blank=True)
    bank_asks = models.BooleanField(_("the bank wants a confirmation"), default=False)
    """The newest attempt was declined because its card holder had not been asked: the next card payment asks."""

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


@tracked()
class ForcedStatus(models.Model):
    """A person says another payment status than the rules, for a reason, until it ends. It never moves or hides money:
    the rules go on beneath, and what may be paid follows the money alone.
    """

    payable = models.ForeignKey(Payable, on_delete=models.PROTECT, related_name="forced_statuses")
    status = models.CharField(_("payment status"), max_length=24, choices=PaymentStatus)
    reason = models.TextField(_("reason"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("since"))
    expires_at = models.DateTimeField(_("until"), null=True, blank=True)
    """Ends by itself then; empty: until somebody ends it."""
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("ended by"),
    )
    """Empty after the end: its time was over."""

    class Meta:
        verbose_name = _("forced status")
        verbose_name_plural = _("forced statuses")
        ordering = ["-at", "-id"]
        permissions = [("force_payment_status", "Can force the payment status of an order or invoice")]
        constraints = [
            models.UniqueConstraint(
                fields=["payable"], condition=Q(ended_at__isnull=True), name="one_forced_status_per_payable"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="forced_status_says_why"),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("at")),
                name="forced_status_ends_after_it_began",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=Q(ended_at__isnull=True, expires_at__isnull=False),
                name="forced_status_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_status_display()}: {self.reason}"
