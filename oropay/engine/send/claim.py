"""The right to send one transaction, once."""

from dataclasses import dataclass

from oropay.models import PaymentTransaction


@dataclass(frozen=True)
class Claim:
    """A transaction this process may send, once, before `send_before` on this machine's monotonic clock."""

    transaction: PaymentTransaction
    send_before: float
