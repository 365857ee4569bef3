"""One provisioned merchant account."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Credentials:
    """One provisioned merchant account. Lives in the worker's memory only."""

    app_id: str
    app_key: str = field(repr=False)
    service_url: str
    country: str = "US"
    channel: str = "CNP"
    transaction_account: str = "transaction_processing"
    tokenization_account: str = "tokenization"
    settlement_account: str = "settlement_reporting"
    dispute_account: str = "dispute_management"
    connect_timeout: float = 5.0
    """Seconds."""
    read_timeout: float = 30.0
    """Seconds."""
    token_seconds: int = 3600
