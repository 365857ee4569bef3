"""What lets a browser send one card to the gateway."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class HostedToken:
    """Lets one card form send one card to the gateway, and nothing else."""

    token: str = field(repr=False)
    expires_at: datetime


class Cards(Protocol):
    """Card forms in the buyer's browser."""

    def mint_hosted_token(self) -> HostedToken:
        """Raises GatewayUnavailable."""
        ...
