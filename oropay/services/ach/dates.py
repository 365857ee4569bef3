"""When the money of a bank debit is expected, by the banks' own calendar."""

from collections.abc import Iterable
from datetime import date

from oropay.models import Action, Method, PaymentTransaction, TransactionState
from plumbing.banking_days import banking_days_after

DAYS_UNTIL_DUE: dict[str, int] = {Method.CARD: 2, Method.BANK: 3}
"""Banking days from the capture of a card, or from the acceptance of a bank debit, to the gateway's deposit.

Source: none public for GP-API; see docs/assumptions.md.
"""


def settles_on(day: date) -> date:
    """The day on which a bank debit accepted on `day` is expected to be sure."""
    return banking_days_after(day, DAYS_UNTIL_DUE[Method.BANK])


def expected_on(*, transactions: Iterable[PaymentTransaction]) -> date | None:
    """When what a payment has under way at the bank is expected to be sure; None if nothing is.

    The days are those of the organization's time zone; `payment.organization` must be at hand.
    """
    pending = [row for row in transactions if row.action == Action.CHARGE and row.state == TransactionState.PENDING]
    if not pending or pending[-1].payment.method != Method.BANK:
        return None
    debit = pending[-1]
    return settles_on(debit.payment.organization.today(debit.created_at))
