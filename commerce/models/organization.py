"""Who sells, and under which brand."""

from datetime import date, datetime
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from commerce.countries import country_validate
from commerce.exceptions import UnknownRoute
from commerce.models.fields import (
    LOWERCASE_CODE,
    country_is_code,
    currency_field,
    currency_is_code,
    rate_is_fraction,
    tax_rate_field,
)
from commerce.money import MoneyAmountField
from commerce.routes import ABSOLUTE_ROUTES
from plumbing.audit import tracked


def time_zone_validate(name: str) -> None:
    """Refuse a time zone this machine does not know."""
    if name not in available_timezones():
        raise ValidationError(_("%(name)s is not a time zone, for example America/New_York."), params={"name": name})


@tracked()
class Organization(models.Model):
    """A legal seller: owns customers, prices, books and number sequences. Its time zone says which day it is."""

    code = models.CharField(
        _("code"), max_length=32, unique=True, help_text=_("Short, lower case; prefixes order numbers.")
    )
    name = models.CharField(_("name"), max_length=200)
    legal_name = models.CharField(_("legal name"), max_length=200, blank=True)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="America/New_York", validators=[time_zone_validate]
    )
    currency = currency_field(default="USD")
    line_1 = models.CharField(_("address line 1"), max_length=200, blank=True)
    line_2 = models.CharField(_("address line 2"), max_length=200, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    region = models.CharField(_("state or region"), max_length=100, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True, validators=[country_validate])
    email = models.EmailField(_("email"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    tax_id = models.CharField(_("tax ID"), max_length=40, blank=True)
    ship_from_postal_code = models.CharField(
        _("ships from: postal code"),
        max_length=20,
        blank=True,
        help_text=_("Of the warehouse; part of Level 2 data of card payments. Empty: the address on documents."),
    )
    ship_from_country = models.CharField(
        _("ships from: country"), max_length=2, blank=True, validators=[country_validate]
    )

    class Meta:
        verbose_name = _("organization")
        constraints = [
            CheckConstraint(condition=Q(code__regex=LOWERCASE_CODE), name="organization_code_is_lowercase"),
            currency_is_code("organization_currency_is_code"),
            country_is_code("organization_country_is_code"),
        ]

    def __str__(self) -> str:
        return self.name

    def today(self, now: datetime) -> date:
        """The seller's calendar day at this instant: the date on its documents and in its books."""
        return now.astimezone(ZoneInfo(self.time_zone)).date()

    def period(self, now: datetime) -> str:
        """The seller's calendar month as in document numbers: "2026-11"."""
        return f"{self.today(now):%Y-%m}"


@tracked()
class Website(models.Model):
    """A brand's shop front: the host in the address bar decides which one a request is about."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="websites")
    code = models.CharField(_("code"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=200)
    domain = models.CharField(
        _("domain"), max_length=253, unique=True, help_text=_("Host name in lower case, without port.")
    )
    is_default = models.BooleanField(_("default"), default=False, help_text=_("Answers unknown hosts in development."))
    language = models.CharField(_("language"), max_length=16, default="en-us")
    currency = currency_field(default="USD")
    tax_rate = tax_rate_field(default=0)
    shipping_flat_rate = MoneyAmountField(_("flat shipping rate"), default=0)

    class Meta:
        verbose_name = _("website")
        constraints = [
            CheckConstraint(condition=Q(code__regex=LOWERCASE_CODE), name="website_code_is_lowercase"),
            CheckConstraint(condition=Q(domain__regex=r"^[a-z0-9.-]+$"), name="website_domain_is_a_host"),
            UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="one_default_website"),
            CheckConstraint(condition=Q(shipping_flat_rate__gte=0), name="website_shipping_not_negative"),
            currency_is_code("website_currency_is_code"),
            rate_is_fraction("website_tax_rate_is_fraction"),
        ]

    def __str__(self) -> str:
        return self.name

    def url(self, route: str, **kwargs: object) -> str:
        """An absolute link into this website for mail and documents, where no request knows the host.

        Raises:
            UnknownRoute: the name is not in `commerce.routes.ABSOLUTE_ROUTES`, the one tested list.
        """
        return f"{self.origin}{self.path(route, **kwargs)}"

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{settings.WEBSITE_SCHEME}://{self.domain}{settings.WEBSITE_PORT}"

    @staticmethod
    def path(route: str, **kwargs: object) -> str:
        """What follows the host in `url`; the same on every website. Raises UnknownRoute as `url` does."""
        if route not in ABSOLUTE_ROUTES:
            raise UnknownRoute(route=route, known=ABSOLUTE_ROUTES)
        return reverse(route, kwargs=kwargs or None)
