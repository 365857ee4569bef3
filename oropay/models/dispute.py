"""Disputes: a card holder's bank takes money back. The case, every word of the gateway about it, who was told."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from commerce.money import MoneyAmountField, format_money
from oropay.models.payable import Payable
from oropay.models.provider import ProviderAccount
from oropay.models.transaction import PaymentTransaction
from plumbing.audit import append_only, tracked


class DisputeStage(models.TextChoices):
    """The gateway's words for how far a dispute has gone. A word that is not here is kept and shown as it came."""

    RETRIEVAL = "RETRIEVAL", _("Retrieval request")
    """A question only: the bank wants to see the sale. No money moves."""
    CHARGEBACK = "CHARGEBACK", _("Chargeback")
    """The bank has taken the money."""
    REVERSAL = "REVERSAL", _("Reversal")
    """The bank withdraws; what was taken comes back."""
    SECOND_CHARGEBACK = "SECOND_CHARGEBACK", _("Second chargeback")
    """After our answer the bank takes the money again."""
    PRE_ARBITRATION = "PRE_ARBITRATION", _("Pre-arbitration")
    """The last word before the card scheme decides."""
    ARBITRATION = "ARBITRATION", _("Arbitration")
    """The card scheme decides."""
    PRE_COMPLIANCE = "PRE_COMPLIANCE", _("Pre-compliance")
    """A rule of the scheme is said to be broken."""
    COMPLIANCE = "COMPLIANCE", _("Compliance")
    """The card scheme decides about that rule."""
    GOODFAITH = "GOODFAITH", _("Good faith")
    """The bank asks although no rule obliges us."""


class DisputeStatus(models.TextChoices):
    """Whose turn it is, in the gateway's words."""

    WITH_MERCHANT = "WITH_MERCHANT", _("Waiting for our answer")
    """We may accept or challenge until the deadline."""
    UNDER_REVIEW = "UNDER_REVIEW", _("Under review")
    """Others decide now."""
    CLOSED = "CLOSED", _("Closed")
    """The result stands, unless a new stage begins."""


class DisputeResult(models.TextChoices):
    """How it ended, in the gateway's words."""

    PENDING = "PENDING", _("Open")
    """Not decided."""
    FULFILLED = "FULFILLED", _("Answered")
    """A retrieval request got its document."""
    WON = "WON", _("Won")
    """The money is ours again."""
    LOST = "LOST", _("Lost")
    """The payer keeps it."""
    ACCEPTED = "ACCEPTED", _("Accepted")
    """We gave it up: as lost."""


@tracked(ignore=["read_at"])
class Dispute(models.Model):
    """One case at the gateway, known by its id there. `transaction` is the charge it is about, if we know it."""

    organization = models.ForeignKey(
        "commerce.Organization", on_delete=models.PROTECT, related_name="disputes", verbose_name=_("organization")
    )
    provider_account = models.ForeignKey(
        ProviderAccount, on_delete=models.PROTECT, related_name="disputes", verbose_name=_("provider account")
    )
    gateway_id = models.CharField(_("gateway id"), max_length=60)
    transaction = models.ForeignKey(
        PaymentTransaction, null=True, on_delete=models.PROTECT, related_name="disputes", verbose_name=_("charge")
    )
    """The charge or capture that is disputed; empty until it is found or a person links it."""
    stage = models.CharField(_("stage"), max_length=40, choices=DisputeStage)
    status = models.CharField(_("state"), max_length=40, choices=DisputeStatus)
    result = models.CharField(_("result"), max_length=40, choices=DisputeResult, blank=True)
    reason_code = models.CharField(_("reason code"), max_length=40, blank=True)
    reason = models.CharField(_("reason"), max_length=250, blank=True)
    amount = MoneyAmountField(_("disputed"))
    currency = models.CharField(_("currency"), max_length=3)
    opened_at = models.DateTimeField(_("opened"))
    stage_at = models.DateTimeField(_("stage since"))
    status_at = models.DateTimeField(_("state since"), null=True)
    respond_by = models.DateTimeField(_("answer by"), null=True)
    """Empty where there is nothing to answer."""
    arn = models.CharField(_("acquirer reference (ARN)"), max_length=60, blank=True, db_index=True)
    reference = models.CharField(_("reference at the gateway"), max_length=60, blank=True)
    order_reference = models.CharField(_("order reference"), max_length=60, blank=True)
    brand = models.CharField(_("card"), max_length=20, blank=True)
    last4 = models.CharField(_("last four digits"), max_length=4, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("looked after by"),
    )
    not_pursued = models.BooleanField(_("not pursued if lost"), default=False)
    """A loss is written off instead of being asked of the customer again."""
    read_at = models.DateTimeField(_("last read"))
    """When we asked for what stands here: what was asked earlier and comes later is old."""

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        ordering = ["-opened_at", "-id"]
        permissions = [
            ("accept_dispute", "Can accept a dispute: the money is given up"),
            ("challenge_dispute", "Can challenge a dispute with evidence"),
            ("write_off_dispute", "Can write off what a lost dispute makes due again"),
            ("link_dispute", "Can say which payment a dispute is about and which invoices a loss is taken from"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["provider_account", "gateway_id"], name="dispute_once_per_account"),
            models.CheckConstraint(condition=~Q(gateway_id=""), name="dispute_has_a_name"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="dispute_amount_not_negative"),
        ]
        indexes = [
            models.Index(
                fields=["organization", "respond_by"], condition=~Q(status="CLOSED"), name="dispute_open_deadline"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_stage_display()} {format_money(self.amount, self.currency)} · {self.gateway_id}"

    @property
    def is_open(self) -> bool:
        return self.status != DisputeStatus.CLOSED

    @property
    def is_ours_to_answer(self) -> bool:
        return self.status == DisputeStatus.WITH_MERCHANT


class StepSource(models.TextChoices):
    PULLED = "pulled", _("Pulled")
    """Our own regular look."""
    TOLD = "told", _("Notified")
    """A notification made us look."""
    ANSWERED = "answered", _("After our answer")
    """We looked because we had answered."""


@append_only
class DisputeStep(models.Model):
    """What the gateway said of a dispute when it said something new."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="steps")
    stage = models.CharField(max_length=40, choices=DisputeStage)
    status = models.CharField(max_length=40, choices=DisputeStatus)
    result = models.CharField(max_length=40, choices=DisputeResult, blank=True)
    amount = MoneyAmountField(_("disputed"))
    respond_by = models.DateTimeField(null=True)
    funding = models.CharField(max_length=10, blank=True)
    """Which way it last moved money: taken, returned, or nothing."""
    source = models.CharField(max_length=10, choices=StepSource)
    payload = models.BinaryField()
    """SecretBox of the redacted answer; see `oropay.vault.payload_open`."""
    key_id = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("step of a dispute")
        verbose_name_plural = _("steps of disputes")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.get_stage_display()} · {self.get_status_display()}"


@append_only
class DisputeUnlink(models.Model):
    """Finance said that a dispute is not about this charge: its payment is not found again by itself."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="unlinks")
    transaction = models.ForeignKey(PaymentTransaction, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("undone link of a dispute")
        verbose_name_plural = _("undone links of disputes")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.dispute_id} ≠ {self.transaction_id}"


@tracked()
class DisputeLine(models.Model):
    """How much of a lost dispute is taken from one payable, where finance said so; else it is pro rata."""

    dispute = models.ForeignKey(Dispute, on_delete=models.CASCADE, related_name="lines")
    payable = models.ForeignKey(Payable, on_delete=models.PROTECT, related_name="dispute_lines")
    amount = MoneyAmountField(_("amount"))

    class Meta:
        verbose_name = _("line of a dispute")
        verbose_name_plural = _("lines of disputes")
        constraints = [
            models.UniqueConstraint(fields=["dispute", "payable"], name="dispute_line_once_per_payable"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="dispute_line_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.payable_id} {self.amount}"


class NoticeKind(models.TextChoices):
    OPENED = "opened", _("Opened")
    """It is new, or a new stage waits for our answer."""
    NEAR = "near", _("Deadline near")
    """Few days are left and no answer has arrived."""
    FAILED = "failed", _("Answer not delivered")
    """What was answered is not in effect at the gateway."""
    PASSED = "passed", _("Deadline passed")
    """The deadline is over and nobody has answered."""
    WON = "won", _("Won")
    LOST = "lost", _("Lost")


@append_only
class DisputeNotice(models.Model):
    """Finance was told, once per kind and what it was about."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(_("kind"), max_length=10, choices=NoticeKind)
    about = models.CharField(max_length=80)
    """The stage and when it began, or the answer."""
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("notice of a dispute")
        verbose_name_plural = _("notices of disputes")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["dispute", "kind", "about"], name="dispute_notice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.about}"
