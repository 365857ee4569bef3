"""3-D Secure: which payments the card holder's bank is asked about, before anything is charged."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from oropay.models import (
    AUTHENTICATING,
    PROVEN,
    Action,
    Authentication,
    AuthenticationOutcome,
    ChallengeReason,
    Initiator,
    Instrument,
    InstrumentKind,
    Integration,
    Payment,
    PaymentTransaction,
    ThreeDS,
    TransactionState,
)

PRESENT = frozenset({Initiator.BUYER, Initiator.LINK})
"""Who sits before a browser and can be asked. Staff on behalf (MOTO) and what we start by ourselves never can."""


NOT_ASKED = "111"
"""Result code of a bank that declines because its card holder was not asked: strong customer authentication."""


def wants_authentication(row: PaymentTransaction, *, family: Iterable[PaymentTransaction]) -> bool:
    """Whether a hold or charge was declined for want of an authentication, in a payment where nobody had been asked.

    Then one more payment is worth trying, with one. Where somebody was asked, the same decline is final.
    """
    asked = any(one.action in AUTHENTICATING for one in family if one.payment_id == row.payment_id)
    return row.state == TransactionState.DECLINED and row.result_code == NOT_ASKED and not asked


def authentication_wanted(
    *, integration: Integration, instrument: Instrument, is_new: bool, initiator: Initiator, bank_asks: bool = False
) -> bool:
    """Whether the card holder's bank is asked before this payment. A bank that wants it is asked whatever is set.

    `is_new`: typed in now, or to be asked about as if it were. Any other card is new until its bank has vouched once
    for its holder.
    """
    if instrument.kind != InstrumentKind.CARD or initiator not in PRESENT:
        return False
    if bank_asks or integration.threeds == ThreeDS.ALWAYS:
        return True
    return integration.threeds == ThreeDS.NEW_CARDS and (is_new or not _holder_proven(instrument))


def _holder_proven(card: Instrument) -> bool:
    """Whether the bank of a saved card has vouched for its holder at one of its payments, paid or not.

    What was entered again and joined it since is the same card: so are its payments.
    """
    same = Instrument.objects.order_by().filter(Q(pk=card.pk) | Q(same_as=card.pk))
    return Authentication.objects.filter(payment__instrument__in=same, outcome__in=PROVEN).exists()


def challenge_reason(*, integration: Integration, step_up: bool, bank_asks: bool) -> ChallengeReason:
    """Why the bank is told to question the buyer, the strongest reason first."""
    if bank_asks:
        return ChallengeReason.BANK
    if step_up:
        return ChallengeReason.TRIES
    return ChallengeReason.SETTING if integration.threeds_challenge else ChallengeReason.NONE


def exemption_claimed(*, integration: Integration, instrument: Instrument, initiator: Initiator) -> str:
    """The reason a buyer's card payment that nobody is asked about tells the bank, if the integration has one."""
    present = instrument.kind == InstrumentKind.CARD and initiator in PRESENT
    return integration.threeds_exemption if present else ""


def authentication_open(
    *,
    payment: Payment,
    instrument: Instrument,
    then: Action,
    now: datetime,
    exemption: str = "",
    challenge: ChallengeReason = ChallengeReason.NONE,
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
        challenge_reason=challenge,
        created_at=now,
        expires_at=now + settings.OROPAY_AUTHENTICATION_WITHIN,
        ended_at=now if exemption else None,
    )
