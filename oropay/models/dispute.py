"""Disputes: a card holder's bank takes money back. The case, every word of the gateway about it, and our answers."""

import uuid

import pgtrigger
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


class EvidenceType(models.TextChoices):
    """What a document proves; travels to the gateway as its type."""

    LETTER = "LETTER", _("Letter")
    SALES_RECEIPT = "SALES_RECEIPT", _("Receipt or invoice")
    PROOF_OF_DELIVERY = "PROOF_OF_DELIVERY", _("Proof of delivery")
    TERMS_AND_CONDITIONS = "TERMS_AND_CONDITIONS", _("Terms and conditions")
    REFUND_POLICY = "REFUND_POLICY", _("Refund or cancellation policy")
    CORRESPONDENCE = "CORRESPONDENCE", _("Correspondence with the customer")
    OTHER = "OTHER", _("Other")


@tracked()
class DisputeEvidence(models.Model):
    """A document for a dispute. It stays when it was withdrawn: what was collected is part of the case."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="evidence")
    document = models.OneToOneField("plumbing.Document", on_delete=models.PROTECT, related_name="dispute_evidence")
    type = models.CharField(_("type"), max_length=24, choices=EvidenceType)
    description = models.CharField(_("description"), max_length=250, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    added_at = models.DateTimeField(_("added"))

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.get_type_display()}"


class DisputeAction(models.TextChoices):
    ACCEPT = "accept", _("Accept")
    """Give the money up."""
    CHALLENGE = "challenge", _("Challenge")
    """Send evidence; others decide."""


class RequestState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    """Committed, not sent."""
    SENDING = "sending", _("Sending")
    """A worker holds the lease and may have sent it."""
    UNKNOWN = "unknown", _("Checking with the gateway")
    """Sent, no trustworthy answer: the dispute itself is read until it shows what became of it. Never sent again."""
    DONE = "done", _("Delivered")
    """The gateway has it."""
    FAILED = "failed", _("Not delivered")
    """Certainly not in effect; `failure` says why."""


R = RequestState

REQUEST_MOVES: dict[RequestState, frozenset[RequestState]] = {
    R.QUEUED: frozenset({R.SENDING}),
    R.SENDING: frozenset({R.QUEUED, R.DONE, R.FAILED, R.UNKNOWN}),
    R.UNKNOWN: frozenset({R.DONE, R.FAILED}),
    R.DONE: frozenset(),
    R.FAILED: frozenset(),
}
"""Every legal move. The database refuses the others too."""

REQUEST_LIVE = [R.QUEUED, R.SENDING, R.UNKNOWN]


class RequestFailure(models.TextChoices):
    NOT_SENT = "not_sent", _("It could not be sent")
    REFUSED = "refused", _("The gateway refused it")
    NEVER_ARRIVED = "never_arrived", _("It never arrived")
    """The dispute still waited for our answer long after any could have come."""
    DECIDED = "decided", _("The dispute was decided otherwise")
    """It ended, or went on, without our answer."""


@tracked(
    ignore=["next_at", "hinted_at", "lease_until", "send_before", "answer_by", "unknown_since", "looks", "absent_since"]
)
class DisputeRequest(models.Model):
    """Our answer to a dispute. The row is the outbox: it is committed before a byte leaves."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="requests")
    action = models.CharField(_("action"), max_length=10, choices=DisputeAction)
    state = models.CharField(_("state"), max_length=10, choices=RequestState, default=RequestState.QUEUED)
    failure = models.CharField(max_length=16, choices=RequestFailure, blank=True)
    idempotency_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    stage = models.CharField(max_length=40, choices=DisputeStage)
    """The stage it answers."""
    evidence = models.ManyToManyField(DisputeEvidence, related_name="requests", blank=True)
    """Of a challenge: the documents it carries. A later stage may carry them again."""
    error_code = models.CharField(max_length=20, blank=True)
    message = models.CharField(_("gateway message"), max_length=250, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    """When it is due: to be sent, declared lost, or looked up."""
    hinted_at = models.DateTimeField(null=True)
    """When the sweep last told a worker of it."""
    lease_until = models.DateTimeField(null=True)
    send_before = models.DateTimeField(null=True)
    answer_by = models.DateTimeField(null=True)
    unknown_since = models.DateTimeField(null=True)
    looks = models.PositiveSmallIntegerField(default=0)
    absent_since = models.DateTimeField(null=True)
    """The first look after which the dispute still waited for us."""
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    created_at = models.DateTimeField(_("created"))
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("answer to a dispute")
        verbose_name_plural = _("answers to disputes")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dispute"], condition=Q(state__in=REQUEST_LIVE), name="one_live_answer_per_dispute"
            ),
            models.CheckConstraint(
                condition=(Q(state=RequestState.FAILED) & ~Q(failure=""))
                | (~Q(state=RequestState.FAILED) & Q(failure="")),
                name="dispute_answer_failed_says_why",
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(state__in=REQUEST_LIVE), name="dispute_answer_due"),
        ]
        triggers = [
            pgtrigger.FSM(
                name="only_legal_moves",
                field="state",
                transitions=sorted((old.value, new.value) for old, news in REQUEST_MOVES.items() for new in news),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="said_once", fields=["dispute", "action", "idempotency_key", "stage", "created_by"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} · {self.get_state_display()}"


class NoticeKind(models.TextChoices):
    OPENED = "opened", _("Opened")
    """It is new, or a new stage waits for our answer."""
    NEAR = "near", _("Deadline near")
    """Few days are left and nobody has answered."""
    PASSED = "passed", _("Deadline passed")
    """The deadline is over and nobody has answered."""
    WON = "won", _("Won")
    LOST = "lost", _("Lost")


@append_only
class DisputeNotice(models.Model):
    """Finance was told, once per kind and stage."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(_("kind"), max_length=10, choices=NoticeKind)
    about = models.CharField(max_length=80)
    """The stage and when it began."""
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
