"""Paying at another company's site: the payer is sent there, and the payment waits until he comes back.

`apm_pages` is that site.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from gpsandbox import errors, fields, ids
from gpsandbox.settings import Settings


@dataclass(frozen=True)
class Provider:
    """What one of them wants to know and does."""

    category_needed: bool = False
    """`merchant_category` is mandatory."""
    confirmed: bool = False
    """An approved payment is PENDING until the merchant confirms it."""


PROVIDERS = {
    "paypal": Provider(confirmed=True),
    "testpay": Provider(),
    "alipay": Provider(category_needed=True),
    "blik": Provider(),
    "ideal": Provider(),
    "sofort": Provider(),
}


@dataclass(frozen=True)
class Apm:
    """What is kept of an alternative payment method."""

    provider: str
    """As the merchant spelt it."""
    reference: str
    """The provider's own name for the payment."""


def read(body: dict[str, Any]) -> Apm:
    """Check the `payment_method.apm` of a whole request, and where its payer shall come back to."""
    asked = fields.section(fields.section(body, "payment_method"), "apm")
    fields.require(asked, "provider")
    name = fields.text(asked, "provider", most=50)
    provider = PROVIDERS.get(name.lower())
    if provider is None:
        raise errors.rule_broken("This payment method is not supported by the account")
    if provider.category_needed:
        fields.require(body, "merchant_category")
    notifications = fields.section(body, "notifications")
    absent = [f"notifications.{each}" for each in ("return_url", "status_url") if not notifications.get(each)]
    if absent:
        raise errors.missing(*absent)
    for each in ("return_url", "status_url", "cancel_url"):
        _address_check(notifications, each)
    return Apm(provider=name, reference=ids.new("APM"))


def page(settings: Settings, transaction_id: str) -> str:
    """Where the payer is sent to."""
    return f"{settings.url}/apm/{transaction_id}"


def provider_of(name: str) -> Provider:
    return PROVIDERS[name.lower()]


def _address_check(notifications: dict[str, Any], name: str) -> None:
    address = fields.text(notifications, name, most=2048)
    if not address:
        return
    try:
        parts = urlsplit(address)
    except ValueError:
        raise errors.wrong_value(f"notifications.{name}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise errors.wrong_value(f"notifications.{name}")
