"""Transactions proven absent are not forgotten: for 90 days we look whether they turn up after all."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from oropay.models.transaction import PaymentTransaction


class Watch(models.Model):
    """One transaction that never arrived. Apart from it, because a final transaction never changes."""

    transaction = models.OneToOneField(
        PaymentTransaction, primary_key=True, on_delete=models.PROTECT, related_name="watch"
    )
    looks = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    """When the sweep asks for the next look; empty once it turned up or its time is over."""
    hinted_at = models.DateTimeField(null=True)
    """When the sweep last told a worker of it."""
    until = models.DateTimeField()

    class Meta:
        verbose_name = _("watch")
        verbose_name_plural = _("watches")
        indexes = [models.Index(fields=["next_at"], condition=models.Q(next_at__isnull=False), name="watch_due")]

    def __str__(self) -> str:
        return str(self.transaction_id)
