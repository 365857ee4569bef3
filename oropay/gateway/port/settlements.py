"""The gateway's settlement report."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from moneyed import Money


@dataclass(frozen=True)
class SettledTransaction:
    """One line of the gateway's settlement report."""

    gateway_id: str
    type: str
    """SALE or REFUND (chargebacks come later)."""
    status: str
    amount: Money
    """Signed: a refund is negative."""
    deposit_id: str
    deposit_date: date | None
    batch_id: str
    reference: str
    method: str
    """card or ach."""
    time_created: datetime


@dataclass(frozen=True)
class DepositAdvice:
    """What the gateway says it sent to the bank on one day."""

    gateway_id: str
    paid_on: date
    status: str
    amount: Money
    """Net, as it will appear on the bank statement."""
    sales: Decimal
    refunds: Decimal
    """Positive: money given back."""
    fees: Decimal
    """Positive: money kept by the gateway."""
    chargebacks: Decimal = Decimal(0)
    method: str = ""


class Settlements(Protocol):
    """What the gateway settled and paid out."""

    def settled(self, *, since: date, until: date) -> Iterator[SettledTransaction]:
        """Settlement lines by deposit date, both ends included. Raises GatewayUnavailable."""
        ...

    def deposits(self, *, since: date, until: date) -> Iterator[DepositAdvice]:
        """Raises GatewayUnavailable."""
        ...
