"""Money of a customer that pays nothing yet."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from commerce.models.fields import currency_field, currency_is_code
from commerce.money import MoneyAmountField
from plumbing.audit import tracked


class CreditSource(models.TextChoices):
    OVERPAYMENT = "overpayment", _("Over-payment")
    """More arrived than was owed."""

    DEPOSIT = "deposit", _("Rest of a deposit")
    """An order's deposit was more than its invoice."""

    OVERDRAWN = "overdrawn", _("Given back beyond what was left")
    """More was refunded or voided than this customer's money still covered: the customer owes it."""


@tracked()
class CustomerCredit(models.Model):
    """What is left of one amount. Negative when more was given back than was there; facts are never refused."""

    organization = models.ForeignKey("commerce.Organization", on_delete=models.PROTECT, related_name="credits")
    customer = models.ForeignKey("commerce.Customer", on_delete=models.PROTECT, related_name="credits")
    currency = currency_field()
    source = models.CharField(_("source"), max_length=20, choices=CreditSource)
    note = models.CharField(_("about"), max_length=200, blank=True)
    payment = models.ForeignKey("oropay.Payment", on_delete=models.PROTECT, null=True, related_name="credits")
    transaction = models.ForeignKey(
        "oropay.PaymentTransaction", on_delete=models.PROTECT, null=True, related_name="credits"
    )
    amount = MoneyAmountField(_("amount"))
    remaining = MoneyAmountField(_("remaining"))
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("customer credit")
        verbose_name_plural = _("customer credits")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(source__in=CreditSource.values), name="credit_source_known"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, remaining__gte=0, remaining__lte=F("amount"))
                | Q(source=CreditSource.OVERDRAWN, amount__lt=0, remaining__lte=0, remaining__gte=F("amount")),
                name="credit_remaining_within_amount",
            ),
            currency_is_code("credit_currency_is_code"),
        ]
        indexes = [
            models.Index(fields=["customer", "currency"], name="credit_by_customer"),
            models.Index(fields=["organization", "currency"], name="credit_by_organization"),
        ]

    def __str__(self) -> str:
        return f"{self.get_source_display()} {self.currency} {self.remaining}"
