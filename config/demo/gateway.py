"""How the demo company takes money: the sandbox's provider account and three ways to pay."""

import os
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.conf import settings

from commerce.models import Organization, User
from config import devenv
from config.demo.exceptions import DemoRefused
from oropay.models import (
    Environment,
    Integration,
    IntegrationLabel,
    IntegrationLimit,
    IntegrationType,
    PaymentAction,
    ProviderAccount,
)
from oropay.services import integration_save, provider_provision

ACCOUNT = "Sandbox"
LARGEST_HOLD = Decimal(5000)

INTEGRATIONS: tuple[tuple[dict[str, Any], dict[str, tuple[str, str]]], ...] = (
    (
        {"name": "OroPay", "payment_action": PaymentAction.AUTOMATIC, "echeck": True},
        {
            "": ("Card or bank account", "Card or bank"),
            "en": ("Card or bank account", "Card or bank"),
            "de": ("Karte oder Bankkonto", "Karte oder Bank"),
        },
    ),
    (
        {"name": "OroPay hold", "payment_action": PaymentAction.MANUAL},
        {
            "": ("Card, charged when we ship", "Card on hold"),
            "en": ("Card, charged when we ship", "Card on hold"),
            "de": ("Karte, Abbuchung bei Versand", "Karte vorgemerkt"),
        },
    ),
    (
        {"name": "Payment terms", "type": IntegrationType.PAYMENT_TERMS},
        {
            "": ("On account, by your payment terms", "On account"),
            "en": ("On account, by your payment terms", "On account"),
            "de": ("Auf Rechnung, nach Ihrem Zahlungsziel", "Auf Rechnung"),
        },
    ),
)
"""Columns of each integration, and by language its label and short label; the empty language is the fallback."""


@dataclass(frozen=True)
class GatewayKeys:
    """What the sandbox lets us in with."""

    app_id: str
    app_key: str = field(repr=False)
    service_url: str


def gateway_keys() -> GatewayKeys:
    """The sandbox's credentials: from the environment, else those that `make run` keeps in `.data/`.

    Raises:
        DemoRefused: there are none; nothing can be sealed for the worker.
    """
    kept = devenv.read(devenv.DATA / "dev.env")
    app_id = os.environ.get("GP_APP_ID") or kept.get("GP_APP_ID", "")
    app_key = os.environ.get("GP_APP_KEY") or kept.get("GP_APP_KEY", "")
    if not app_id or not app_key:
        raise DemoRefused("Set GP_APP_ID and GP_APP_KEY, those of gpsandbox, or let `make run` seed.")
    return GatewayKeys(app_id=app_id, app_key=app_key, service_url=settings.GP_SERVICE_URL)


def integrations_make(*, organization: Organization, owner: User, keys: GatewayKeys) -> None:
    """Cards and bank accounts at once, cards on hold up to 5,000, and buying on terms."""
    account = _provision(organization=organization, keys=keys)
    for columns, labels in INTEGRATIONS:
        integration = integration_save(
            integration=Integration(
                organization=organization,
                provider_account=None if columns.get("type") == IntegrationType.PAYMENT_TERMS else account,
                currencies=[organization.currency],
                owner=owner,
                **columns,
            )
        )
        if integration.payment_action == PaymentAction.MANUAL:
            IntegrationLimit.objects.create(
                integration=integration, currency=organization.currency, max_amount=LARGEST_HOLD
            )
        IntegrationLabel.objects.bulk_create(
            IntegrationLabel(integration=integration, language=language, label=label, short_label=short_label)
            for language, (label, short_label) in labels.items()
        )


def gateway_moved(*, organization: Organization, keys: GatewayKeys) -> bool:
    """Follow the sandbox to another port. True if it had moved; renewed keys are for `manage.py provision`."""
    account = ProviderAccount.objects.filter(organization=organization, name=ACCOUNT).first()
    if account is None or account.service_url == keys.service_url:
        return False
    _provision(organization=organization, keys=keys)
    return True


def _provision(*, organization: Organization, keys: GatewayKeys) -> ProviderAccount:
    return provider_provision(
        organization=organization,
        name=ACCOUNT,
        app_id=keys.app_id,
        app_key=keys.app_key,
        service_url=keys.service_url,
        environment=Environment.SANDBOX,
        settlement_currency=organization.currency,
    )
