"""When money of a bank debit may be given back: not while the bank may still take it itself."""

from datetime import date, datetime

from django.utils.translation import gettext as _

from commerce.settings_registry import setting_get
from oropay.models import Payment, PaymentTransaction
from oropay.scoped import ACH_REFUND_HOLD
from plumbing.banking_days import banking_days_after


def refundable_from(*, payment: Payment, charge: PaymentTransaction) -> date | None:
    """The first day on which a settled bank debit may be refunded; None while it has not settled.

    Before it the bank could return the debit as well, and the money would be gone twice.
    """
    if charge.settled_at is None:
        return None
    settled = payment.organization.today(charge.settled_at)
    days = setting_get(ACH_REFUND_HOLD, organization_id=payment.organization_id)
    return banking_days_after(settled, days) if days > 0 else settled


def refund_held(*, payment: Payment, charge: PaymentTransaction, now: datetime) -> str:
    """Why one person alone may not give a bank debit back yet, or nothing when one may."""
    day = refundable_from(payment=payment, charge=charge)
    if day is not None and payment.organization.today(now) < day:
        return _("The bank may still return this debit: until {day} two persons decide about a refund.").format(
            day=f"{day.day} {day:%b %Y}"
        )
    return ""
