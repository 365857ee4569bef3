"""Money that somebody owes us and means to pay."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from commerce.money import MoneyAmountField, format_money
from oropay.models.instrument import Instrument
from oropay.models.provider import Integration, ProviderAccount


class Initiator(models.TextChoices):
    """Who asked for the payment; all of them go the same way."""

    BUYER = "buyer", _("Buyer")
    STAFF = "staff", _("Staff")
    LINK = "link", _("Pay link")
    AUTOPAY = "autopay", _("Autopay")
    SCHEDULE = "schedule", _("Schedule")
    SYSTEM = "system", _("System")


class Method(models.TextChoices):
    CARD = "card", _("Card")
    BANK = "bank", _("Bank account (ACH)")
    OFFLINE = "offline", _("Offline")


class DataLevelSent(models.IntegerChoices):
    """How much a card payment tells the gateway about the goods: the values of `port.DataLevel`."""

    ONE = 1, _("Level 1")
    """What it is called and what it costs."""
    TWO = 2, _("Level 2")
    """Also PO number, tax and freight."""
    THREE = 3, _("Level 3")
    """Also every line."""


class MoneyState(models.TextChoices):
    """Where the money of one payment is now; derived by `oropay.status.money_state`."""

    PROCESSING = "processing", _("Processing")
    """Queued or with the gateway."""
    ACTION_REQUIRED = "action_required", _("Action required")
    """The buyer must confirm with the bank."""
    REVIEW = "review", _("In review")
    """The gateway looks at it for fraud."""
    AUTHORIZED = "authorized", _("Authorized")
    """Held on the card; not taken."""
    SETTLING = "settling", _("Settling")
    """A bank debit is under way; not sure yet."""
    VALIDATED = "validated", _("Card checked")
    """Its issuer answered for a card; a check moves no money."""
    CAPTURED = "captured", _("Captured")
    """Taken; on its way to our bank."""
    SETTLED = "settled", _("Settled")
    """In a deposit of the gateway."""
    PARTIALLY_REFUNDED = "partially_refunded", _("Partially refunded")
    """Some of it was given back."""
    REFUNDED = "refunded", _("Refunded")
    """All of it was given back."""
    DECLINED = "declined", _("Declined")
    """Refused. Nothing was taken."""
    CANCELED = "canceled", _("Canceled")
    """Released or voided. Nothing is taken."""
    EXPIRED = "expired", _("Expired")
    """Not finished in time. Nothing was taken."""
    FAILED = "failed", _("Failed")
    """Not sent, never arrived, or refused by gateway or bank; the transaction says why. Nothing was taken."""
    UNKNOWN = "unknown", _("Checking with the bank")
    """No trustworthy answer yet."""
    RETURNED = "returned", _("Returned")
    """The bank took the money back."""
    DISPUTED = "disputed", _("Disputed")
    """The card holder contests it."""


class Payment(models.Model):
    """One organization, one provider account, one currency. `parts` say what it pays, `transactions` what happened."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organization = models.ForeignKey("commerce.Organization", on_delete=models.PROTECT, related_name="payments")
    website = models.ForeignKey("commerce.Website", null=True, on_delete=models.PROTECT, related_name="payments")
    customer = models.ForeignKey("commerce.Customer", on_delete=models.PROTECT, related_name="payments")
    integration = models.ForeignKey(Integration, null=True, on_delete=models.PROTECT, related_name="payments")
    provider_account = models.ForeignKey(ProviderAccount, null=True, on_delete=models.PROTECT, related_name="payments")
    instrument = models.ForeignKey(Instrument, null=True, on_delete=models.PROTECT, related_name="payments")
    mandate = models.ForeignKey("oropay.Mandate", null=True, on_delete=models.PROTECT, related_name="payments")
    method = models.CharField(_("method"), max_length=10, choices=Method)
    amount = MoneyAmountField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    initiator = models.CharField(_("started by"), max_length=10, choices=Initiator)
    retry_of = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.PROTECT,
        related_name="retries",
        verbose_name=_("sent again for"),
    )
    """The first payment of a bank debit that came back for want of money and is sent again under its own mandate."""
    attempt_key = models.UUIDField(_("attempt"), unique=True)
    """Made with the page: a second click brings the same key and joins this payment."""
    money_state = models.CharField(
        _("money"), max_length=20, choices=MoneyState, default=MoneyState.PROCESSING, db_index=True
    )
    keep_instrument = models.BooleanField(_("save for next time"), default=False)
    order_data = models.JSONField(_("order data"), default=dict)
    """What goes to the gateway about the goods, frozen when the payment started."""
    data_level = models.PositiveSmallIntegerField(_("data level"), null=True, choices=DataLevelSent)
    """Level 1, 2 or 3 of what is sent about the goods, by `oropay.leveldata`; empty where no card pays."""
    data_gaps = models.JSONField(_("missing for Level 3"), default=list, blank=True)
    """What was missing when it started: `leveldata.store`."""
    ip_address = models.GenericIPAddressField(_("IP address"), null=True)
    step_up = models.BooleanField(_("more proof wanted"), default=False)
    """It was tried often: the card holder's bank should ask who it is (a 3-D Secure challenge)."""
    subjects = models.JSONField(default=dict, blank=True, editable=False)
    """Who tried, as keyed hashes by `fraud.Subject`: what a decline counts against."""
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="payments", verbose_name=_("by")
    )
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["-created_at", "-id"]
        permissions = [
            ("capture_payment", "Can capture authorized money"),
            ("cancel_payment", "Can cancel an authorization or a payment in review"),
            ("refund_payment", "Can void or refund what was taken"),
            ("credit_payment", "Can ask for a standalone credit"),
            ("release_payment", "Can release a payment from review, and accept its card checks"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="payment_amount_not_negative"),
            models.CheckConstraint(
                condition=Q(method=Method.OFFLINE, provider_account__isnull=True)
                | (~Q(method=Method.OFFLINE) & Q(provider_account__isnull=False, instrument__isnull=False)),
                name="payment_offline_or_through_a_provider",
            ),
            models.CheckConstraint(
                condition=~Q(method=Method.BANK) | Q(mandate__isnull=False), name="payment_by_bank_has_a_mandate"
            ),
        ]
        indexes = [models.Index(fields=["customer", "-created_at"], name="payment_customer_created")]

    def __str__(self) -> str:
        return f"{format_money(self.amount, self.currency)} · {self.get_money_state_display()}"

    @property
    def is_check(self) -> bool:
        """Whether it only asks about a card: no money moves, whatever the answer."""
        return not self.amount
