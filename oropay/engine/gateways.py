"""From a provider account to the gateway behind it. Works in the worker only: the credentials are sealed."""

import json
from functools import lru_cache

from django.conf import settings
from django.utils.module_loading import import_string

from oropay import vault
from oropay.exceptions import VaultError
from oropay.gateway.port import Credentials, PaymentGateway
from oropay.models import ProviderAccount
from oropay.vault.contexts import account_context


def gateway_of(*, account: ProviderAccount | None) -> PaymentGateway:
    """The gateway behind a provider account; opens its sealed credentials, so it works in the worker only.

    Raises VaultError when this process holds no private key.
    """
    if account is None:
        raise VaultError("Nothing was sent: this payment goes through no provider account.")
    return _gateway(
        account.kind,
        account.pk,
        account.key_id,
        bytes(account.credentials),
        account.service_url,
        account.country,
        account.transaction_account,
        account.tokenization_account,
        account.settlement_account,
        account.dispute_account,
    )


@lru_cache(maxsize=32)
def _gateway(
    kind: str,
    pk: int,
    key_id: str,
    blob: bytes,
    service_url: str,
    country: str,
    transaction_account: str,
    tokenization_account: str,
    settlement_account: str,
    dispute_account: str,
) -> PaymentGateway:
    account = ProviderAccount.objects.select_related("organization").get(pk=pk)
    secret = json.loads(
        vault.unseal(
            sealed=vault.Sealed(key_id=key_id, blob=blob),
            context=account_context(account),
        )
    )
    adapter = import_string(settings.GATEWAYS[kind])
    gateway: PaymentGateway = adapter(
        Credentials(
            app_id=secret["app_id"],
            app_key=secret["app_key"],
            service_url=service_url,
            country=country,
            transaction_account=transaction_account,
            tokenization_account=tokenization_account,
            settlement_account=settlement_account,
            dispute_account=dispute_account,
            connect_timeout=settings.OROPAY_CONNECT_TIMEOUT.total_seconds(),
            read_timeout=settings.OROPAY_READ_TIMEOUT.total_seconds(),
        )
    )
    return gateway
