"""Columns that several tables of this room share."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import CheckConstraint, Q
from django.utils.translation import gettext_lazy as _

from commerce.money import currency_validate

LOWERCASE_CODE = r"^[a-z0-9][a-z0-9-]*$"
COUNTRY_CODE = r"^[A-Z]{2}$"
CURRENCY_CODE = r"^[A-Z]{3}$"


if TYPE_CHECKING:
    AnyEmailField = models.EmailField[Any, Any]  # generic for the type checker only
else:
    AnyEmailField = models.EmailField


class LowercaseEmailField(AnyEmailField):
    """An address that is one address however people type it: lower case on the way in, in writes and in look-ups."""

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return prepared.strip().lower() if isinstance(prepared, str) else prepared

    def to_python(self, value: Any) -> Any:
        converted = super().to_python(value)
        return converted.strip().lower() if isinstance(converted, str) else converted


def currency_field(**kwargs: Any) -> "models.CharField[str, str]":
    """The one currency column of a document or a seller."""
    return models.CharField(_("currency"), max_length=3, validators=[currency_validate], **kwargs)


def tax_rate_field(**kwargs: Any) -> "models.DecimalField[Decimal | int, Decimal]":
    """A rate as a fraction: 0.08875 means 8.875 %."""
    return models.DecimalField(
        _("tax rate"), max_digits=7, decimal_places=6, help_text=_("As a fraction: 0.08875 is 8.875 %."), **kwargs
    )


def currency_is_code(name: str) -> CheckConstraint:
    return CheckConstraint(condition=Q(currency__regex=CURRENCY_CODE), name=name)


def country_is_code(name: str) -> CheckConstraint:
    return CheckConstraint(condition=Q(country="") | Q(country__regex=COUNTRY_CODE), name=name)


def rate_is_fraction(name: str) -> CheckConstraint:
    return CheckConstraint(condition=Q(tax_rate__gte=0, tax_rate__lt=1), name=name)
