"""Provider accounts that lead to a sandbox on this machine."""

from commerce.models import Organization
from oropay.models import Environment, ProviderAccount
from oropay.services import provider_provision


def sandbox_account(
    *, organization: Organization, url: str, name: str = "Sandbox", currency: str = "USD"
) -> ProviderAccount:
    """An account of the merchant that every sandbox of the tests knows."""
    return provider_provision(
        organization=organization,
        name=name,
        app_id="contract-app",
        app_key="contract-key",
        service_url=url,
        environment=Environment.SANDBOX,
        settlement_currency=currency,
    )
