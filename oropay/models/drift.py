"""What the gateway's list and ours disagree about, and when they were last compared."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from oropay.models.provider import ProviderAccount
from oropay.models.transaction import PaymentTransaction
from plumbing.audit import tracked


class DriftKind(models.TextChoices):
    """How the two lists differ."""

    MISSED = "missed", _("News we had missed")
    """The gateway had decided, or had it after all, and we did not know: recorded now."""
    DONE_OUTSIDE = "done_outside", _("Done at the gateway")
    """Somebody captured, reversed or refunded it there and not here."""
    UNKNOWN_TO_US = "unknown_to_us", _("Unknown to us")
    """The gateway has a transaction that nothing of ours knows."""
    MISSING = "missing", _("Missing at the gateway")
    """Approved with us; the gateway does not know it any more."""
    AMOUNT_DIFFERS = "amount_differs", _("Amount differs")
    """The same transaction, another amount."""
    STATE_DIFFERS = "state_differs", _("State differs")
    """The same transaction in states that cannot both be true."""
    TWICE = "twice", _("Twice under our name")
    """The gateway has a second transaction under a reference of ours."""


@tracked(ignore=["seen_at"])
class DriftFinding(models.Model):
    """One difference; open only once per account, gateway id and kind, and seen again it is not told again."""

    provider_account = models.ForeignKey(
        ProviderAccount, on_delete=models.CASCADE, related_name="drift_findings", verbose_name=_("provider account")
    )
    kind = models.CharField(_("difference"), max_length=16, choices=DriftKind)
    gateway_id = models.CharField(_("gateway id"), max_length=60)
    transaction = models.ForeignKey(
        PaymentTransaction,
        null=True,
        on_delete=models.PROTECT,
        related_name="drift_findings",
        verbose_name=_("transaction"),
    )
    text = models.TextField(_("what differs"))
    repaired = models.TextField(_("repaired"), blank=True)
    """What was recorded by itself; empty when people must decide."""
    found_at = models.DateTimeField(_("found"))
    seen_at = models.DateTimeField(_("last seen"))
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("by"),
    )
    remark = models.TextField(_("remark"), blank=True)

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        ordering = ["-found_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider_account", "gateway_id", "kind"],
                condition=models.Q(resolved_at__isnull=True, repaired=""),
                name="drift_open_once_per_id_and_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.gateway_id}"

    @property
    def is_open(self) -> bool:
        """A person must decide: nothing was repaired and nobody has said what they found."""
        return not self.repaired and self.resolved_at is None


class DriftRun(models.Model):
    """One comparison of an account's transactions with the gateway's list."""

    provider_account = models.ForeignKey(ProviderAccount, on_delete=models.CASCADE, related_name="drift_runs")
    since = models.DateField()
    until = models.DateField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    compared = models.PositiveIntegerField(default=0)
    """Transactions on the gateway's list."""
    found = models.PositiveIntegerField(default=0)
    """Differences that were new."""
    error = models.TextField(blank=True)

    class Meta:
        verbose_name = _("comparison")
        verbose_name_plural = _("comparisons")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.since} – {self.until}"
