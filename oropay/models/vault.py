"""Proof that the keys of the vault open what was sealed with them."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class VaultCanary(models.Model):
    """A known value sealed with one public key. A worker that cannot open it could not open a bank account either."""

    key_id = models.CharField(_("key"), max_length=40, unique=True)
    public_digest = models.CharField(max_length=64)
    """SHA-256 of the public key, hex: a second key under the same id is noticed before it seals anything."""
    blob = models.BinaryField()
    made_at = models.DateTimeField(_("made"))
    checked_at = models.DateTimeField(_("tried by a worker"), null=True)
    trouble = models.CharField(_("trouble"), max_length=250, blank=True)
    """Why the last worker that tried could not open it; empty: it opened."""

    class Meta:
        verbose_name = _("vault key")
        verbose_name_plural = _("vault keys")
        ordering = ["made_at"]

    def __str__(self) -> str:
        return self.key_id
