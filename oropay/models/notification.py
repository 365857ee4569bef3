"""The inbox of what gateways tell us by themselves: hints where to look, never facts."""

import uuid

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from oropay.models.provider import Integration
from oropay.models.transaction import PaymentTransaction


class NotificationState(models.TextChoices):
    RECEIVED = "received", _("Received")
    """Stored as it came. Nobody knows yet who sent it."""
    VERIFIED = "verified", _("Verified")
    """Its signature is the gateway's. Nothing it says is believed: the transaction is read again."""
    PROCESSED = "processed", _("Processed")
    """The transaction was read again and what was found is written down."""
    IGNORED = "ignored", _("Ignored")
    """Genuine, and nothing follows from it: a copy, a test, something that is not ours."""
    REJECTED = "rejected", _("Rejected")
    """Not signed by the gateway. Never looked up, kept for 30 days."""
    DEAD = "dead", _("Given up")
    """Tried often enough without an answer; a person should look, and may try again."""


N = NotificationState

NOTIFICATION_MOVES: dict[NotificationState, frozenset[NotificationState]] = {
    N.RECEIVED: frozenset({N.VERIFIED, N.REJECTED, N.DEAD}),
    N.VERIFIED: frozenset({N.PROCESSED, N.IGNORED, N.DEAD}),
    N.PROCESSED: frozenset({N.RECEIVED}),
    N.IGNORED: frozenset({N.RECEIVED}),
    N.REJECTED: frozenset({N.RECEIVED}),
    N.DEAD: frozenset({N.RECEIVED}),
}
"""Every legal move. The way back to received is the replay button: everything is checked again from the start."""

NOTIFICATION_WAITING = (N.RECEIVED, N.VERIFIED)
"""A worker has something to do."""


class Notification(models.Model):
    """One message as it came over the wire. Web writes it in one statement; the worker does all the rest."""

    integration = models.ForeignKey(
        Integration,
        on_delete=models.CASCADE,
        related_name="notifications",
        verbose_name=_("integration"),
        db_index=False,  # the index below begins with it; each one costs web time
        db_constraint=False,  # its check would lock the integration's row for every message; see `STORE`
    )
    body = models.BinaryField()
    """Exactly the bytes that came: the signature is over them."""
    headers = models.JSONField(default=dict)
    """The few that matter, by name."""
    sha256 = models.CharField(max_length=64)
    address = models.GenericIPAddressField(_("sent from"), null=True)
    received_at = models.DateTimeField(_("received"))
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=NotificationState,
        default=NotificationState.RECEIVED,
        db_default=NotificationState.RECEIVED.value,
    )
    next_at = models.DateTimeField(null=True)
    """From when on a worker may take it; while one has it, when its lease ends."""
    hinted_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    outcome = models.TextField(_("what became of it"), default="", db_default="", blank=True)

    subject = models.CharField(_("about"), max_length=12, default="", db_default="", blank=True)
    """`transaction`, `dispute` or `test`; empty until a worker has read it, and of what is not genuine."""
    gateway_id = models.CharField(_("gateway id"), max_length=60, default="", db_default="", blank=True)
    gateway_status = models.CharField(_("says"), max_length=20, default="", db_default="", blank=True)
    shown = models.JSONField(default=dict, db_default={})
    """What people may see of the body: redacted by the worker."""
    transaction = models.ForeignKey(
        PaymentTransaction,
        null=True,
        on_delete=models.PROTECT,
        related_name="notifications",
        verbose_name=_("transaction"),
        db_index=False,
    )
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=NOTIFICATION_WAITING, next_at__isnull=False, ended_at__isnull=True)
                | ~Q(state__in=NOTIFICATION_WAITING) & Q(next_at__isnull=True, ended_at__isnull=False),
                name="notification_waits_or_has_ended",
            ),
        ]
        indexes = [
            models.Index(fields=["integration", "-received_at"], name="notification_received"),
            models.Index(
                fields=["integration", "next_at"], condition=Q(next_at__isnull=False), name="notification_waiting"
            ),
            models.Index(
                fields=["transaction"], condition=Q(transaction__isnull=False), name="notification_transaction"
            ),
            models.Index(fields=["gateway_id"], condition=~Q(gateway_id=""), name="notification_about"),
        ]
        triggers = [
            pgtrigger.FSM(
                name="only_legal_moves",
                field="state",
                transitions=sorted((old.value, new.value) for old, news in NOTIFICATION_MOVES.items() for new in news),
            ),
            pgtrigger.ReadOnly(
                name="said_once",
                fields=["integration", "body", "headers", "sha256", "address", "received_at"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gateway_id or _('Notification')} · {self.get_state_display()}"


class WebhookCheckState(models.TextChoices):
    ASKED = "asked", _("Asked for")
    """A worker is to send it."""
    SENT = "sent", _("Sent")
    """Our own address took it; it waits in the inbox."""
    ARRIVED = "arrived", _("Arrived")
    """It came through the address, and its signature was found good."""
    FAILED = "failed", _("Failed")
    """It could not be sent, or the address did not take it; `detail` says why."""


class WebhookCheck(models.Model):
    """A test message that we send to ourselves through the public address, signed as the gateway signs."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="webhook_checks")
    state = models.CharField(max_length=8, choices=WebhookCheckState, default=WebhookCheckState.ASKED)
    detail = models.TextField(blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("webhook test")
        verbose_name_plural = _("webhook tests")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.get_state_display()
