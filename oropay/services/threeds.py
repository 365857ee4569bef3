"""3-D Secure: which payments the card holder's bank is asked about, before anything is charged."""

from datetime import datetime

from django.conf import settings

from oropay.models import (
    Action,
    Authentication,
    AuthenticationOutcome,
    Initiator,
    Instrument,
    InstrumentKind,
    Integration,
    Payment,
    ThreeDS,
)

PRESENT = frozenset({Initiator.BUYER, Initiator.LINK})
"""Who sits before a browser and can be asked. Staff on behalf (MOTO) and what we start by ourselves never can."""


def authentication_wanted(
    *, integration: Integration, instrument: Instrument, is_new: bool, initiator: Initiator
) -> bool:
    """Whether the card holder's bank is asked before this payment."""
    if instrument.kind != InstrumentKind.CARD or initiator not in PRESENT:
        return False
    return integration.threeds == ThreeDS.ALWAYS or (integration.threeds == ThreeDS.NEW_CARDS and is_new)


def exemption_claimed(*, integration: Integration, instrument: Instrument, initiator: Initiator) -> str:
    """The reason a buyer's card payment that nobody is asked about tells the bank, if the integration has one."""
    present = instrument.kind == InstrumentKind.CARD and initiator in PRESENT
    return integration.threeds_exemption if present else ""


def authentication_open(
    *, payment: Payment, instrument: Instrument, then: Action, now: datetime, exemption: str = ""
) -> Authentication:
    """Note what the bank is asked about, inside the transaction that starts the payment; or what is claimed instead."""
    return Authentication.objects.create(
        payment=payment,
        then=then,
        amount=payment.amount,
        currency=payment.currency,
        token=instrument.token,
        outcome=AuthenticationOutcome.EXEMPT if exemption else AuthenticationOutcome.OPEN,
        exemption=exemption,
        created_at=now,
        expires_at=now + settings.OROPAY_AUTHENTICATION_WITHIN,
        ended_at=now if exemption else None,
    )
