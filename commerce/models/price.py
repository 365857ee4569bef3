"""What things cost, for whom, from which quantity on. `commerce.pricing` reads it."""

from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from commerce.models.catalog import Product, ProductUnit
from commerce.models.customer import Customer, CustomerGroup
from commerce.models.fields import currency_field, currency_is_code
from commerce.models.organization import Organization, Website
from commerce.money import MoneyAmountField
from plumbing.audit import tracked


@tracked()
class PriceList(models.Model):
    """Prices in one currency, valid from and until (an open end never ends)."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="price_lists")
    name = models.CharField(_("name"), max_length=100)
    currency = currency_field(default="USD")
    valid_from = models.DateTimeField(_("valid from"), null=True, blank=True)
    valid_until = models.DateTimeField(
        _("valid until"), null=True, blank=True, help_text=_("This instant no longer counts.")
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("price list")
        constraints = [
            UniqueConstraint(fields=["organization", "name"], name="price_list_name_once"),
            CheckConstraint(
                condition=Q(valid_from__isnull=True) | Q(valid_until__isnull=True) | Q(valid_from__lt=F("valid_until")),
                name="price_list_starts_before_it_ends",
            ),
            currency_is_code("price_list_currency_is_code"),
        ]

    def __str__(self) -> str:
        return self.name


@tracked()
class PriceListAssignment(models.Model):
    """Whom a price list serves: exactly one of a website, a group or a customer. The nearest to the customer wins."""

    price_list = models.ForeignKey(PriceList, on_delete=models.CASCADE, related_name="assignments")
    website = models.ForeignKey(
        Website, on_delete=models.CASCADE, null=True, blank=True, related_name="price_list_assignments"
    )
    group = models.ForeignKey(
        CustomerGroup, on_delete=models.CASCADE, null=True, blank=True, related_name="price_list_assignments"
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.CASCADE, null=True, blank=True, related_name="price_list_assignments"
    )
    position = models.PositiveSmallIntegerField(
        _("position"), default=0, help_text=_("Lists of the same kind: low first.")
    )

    class Meta:
        verbose_name = _("price list assignment")
        constraints = [
            CheckConstraint(
                condition=Q(website__isnull=False, group__isnull=True, customer__isnull=True)
                | Q(website__isnull=True, group__isnull=False, customer__isnull=True)
                | Q(website__isnull=True, group__isnull=True, customer__isnull=False),
                name="price_list_serves_exactly_one",
            ),
            UniqueConstraint(
                fields=["price_list", "website", "group", "customer"],
                nulls_distinct=False,
                name="price_list_assigned_once",
            ),
        ]


@tracked()
class Price(models.Model):
    """The amount for one unit, from a quantity on."""

    price_list = models.ForeignKey(PriceList, on_delete=models.CASCADE, related_name="prices")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="prices")
    unit = models.ForeignKey(ProductUnit, on_delete=models.PROTECT, related_name="+")
    min_quantity = models.DecimalField(_("from quantity"), max_digits=12, decimal_places=4, default=1)
    amount = MoneyAmountField(_("price"))

    class Meta:
        verbose_name = _("price")
        constraints = [
            UniqueConstraint(fields=["product", "unit", "price_list", "min_quantity"], name="price_once_per_tier"),
            CheckConstraint(condition=Q(min_quantity__gt=0), name="price_tier_is_positive"),
            CheckConstraint(condition=Q(amount__gte=0), name="price_not_negative"),
        ]
        indexes = [Index(fields=["price_list", "product"], name="price_by_list")]
