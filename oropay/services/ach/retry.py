"""Sending a returned debit again: only for want of money, the same amount, at most twice, within 180 days.

Source: Nacha Operating Rules, Subsection 2.12.4 (reinitiation of returned entries).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from oropay.exceptions import RetryRefused
from oropay.models import (
    AchReturn,
    Action,
    FailureReason,
    Initiator,
    Instrument,
    InstrumentState,
    Mandate,
    Payment,
    PaymentTransaction,
    TransactionState,
)
from oropay.returncodes import RETRIES, RETRY_WITHIN
from oropay.services.ach.freeze import freeze_of
from oropay.services.ach.wrong import details_wrong
from oropay.services.mandate import mandate_covers

NEVER_LEFT = (
    FailureReason.NOT_SENT.value,
    FailureReason.NEVER_ARRIVED.value,
    FailureReason.REFUSED.value,
    FailureReason.FROZEN.value,
    FailureReason.ACCOUNT_WRONG.value,
)
"""A try that ended so did not reach the bank and does not count."""


@dataclass(frozen=True)
class Again:
    """What a debit is sent again with: the account and the mandate of the first time."""

    first: Payment
    instrument: Instrument
    mandate: Mandate


def retries_of(*, first: Payment) -> list[Payment]:
    """The times a debit was sent again and reached the bank, or still may, oldest first."""
    never_left = Q(state=TransactionState.FAILED, failure_reason__in=NEVER_LEFT)
    reached = PaymentTransaction.objects.filter(~never_left, payment=OuterRef("pk"), action=Action.CHARGE)
    return list(Payment.objects.filter(Exists(reached), retry_of=first).order_by("pk"))


def retry_refusal(*, told: AchReturn, now: datetime) -> str:
    """Why a returned debit may not be sent again, or nothing when it may. Pages ask it before they show the button."""
    if not told.reason.may_retry:
        return _("Only a debit that came back with R01 or R09 may be sent again.")
    charge = told.charge
    payment = charge.payment
    first = payment.retry_of or payment
    tries = retries_of(first=first)
    if (tries[-1] if tries else first) != payment:
        return _("It has been sent again already.")
    if len(tries) >= RETRIES:
        return _("It has been sent again {times} times, as often as Nacha allows.").format(times=RETRIES)
    begun = first.created_at
    if now - begun > RETRY_WITHIN:
        return _("Its first debit is more than {days} days old.").format(days=RETRY_WITHIN.days)
    instrument, mandate = payment.instrument, payment.mandate
    if instrument is None or mandate is None:
        return _("It has no bank account any more.")
    if instrument.state in {InstrumentState.DELETED, InstrumentState.FROZEN}:
        return _("Its bank account was removed or is frozen.")
    organization_id = payment.organization_id
    if details_wrong(account=instrument, organization_id=organization_id, fingerprint=instrument.fingerprint):
        return _("Its bank says that details of the account are wrong, and not what is right.")
    if freeze_of(organization_id=organization_id, fingerprint=instrument.fingerprint) is not None:
        return _("Its bank account is frozen.")
    return mandate_covers(
        mandate=mandate,
        instrument_id=instrument.pk,
        amount=first.amount,
        initiator=Initiator.STAFF,
        payment=first,
    )


def retry_check(*, told: AchReturn, wanted: Mapping[int, Decimal], integration_id: int, now: datetime) -> Again:
    """What to send a returned debit again with. The caller holds the locks of its payables.

    Raises:
        RetryRefused: with the rule that speaks against it.
    """
    why = retry_refusal(told=told, now=now)
    if why:
        raise RetryRefused(why=why)
    payment = told.charge.payment
    first = payment.retry_of or payment
    if dict(payment.parts.values_list("payable_id", "amount")) != dict(wanted):
        raise RetryRefused(why=_("Only the same amount may be sent again."))
    if payment.integration_id != integration_id or payment.instrument is None or payment.mandate is None:
        raise RetryRefused(why=_("It must go the way it went before."))
    return Again(first=first, instrument=payment.instrument, mandate=payment.mandate)
