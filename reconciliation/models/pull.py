"""Asking the gateway what it settled: a row first, so that a press of the button is not lost with the broker."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from plumbing.audit import tracked


class PullState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    """Waiting for a worker that may open the gateway's credentials."""
    RUNNING = "running", _("Running")
    """A worker reads it until `next_at`; if the worker dies it is read again, which adds nothing twice."""
    DONE = "done", _("Done")
    """Every day was read to its end. Final."""
    FAILED = "failed", _("Failed")
    """The gateway could not be read; `error` says why. What was read stays. Final; the next pull reads it again."""


PULL_LIVE = [PullState.QUEUED, PullState.RUNNING]


@tracked(ignore=["next_at", "hinted_at", "tries", "new_deposits", "new_lines", "new_matches", "new_cases"])
class Pull(models.Model):
    """One reading of the settlement reports of one provider account, by deposit date, both ends included."""

    provider_account = models.ForeignKey(
        "oropay.ProviderAccount", on_delete=models.PROTECT, related_name="pulls", verbose_name=_("provider account")
    )
    since = models.DateField(_("from"))
    until = models.DateField(_("to"))
    state = models.CharField(_("state"), max_length=8, choices=PullState, default=PullState.QUEUED)
    next_at = models.DateTimeField()
    """When it may be claimed; while running, when the claim ends."""
    hinted_at = models.DateTimeField(null=True)
    """When the queue was last told about it."""
    tries = models.PositiveSmallIntegerField(default=0)
    new_deposits = models.PositiveIntegerField(_("new deposits"), default=0)
    new_lines = models.PositiveIntegerField(_("new lines"), default=0)
    new_matches = models.PositiveIntegerField(_("new matches"), default=0)
    new_cases = models.PositiveIntegerField(_("new exceptions"), default=0)
    error = models.TextField(_("error"), blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("asked by")
    )
    """Empty: the hourly schedule."""
    asked_at = models.DateTimeField(_("asked"))
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("pull")
        verbose_name_plural = _("pulls")
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider_account"], condition=Q(state__in=PULL_LIVE), name="one_live_pull_per_account"
            ),
            models.CheckConstraint(condition=Q(until__gte=F("since")), name="pull_days_in_order"),
            models.CheckConstraint(
                condition=Q(state__in=PULL_LIVE, ended_at__isnull=True)
                | (~Q(state__in=PULL_LIVE) & Q(ended_at__isnull=False)),
                name="pull_ended_has_its_time",
            ),
        ]
        indexes = [models.Index(fields=["next_at"], condition=Q(state__in=PULL_LIVE), name="pull_due")]

    def __str__(self) -> str:
        return f"{self.since} – {self.until} · {self.get_state_display()}"
