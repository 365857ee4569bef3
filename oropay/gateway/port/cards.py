"""What lets a browser send one card to the gateway."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from oropay.gateway.port.answers import Answer


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

    def delete_card(self, *, token: str) -> Answer:
        """Forget a kept card. APPROVED: it is gone; NOT_FOUND: it was gone before.

        May be asked again after any answer.
        """
        ...

    def update_card(self, *, token: str, expiry_month: int, expiry_year: int) -> Answer:
        """Give a kept card its new expiry (year with four digits). APPROVED, NOT_FOUND, or FAILED if it is refused.

        May be asked again after any answer.
        """
        ...
