"""Our answers to disputes: the documents collected for a case, and what was asked of the gateway."""

import uuid

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from oropay.models.dispute import Dispute, DisputeStage
from plumbing.audit import tracked


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
    WITHDRAWN = "withdrawn", _("Withdrawn")
    """A person took it back before it was sent."""


R = RequestState

REQUEST_MOVES: dict[RequestState, frozenset[RequestState]] = {
    R.QUEUED: frozenset({R.SENDING, R.FAILED, R.WITHDRAWN}),
    R.SENDING: frozenset({R.QUEUED, R.DONE, R.FAILED, R.UNKNOWN}),
    R.UNKNOWN: frozenset({R.DONE, R.FAILED}),
    R.DONE: frozenset(),
    R.FAILED: frozenset(),
    R.WITHDRAWN: frozenset(),
}
"""Every legal move. The database refuses the others too."""

REQUEST_LIVE = [R.QUEUED, R.SENDING, R.UNKNOWN]
REQUEST_VOID = [R.FAILED, R.WITHDRAWN]
"""Ended, and the gateway has nothing of it."""


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

    @property
    def waits(self) -> bool:
        """Whether it could not be sent, and is tried again at `next_at`."""
        return self.state == RequestState.QUEUED and self.tries > 0

    @property
    def is_turned_away(self) -> bool:
        """Whether it waits because the gateway refuses us or our credentials cannot be opened: waiting ends neither."""
        return self.waits and bool(self.error_code)
