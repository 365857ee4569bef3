"""What is sold."""

from django.db import models
from django.db.models import Index, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from commerce.models.organization import Organization
from plumbing.audit import tracked
from plumbing.models import Document


class Category(models.Model):
    """A shelf of the catalog, possibly on a larger shelf."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="categories")
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(_("slug"), max_length=200)
    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        constraints = [UniqueConstraint(fields=["organization", "slug"], name="category_slug_once")]

    def __str__(self) -> str:
        return self.name


class ProductUnit(models.Model):
    """What one of something is: a piece, a case, a metre."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="product_units")
    code = models.CharField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=100)
    uom_code = models.CharField(
        _("unit code for card networks"),
        max_length=3,
        default="EA",
        help_text=_("UN/ECE Recommendation 20, for example EA."),
    )
    precision = models.PositiveSmallIntegerField(_("digits of a quantity"), default=0)

    class Meta:
        verbose_name = _("product unit")
        constraints = [UniqueConstraint(fields=["organization", "code"], name="product_unit_code_once")]

    def __str__(self) -> str:
        return self.name


@tracked()
class Product(models.Model):
    """A thing for sale, known by its SKU."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="products")
    sku = models.CharField(_("SKU"), max_length=64)
    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(_("slug"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    category = models.ForeignKey(Category, on_delete=models.PROTECT, null=True, blank=True, related_name="products")
    unit = models.ForeignKey(ProductUnit, on_delete=models.PROTECT, related_name="products")
    commodity_code = models.CharField(
        _("commodity code"), max_length=12, blank=True, help_text=_("UNSPSC, sent to card networks as Level 3 data.")
    )
    picture = models.ForeignKey(
        Document, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("picture")
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("product")
        constraints = [
            UniqueConstraint(fields=["organization", "sku"], name="product_sku_once"),
            UniqueConstraint(fields=["organization", "slug"], name="product_slug_once"),
        ]
        indexes = [Index(fields=["organization", "category", "name"], name="product_by_category")]

    def __str__(self) -> str:
        return f"{self.sku} · {self.name}"
