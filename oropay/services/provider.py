"""Provisioning provider accounts and saving integrations."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db.transaction import atomic
from django.utils import timezone

from commerce.models import Organization, User, Website
from oropay.exceptions import NoteRequired, SettledTwice, UnsafeAddress
from oropay.models import Environment, Integration, ProviderAccount, RefundLimit
from oropay.selectors import same_merchant
from oropay.services.vault import canaries_ensure
from oropay.vault import seal
from oropay.vault.contexts import credentials_context
from plumbing.audit import because

SWITCHES = frozenset({"multi_capture", "renews_live_holds", "bank_credits"})
"""What a gateway does for some of its accounts only."""


@atomic
def provider_provision(
    *,
    organization: Organization,
    name: str,
    app_id: str,
    app_key: str,
    service_url: str,
    environment: Environment,
    settlement_currency: str,
    country: str = "US",
    kind: str = "globalpayments",
    **account_names: str,
) -> ProviderAccount:
    """Make or renew a provider account; its keys are sealed before they reach the database.

    Run by `manage.py provision` with keys read from the environment or standard input, never from a form.
    `account_names`: what the gateway calls our accounts (`transaction_account`, `tokenization_account`,
    `settlement_account`, `dispute_account`), where it differs from the usual.

    Raises:
        UnsafeAddress: real money over a line that anybody can read.
        SettledTwice: it is new or settles otherwise than before, and another account of the seller is told of the same
            deposits, in the same currency.
        VaultError: there is no key to seal with, or its id named another key before.
    """
    if environment == Environment.PRODUCTION and not service_url.startswith("https://"):
        raise UnsafeAddress(address=service_url)
    columns: dict[str, Any] = {
        "kind": kind,
        "environment": environment,
        "service_url": service_url,
        "country": country,
        "settlement_currency": settlement_currency,
        "app_digest": hashlib.sha256(app_id.encode()).hexdigest(),
        "is_active": True,
        **account_names,
    }
    _refuse_second(organization=organization, name=name, columns=columns)
    canaries_ensure(now=timezone.now())
    sealed = seal(
        secret=json.dumps({"app_id": app_id, "app_key": app_key}),
        context=credentials_context(organization_code=organization.code, name=name, kind=kind),
    )
    account, _created = ProviderAccount.objects.update_or_create(
        organization=organization,
        name=name,
        defaults={**columns, "credentials": sealed.blob, "key_id": sealed.key_id},
    )
    RefundLimit.objects.get_or_create(organization=organization, currency=settlement_currency)
    return account


SETTLES = ("kind", "service_url", "settlement_account", "settlement_currency")
"""With the app: which money an account is told of, and in which currency it is paid out."""


def _refuse_second(*, organization: Organization, name: str, columns: Mapping[str, Any]) -> None:
    """One account books what a merchant is paid in a currency. One that is switched off still listens.

    Whoever has two already may give either new keys: a deposit is booked once all the same.
    """
    known = ProviderAccount.objects.filter(organization=organization, name=name).first()
    if known is not None and _settles_as_before(known=known, columns=columns):
        return
    asked = known or ProviderAccount(organization=organization)
    for column, value in columns.items():
        setattr(asked, column, value)
    first = same_merchant(account=asked).exclude(app_digest="").filter(settlement_currency=asked.settlement_currency)
    if found := first.first():
        raise SettledTwice(name=found.name, currency=asked.settlement_currency)


def _settles_as_before(*, known: ProviderAccount, columns: Mapping[str, Any]) -> bool:
    """An app that was not known before is taken for the one that it was."""
    same_app = known.app_digest in {"", columns["app_digest"]}
    return same_app and all(getattr(known, column) == columns.get(column, getattr(known, column)) for column in SETTLES)


def provider_switches_set(
    *, account: ProviderAccount, switches: Mapping[str, bool], note: str, by: User
) -> ProviderAccount | None:
    """Say what the gateway does for this account: several captures, renewing live holds, credits to bank accounts.

    Holds that stand keep the way of capture they were made with. None when nothing was different.

    Raises:
        NoteRequired: `note` is blank.
    """
    if not note.strip():
        raise NoteRequired
    unknown = switches.keys() - SWITCHES
    if unknown:
        raise ValueError(f"{sorted(unknown)} are no switches of an account")
    changed = [name for name, value in switches.items() if getattr(account, name) != value]
    for name in changed:
        setattr(account, name, switches[name])
    with because(by=by, why=note.strip()):
        account.save(update_fields=changed)
    return account if changed else None


def webhook_key_new() -> str:
    """The secret part of an integration's webhook address: 256 bits."""
    return secrets.token_urlsafe(32)


WEBHOOK_ROUTE = "api:webhook"


def webhook_address(*, integration: Integration, website: Website | None = None) -> str:
    """Where the gateway posts what it has to tell about this integration's payments: the public address with the key.

    OROPAY_WEBHOOK_ORIGIN where it is set, else any website of the seller; empty when there is none.
    """
    path = _webhook_path(integration.webhook_key)
    if settings.OROPAY_WEBHOOK_ORIGIN:
        return f"{settings.OROPAY_WEBHOOK_ORIGIN.rstrip('/')}{path}"
    website = website or (
        Website.objects.filter(organization=integration.organization_id).order_by("-is_default", "pk").first()
    )
    return f"{website.origin}{path}" if website else ""


@lru_cache(maxsize=256)
def _webhook_path(key: str) -> str:
    """Asked with every payment."""
    return Website.path(WEBHOOK_ROUTE, key=key)


def integration_save(*, integration: Integration) -> Integration:
    """Save an integration; the webhook address is made at the first save and kept.

    Raises:
        django.core.exceptions.ValidationError: with the message at the field, such as eCheck without Automatic.
    """
    if not integration.webhook_key:
        integration.webhook_key = webhook_key_new()
    integration.full_clean()
    integration.save()
    return integration


def webhook_rotate(*, integration: Integration) -> Integration:
    """Make a new webhook address; the old one stops working at once."""
    integration.webhook_key = webhook_key_new()
    integration.save(update_fields=["webhook_key"])
    return integration
