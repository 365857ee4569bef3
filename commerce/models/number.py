"""Gap-free numbers of documents that tax law wants without holes."""

from django.db import models
from django.db.models import TextChoices, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from commerce.models.organization import Organization


class NumberKind(TextChoices):
    INVOICE = "invoice", _("Invoice")
    """Posted invoices: INV-2026-11-00001."""

    CREDIT_MEMO = "credit_memo", _("Credit memo")
    """Posted credit memos: CM-2026-11-00001."""

    DEBIT_MEMO = "debit_memo", _("Debit memo")
    """Posted debit memos: DM-2026-11-00001."""

    RECEIPT = "receipt", _("Receipt")
    """Receipts of money that arrived: RCPT-2026-11-00001."""


class NumberSequence(models.Model):
    """The last number given, per organization, kind and period. A number is taken and used in one transaction."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="number_sequences")
    kind = models.CharField(_("kind"), max_length=20, choices=NumberKind)
    period = models.CharField(_("period"), max_length=7, blank=True, help_text=_("A month such as 2026-11, or empty."))
    last = models.PositiveBigIntegerField(_("last number given"), default=0)

    class Meta:
        verbose_name = _("number sequence")
        constraints = [UniqueConstraint(fields=["organization", "kind", "period"], name="number_sequence_once")]
