"""What disputes took of a charge and gave back again."""

from collections.abc import Sequence
from decimal import Decimal

from oropay.models import Action, PaymentTransaction
from oropay.services.followup.queue import ZERO


def came_back_of(*, transaction: PaymentTransaction, family: Sequence[PaymentTransaction]) -> Decimal:
    """What chargebacks of a charge took and gave back: it can be refunded again. `family`: its payment's rows."""
    takings = {row.pk for row in family if row.parent_id == transaction.pk and row.action == Action.CHARGEBACK}
    losses = {row.pk for row in family if row.parent_id in takings and row.action == Action.CHARGEBACK_LOST}
    returned = [
        row.amount for row in family if row.action == Action.CHARGEBACK_REVERSAL and row.parent_id in takings | losses
    ]
    return sum(returned, ZERO)
