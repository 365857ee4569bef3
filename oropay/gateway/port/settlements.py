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
    """The transaction's, or the dispute's."""
    type: str
    """SALE or REFUND; CHARGEBACK or REVERSAL for money that a dispute took or gave back."""
    status: str
    amount: Money
    """Signed: a refund or chargeback is negative."""
    deposit_id: str
    deposit_date: date | None
    batch_id: str
    reference: str
    """Ours; of a dispute the acquirer's reference (ARN) of the sale."""
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
    """Positive: money that disputes took, less what they gave back."""
    method: str = ""


class Settlements(Protocol):
    """What the gateway settled and paid out."""

    def settled(self, *, since: date, until: date) -> Iterator[SettledTransaction]:
        """Settlement lines by deposit date, both ends included, those of disputes after the others.

        Raises GatewayUnavailable.
        """
        ...

    def deposits(self, *, since: date, until: date) -> Iterator[DepositAdvice]:
        """Raises GatewayUnavailable."""
        ...

    def was_paid_out(self, *, gateway_id: str, reference: str) -> bool:
        """Whether the money of a sale stands in a deposit, whatever became of it since. Raises GatewayUnavailable."""
        ...
