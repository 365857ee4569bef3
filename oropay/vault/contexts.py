"""What each sealed secret is bound to inside its box: a box copied into another row opens and is refused."""

from oropay.models import Instrument, ProviderAccount
from oropay.vault.boxes import Context


def vault_context(instrument: Instrument) -> Context:
    """Of the account number of a bank account."""
    return Context(
        purpose="bank-account",
        subject=str(instrument.uuid),
        owner=str(instrument.customer_id),
        provider=str(instrument.provider_account_id),
    )


def credentials_context(*, organization_code: str, name: str, kind: str) -> Context:
    """Of the keys of a provider account, which may not have a row yet."""
    return Context(purpose="gateway-credentials", subject=name, owner=organization_code, provider=kind)


def account_context(account: ProviderAccount) -> Context:
    """Of the keys of a provider account as it stands."""
    return credentials_context(organization_code=account.organization.code, name=account.name, kind=account.kind)
