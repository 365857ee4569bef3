"""What is left of a charge once refunds and disputes are taken off, and of all charges of its payment together."""

from collections.abc import Sequence
from decimal import Decimal

from oropay.models import Action, PaymentTransaction, TransactionState
from oropay.services.followup.queue import SAYS_ONLY, ZERO
from oropay.status import WITHOUT_MONEY


def came_back_of(*, transaction: PaymentTransaction, family: Sequence[PaymentTransaction]) -> Decimal:
    """What chargebacks of a charge took and gave back: it can be refunded again. `family`: its payment's rows."""
    takings = {row.pk for row in family if row.parent_id == transaction.pk and row.action == Action.CHARGEBACK}
    losses = {row.pk for row in family if row.parent_id in takings and row.action == Action.CHARGEBACK_LOST}
    returned = [
        row.amount for row in family if row.action == Action.CHARGEBACK_REVERSAL and row.parent_id in takings | losses
    ]
    return sum(returned, ZERO)


def taken_off(*, transaction: PaymentTransaction, family: Sequence[PaymentTransaction]) -> list[PaymentTransaction]:
    """What lowers a charge: every void, refund, return and chargeback of it that happened or still may."""
    direct = [row for row in family if row.parent_id == transaction.pk]
    ids = {row.pk for row in direct}
    late = [row for row in family if row.late and row.parent_id in ids]
    return [row for row in [*direct, *late] if row.state not in WITHOUT_MONEY and row.action not in SAYS_ONLY]


def left_of(*, transaction: PaymentTransaction, family: Sequence[PaymentTransaction]) -> Decimal:
    """What is left of a charge or capture, in major units; below zero when more than it was worth went back."""
    taken = sum((row.amount for row in taken_off(transaction=transaction, family=family)), ZERO)
    left: Decimal = transaction.amount - taken + came_back_of(transaction=transaction, family=family)
    return left


def left_of_payment(*, family: Sequence[PaymentTransaction]) -> Decimal:
    """What is left of all charges and captures of a payment together, in major units.

    A dispute may take more than the capture it is booked on: the others lack what it took beyond that.
    """
    return sum((left_of(transaction=row, family=family) for row in money_of(family=family)), ZERO)


def money_of(*, family: Sequence[PaymentTransaction]) -> list[PaymentTransaction]:
    """The charges and captures of a payment that took money."""
    taking = {Action.CHARGE, Action.CAPTURE}
    return [row for row in family if row.action in taking and row.state == TransactionState.APPROVED]
