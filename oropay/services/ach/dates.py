"""When the money of a bank debit is expected, by the banks' own calendar."""

from collections.abc import Iterable
from datetime import date, timedelta

from oropay.models import AchReturn, Action, Method, PaymentTransaction, SecCode, TransactionState
from oropay.returncodes import Rate
from plumbing.banking_days import banking_days_after

DAYS_UNTIL_DUE: dict[str, int] = {Method.CARD: 2, Method.BANK: 3}
"""Banking days from the capture of a card, or from the acceptance of a bank debit, to the gateway's deposit.

Source: none public for GP-API; see docs/assumptions.md.
"""

BUSINESS_WINDOW = 2
"""Banking days after settlement within which a bank may return a business debit as not authorised.

Source: Nacha Operating Rules, on returns: a return is there by the second banking day after settlement.
"""
PERSONAL_WINDOW = timedelta(days=60)
"""The same for a personal debit, in calendar days.

Source: Nacha Operating Rules, on extended returns: one is there by the banking day after the 60th day.
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


def unauthorised_until(*, charge: PaymentTransaction) -> date | None:
    """The last day on which the bank may return a debit as not authorised; None for anything but a bank debit.

    Counted from the day it settled, before that from the day it is expected to. `charge.payment` with its mandate and
    organization must be at hand.
    """
    payment = charge.payment
    if payment.method != Method.BANK or payment.mandate is None or charge.action != Action.CHARGE:
        return None
    settled = (
        payment.organization.today(charge.settled_at)
        if charge.settled_at is not None
        else settles_on(payment.organization.today(charge.created_at))
    )
    if payment.mandate.sec_code == SecCode.CCD:
        return banking_days_after(settled, BUSINESS_WINDOW)
    return banking_days_after(settled + PERSONAL_WINDOW, 1)


def returned_too_late(*, told: AchReturn) -> bool:
    """Whether a debit came back as not authorised after the bank's window: it can be disputed with the bank.

    Any other reason has no such window, and a debit that never settled came back in time.
    """
    if told.reason.rate != Rate.UNAUTHORIZED or told.charge.settled_at is None:
        return False
    until = unauthorised_until(charge=told.charge)
    return until is not None and told.returned_on > until
