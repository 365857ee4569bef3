"""When an invoice is due, and what paying early is worth. The arithmetic is in `commerce.terms`."""

from django.db import models
from django.db.models import CheckConstraint, F, Q, TextChoices, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from commerce.models.organization import Organization
from plumbing.audit import tracked


class TermKind(TextChoices):
    NET = "net", _("Net days")
    """Due a number of days after the invoice date. Net 0 is due on receipt."""

    END_OF_MONTH = "end_of_month", _("End of month plus days")
    """Due a number of days after the last day of the invoice's month."""

    DAY_OF_MONTH = "day_of_month", _("Day of the following month")
    """Due on a fixed day of the next month; invoices after the cut-off day wait one month more."""


@tracked()
class PaymentTerm(models.Model):
    """An agreement such as "Net 30, 2 % within 10 days"."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="payment_terms")
    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("kind"), max_length=16, choices=TermKind, default=TermKind.NET)
    days = models.PositiveSmallIntegerField(_("days"), default=0, help_text=_("Added to the date or the month's end."))
    day_of_month = models.PositiveSmallIntegerField(
        _("day of month"), null=True, blank=True, help_text=_("In a shorter month its last day counts.")
    )
    cut_off_day = models.PositiveSmallIntegerField(
        _("cut-off day"), default=31, help_text=_("Invoices after this day are due one month later.")
    )
    discount_percent = models.DecimalField(_("early-payment discount, %"), max_digits=5, decimal_places=2, default=0)
    discount_days = models.PositiveSmallIntegerField(
        _("discount days"), default=0, help_text=_("Counted from the invoice date.")
    )

    class Meta:
        verbose_name = _("payment term")
        constraints = [
            UniqueConstraint(fields=["organization", "name"], name="payment_term_name_once"),
            CheckConstraint(condition=Q(kind__in=TermKind.values), name="payment_term_kind_known"),
            CheckConstraint(
                condition=Q(kind=TermKind.DAY_OF_MONTH, day_of_month__gte=1, day_of_month__lte=31, days=0)
                | (~Q(kind=TermKind.DAY_OF_MONTH) & Q(day_of_month__isnull=True)),
                name="payment_term_day_belongs_to_its_kind",
            ),
            CheckConstraint(condition=Q(cut_off_day__gte=1, cut_off_day__lte=31), name="payment_term_cut_off_is_a_day"),
            CheckConstraint(
                condition=Q(discount_percent__gte=0, discount_percent__lt=100), name="payment_term_discount_is_percent"
            ),
            CheckConstraint(
                condition=~Q(kind=TermKind.NET) | Q(discount_percent=0) | Q(discount_days__lte=F("days")),
                name="payment_term_discount_ends_before_due",
            ),
        ]

    def __str__(self) -> str:
        return self.name
