"""Our fee for a debit that came back because the account had no money, where the seller asks one."""

from datetime import date, datetime
from decimal import Decimal

from commerce.settings_registry import setting_get
from oropay.models import Payment, PaymentTransaction
from oropay.ports import DEBTS, DebtKind, debts
from oropay.returncodes import reason_of
from oropay.scoped import RETURN_FEE


def return_fee_of(*, payment: Payment, code: str) -> Decimal:
    """What the seller asks for a return with this code, in dollars; 0 without a code or for any other reason."""
    if not code or not reason_of(code).may_retry or payment.currency != "USD":
        return Decimal(0)
    fee: Decimal = setting_get(RETURN_FEE, payment.website, organization_id=payment.organization_id)
    return fee


def return_fee_charge(*, payment: Payment, row: PaymentTransaction, code: str, day: date, now: datetime) -> Decimal:
    """Ask the customer for it by debit memo, once per return, in the caller's transaction, which holds the period.

    `row` is the return, or the charge that was rejected before it was funded. Returns the fee.
    """
    fee = return_fee_of(payment=payment, code=code)
    if fee > 0:
        debts.get(DEBTS).owe(transaction=row, kind=DebtKind.RETURN_FEE, amount=fee, occurred_on=day, now=now)
    return fee
